use crate::pages::{self, Page};
use crate::permission::Use;
use crate::{FunctionId, Functions, FunctionsError, keys, lookup};
use clock::Timestamp;
use kv::{Record, Snapshot, Transaction};
use names::{Keyspace, Qualifier};
use serde::{Deserialize, Serialize};

/// A function's own HTTP address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UrlRecord {
    /// The first label of its host name: 32 of `a-z2-7`.
    pub url_id: String,
    pub auth: UrlAuth,
    /// Records from before there was a choice have none.
    #[serde(default)]
    pub invoke_mode: InvokeMode,
    pub cors: Option<Cors>,
    pub created: Timestamp,
    pub modified: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UrlAuth {
    /// Anybody whom the resource policy lets in.
    Public,
    /// Only signed requests.
    Iam,
}

/// How an answer reaches whoever asks the URL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvokeMode {
    /// Whole, when it is complete.
    #[default]
    Buffered,
    /// As the function writes it.
    Streamed,
}

/// What browsers on other sites may do with the URL; members as the Fetch standard's headers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    pub allow_credentials: bool,
    pub allow_headers: Vec<String>,
    pub allow_methods: Vec<String>,
    pub allow_origins: Vec<String>,
    pub expose_headers: Vec<String>,
    /// 0–86,400.
    pub max_age_s: Option<u32>,
}

/// Whose a URL is: the reverse of the key of `UrlRecord`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct UrlOwner {
    id: FunctionId,
    /// An alias, or empty for the function itself.
    qualifier: String,
}

impl Record for UrlRecord {
    const KIND: &'static str = "function URL";
    const VERSION: u8 = 1;
}

impl Record for UrlOwner {
    const KIND: &'static str = "owner of a function URL";
    const VERSION: u8 = 1;
}

/// A function URL with what it leads to.
#[derive(Debug, Clone)]
pub struct UrlTarget {
    pub id: FunctionId,
    /// An alias, if the URL is one's.
    pub qualifier: Option<Qualifier>,
    pub url: UrlRecord,
    /// Whether the resource policy lets anybody in.
    pub public: bool,
}

impl UrlAuth {
    pub fn as_str(self) -> &'static str {
        match self {
            UrlAuth::Public => "NONE",
            UrlAuth::Iam => "AWS_IAM",
        }
    }
}

impl InvokeMode {
    pub fn as_str(self) -> &'static str {
        match self {
            InvokeMode::Buffered => "BUFFERED",
            InvokeMode::Streamed => "RESPONSE_STREAM",
        }
    }
}

impl Functions {
    /// # Errors
    /// `NotFound`; `Conflict` when there is one; `Invalid` for a version as qualifier.
    pub async fn create_function_url(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
        auth: UrlAuth,
        invoke_mode: InvokeMode,
        cors: Option<Cors>,
    ) -> Result<UrlRecord, FunctionsError> {
        let qualifier = alias_text(qualifier)?;
        let (url_id, now) = (self.clock.random_token(32), self.clock.now());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                check_target(tx, &id, &qualifier).await?;
                let key = keys::url(&id, &qualifier);
                if kv::Read::get(tx, &key).await?.is_some() {
                    return Err(FunctionsError::Conflict(format!(
                        "Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig exists for this Lambda function",
                        id.arn()
                    )));
                }
                let url = UrlRecord {
                    url_id: url_id.clone(),
                    auth,
                    invoke_mode,
                    cors: cors.clone(),
                    created: now,
                    modified: now,
                };
                let owner = UrlOwner { id: id.clone(), qualifier: qualifier.clone() };
                kv::put_record(tx, keys::url_id(&url_id), &owner);
                kv::put_record(tx, key, &url);
                Ok(url)
            })
            .await
    }

    /// What is `None` stays as it is; a CORS setting without members takes it away.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn update_function_url(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
        auth: Option<UrlAuth>,
        invoke_mode: Option<InvokeMode>,
        cors: Option<Cors>,
    ) -> Result<UrlRecord, FunctionsError> {
        let qualifier = alias_text(qualifier)?;
        let now = self.clock.now();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let key = keys::url(&id, &qualifier);
                let mut url: UrlRecord = kv::get_record(tx, &key).await?.ok_or_else(missing)?;
                if let Some(auth) = auth {
                    url.auth = auth;
                }
                if let Some(invoke_mode) = invoke_mode {
                    url.invoke_mode = invoke_mode;
                }
                if let Some(cors) = &cors {
                    url.cors = (*cors != Cors::default()).then(|| cors.clone());
                }
                url.modified = now;
                kv::put_record(tx, key, &url);
                Ok(url)
            })
            .await
    }

    /// # Errors
    /// `NotFound`.
    pub async fn get_function_url(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
    ) -> Result<UrlRecord, FunctionsError> {
        let qualifier = alias_text(qualifier)?;
        kv::get_record(&self.kv, keys::url(&id, &qualifier)).await?.ok_or_else(missing)
    }

    /// # Errors
    /// `NotFound`.
    pub async fn delete_function_url(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
    ) -> Result<(), FunctionsError> {
        let qualifier = alias_text(qualifier)?;
        self.kv
            .transact(
                async move |tx: &mut Transaction| {
                    if remove(tx, &id, &qualifier).await? { Ok(()) } else { Err(missing()) }
                },
            )
            .await
    }

    /// With the alias of each, empty for the function itself.
    ///
    /// # Errors
    /// `NotFound` for the function.
    pub async fn list_function_urls(
        &self,
        id: FunctionId,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<(String, UrlRecord)>, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                lookup::function(snapshot, &id).await?;
                let prefix = keys::of(Keyspace::FunctionUrl, &id);
                pages::by_text(snapshot, &prefix, marker.as_deref(), max).await
            })
            .await
    }

    /// What a request to a URL leads to.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn find_url(&self, url_id: String) -> Result<UrlTarget, FunctionsError> {
        let mut target = self
            .kv
            .read(async move |snapshot: &Snapshot| {
                let owner: UrlOwner =
                    kv::get_record(snapshot, keys::url_id(&url_id)).await?.ok_or_else(missing)?;
                let url: UrlRecord = kv::get_record(snapshot, keys::url(&owner.id, &owner.qualifier))
                    .await?
                    .ok_or_else(missing)?;
                let qualifier =
                    (!owner.qualifier.is_empty()).then(|| Qualifier::Alias(owner.qualifier.clone()));
                Ok::<_, FunctionsError>(UrlTarget { id: owner.id, qualifier, url, public: false })
            })
            .await?;
        let arn = target.id.arn_with(target.qualifier.as_ref());
        let wanted = Use {
            action: "InvokeFunctionUrl",
            function_url_auth_type: Some(UrlAuth::Public.as_str()),
            ..Use::default()
        };
        let policy = self.resource_policy(&arn).await?;
        target.public = policy.is_some_and(|policy| wanted.is_allowed(&policy, &arn));
        Ok(target)
    }
}

/// Removes a URL from both its records; tells whether it was there.
pub(crate) async fn remove(
    tx: &mut Transaction,
    id: &FunctionId,
    qualifier: &str,
) -> Result<bool, FunctionsError> {
    let key = keys::url(id, qualifier);
    let Some(url) = kv::get_record::<UrlRecord>(tx, &key).await? else {
        return Ok(false);
    };
    tx.delete(keys::url_id(&url.url_id));
    tx.delete(key);
    Ok(true)
}

/// URLs belong to the function itself or to an alias.
fn alias_text(qualifier: Option<Qualifier>) -> Result<String, FunctionsError> {
    match qualifier {
        None => Ok(String::new()),
        Some(Qualifier::Alias(alias)) => Ok(alias),
        Some(other) => Err(FunctionsError::Invalid(format!(
            "A function URL belongs to a function or an alias, not to version {other}."
        ))),
    }
}

async fn check_target(tx: &Transaction, id: &FunctionId, alias: &str) -> Result<(), FunctionsError> {
    let qualifier = (!alias.is_empty()).then(|| Qualifier::Alias(alias.to_owned()));
    lookup::check_target(tx, id, qualifier.as_ref()).await
}

fn missing() -> FunctionsError {
    FunctionsError::not_found("The resource you requested does not exist.")
}
