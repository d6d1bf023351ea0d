//! OpenID Connect providers: of which issuers an account's roles may trust the tokens.

use super::tags::{self, Tags};
use super::{Iam, IamError, Page, Paging, keys};
use clock::Timestamp;
use kv::{Snapshot, Transaction, get_record, put_record, range_records};
use names::AccountId;
use serde::{Deserialize, Serialize};

/// Per account.
const PROVIDERS_MAX: usize = 100;
const CLIENT_IDS_MAX: usize = 100;
const THUMBPRINTS_MAX: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcProvider {
    pub account: AccountId,
    /// The issuer, without `https://`.
    pub url: String,
    pub client_ids: Vec<String>,
    /// Of certificates. Kept and shown: keys come from the operator, not from the issuer's server.
    pub thumbprints: Vec<String>,
    pub created: Timestamp,
    pub tags: Tags,
}

impl kv::Record for OidcProvider {
    const KIND: &'static str = "OpenID Connect provider";
    const VERSION: u8 = 1;
}

/// What CreateOpenIDConnectProvider is asked for.
#[derive(Debug, Clone, Default)]
pub struct NewOidcProvider {
    pub url: String,
    pub client_ids: Vec<String>,
    pub thumbprints: Vec<String>,
    pub tags: Vec<(String, String)>,
}

impl OidcProvider {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:oidc-provider/{}", self.account, self.url)
    }
}

impl Iam {
    /// # Errors
    /// `EntityAlreadyExists`; `LimitExceeded`; `Validation` for a URL or thumbprint that is none.
    pub async fn create_oidc_provider(
        &self,
        account: AccountId,
        new: NewOidcProvider,
    ) -> Result<OidcProvider, IamError> {
        let provider = OidcProvider {
            account,
            url: checked_url(&new.url)?,
            client_ids: checked_clients(new.client_ids)?,
            thumbprints: checked_thumbprints(new.thumbprints)?,
            created: self.clock().now(),
            tags: tags::new(new.tags)?,
        };
        let made = provider.clone();
        self.transact(async move |tx: &mut Transaction| {
            let all = keys::providers(&made.account).range();
            let others = range_records::<OidcProvider>(tx, &all, PROVIDERS_MAX).await?;
            if others.iter().any(|(_, other)| other.url == made.url) {
                let message = format!("Provider with url https://{} already exists.", made.url);
                return Err(IamError::EntityAlreadyExists(message));
            }
            if others.len() >= PROVIDERS_MAX {
                let message =
                    format!("Cannot exceed quota for OpenIdConnectProvidersPerAccount: {PROVIDERS_MAX}");
                return Err(IamError::LimitExceeded(message));
            }
            put_record(tx, keys::provider(&made.account, &made.url), &made);
            Ok(())
        })
        .await?;
        Ok(provider)
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn get_oidc_provider(&self, account: AccountId, arn: String) -> Result<OidcProvider, IamError> {
        self.read(async move |from: &Snapshot| load(from, &account, &arn).await).await
    }

    /// In order of their URLs.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list_oidc_providers(&self, account: AccountId) -> Result<Vec<OidcProvider>, IamError> {
        self.read(async move |from: &Snapshot| {
            let all = range_records(from, &keys::providers(&account).range(), PROVIDERS_MAX).await?;
            Ok(all.into_iter().map(|(_, provider)| provider).collect())
        })
        .await
    }

    /// One that is not there is no error.
    ///
    /// # Errors
    /// `NoSuchEntity` for what is no provider of the account at all.
    pub async fn delete_oidc_provider(&self, account: AccountId, arn: String) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            tx.delete(keys::provider(&account, url_of(&account, &arn)?));
            Ok(())
        })
        .await
    }

    /// A client id that is there already is no error.
    ///
    /// # Errors
    /// `NoSuchEntity`; `LimitExceeded`.
    pub async fn add_client_id(&self, account: AccountId, arn: String, id: String) -> Result<(), IamError> {
        self.change_provider(account, arn, move |provider| {
            if !provider.client_ids.contains(&id) {
                provider.client_ids.push(id.clone());
            }
            checked_clients(std::mem::take(&mut provider.client_ids)).map(|ids| provider.client_ids = ids)
        })
        .await
    }

    /// A client id that is not there is no error.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn remove_client_id(
        &self,
        account: AccountId,
        arn: String,
        id: String,
    ) -> Result<(), IamError> {
        self.change_provider(account, arn, move |provider| {
            provider.client_ids.retain(|other| *other != id);
            Ok(())
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity`; `Validation`; `LimitExceeded`.
    pub async fn update_thumbprints(
        &self,
        account: AccountId,
        arn: String,
        thumbprints: Vec<String>,
    ) -> Result<(), IamError> {
        let thumbprints = checked_thumbprints(thumbprints)?;
        self.change_provider(account, arn, move |provider| {
            provider.thumbprints.clone_from(&thumbprints);
            Ok(())
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity`; `InvalidInput` for tags that cannot be; `LimitExceeded` beyond 50.
    pub async fn tag_oidc_provider(
        &self,
        account: AccountId,
        arn: String,
        tags: Vec<(String, String)>,
    ) -> Result<(), IamError> {
        tags::check(&tags)?;
        self.change_provider(account, arn, move |provider| tags::add(&mut provider.tags, tags.clone())).await
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn untag_oidc_provider(
        &self,
        account: AccountId,
        arn: String,
        keys: Vec<String>,
    ) -> Result<(), IamError> {
        self.change_provider(account, arn, move |provider| {
            tags::remove(&mut provider.tags, &keys);
            Ok(())
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn list_oidc_provider_tags(
        &self,
        account: AccountId,
        arn: String,
        paging: Paging,
    ) -> Result<Page<(String, String)>, IamError> {
        let provider = self.get_oidc_provider(account, arn).await?;
        Ok(tags::page_of(&provider.tags, &paging))
    }

    /// The account's provider for an issuer, by the issuer's whole URL.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn provider_of_issuer(
        &self,
        account: &AccountId,
        issuer: &str,
    ) -> Result<Option<OidcProvider>, IamError> {
        let Some(url) = issuer.strip_prefix("https://") else { return Ok(None) };
        let key = keys::provider(account, url);
        self.read(async move |from: &Snapshot| Ok(get_record(from, &key).await?)).await
    }

    async fn change_provider<F>(&self, account: AccountId, arn: String, change: F) -> Result<(), IamError>
    where
        F: Fn(&mut OidcProvider) -> Result<(), IamError> + Send + 'static,
    {
        self.transact(async move |tx: &mut Transaction| {
            let mut provider = load(tx, &account, &arn).await?;
            change(&mut provider)?;
            put_record(tx, keys::provider(&account, &provider.url), &provider);
            Ok(())
        })
        .await
    }
}

async fn load(from: &impl kv::Read, account: &AccountId, arn: &str) -> Result<OidcProvider, IamError> {
    let url = url_of(account, arn)?;
    get_record(from, keys::provider(account, url)).await?.ok_or_else(|| unknown(arn))
}

/// Providers of other accounts are not there.
fn url_of<'a>(account: &AccountId, arn: &'a str) -> Result<&'a str, IamError> {
    arn.strip_prefix(&format!("arn:aws:iam::{account}:oidc-provider/")).ok_or_else(|| unknown(arn))
}

fn unknown(arn: &str) -> IamError {
    IamError::NoSuchEntity(format!("OpenIDConnect Provider not found for arn {arn}"))
}

/// Without `https://`.
fn checked_url(url: &str) -> Result<String, IamError> {
    let invalid = || IamError::Validation("Invalid Open ID Connect Provider URL".to_owned());
    let rest = url.strip_prefix("https://").ok_or_else(invalid)?;
    let host = rest.split('/').next().unwrap_or_default();
    let is_host = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte));
    let is_path = rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@*".contains(&byte));
    if is_host && is_path { Ok(rest.to_owned()) } else { Err(invalid()) }
}

fn checked_clients(mut ids: Vec<String>) -> Result<Vec<String>, IamError> {
    ids.sort();
    ids.dedup();
    if ids.len() > CLIENT_IDS_MAX {
        let message = format!("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {CLIENT_IDS_MAX}");
        return Err(IamError::LimitExceeded(message));
    }
    Ok(ids)
}

fn checked_thumbprints(thumbprints: Vec<String>) -> Result<Vec<String>, IamError> {
    if thumbprints.len() > THUMBPRINTS_MAX {
        return Err(IamError::InvalidInput("Thumbprint list must contain at most 5 entries.".to_owned()));
    }
    let is_sha1 = |text: &String| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(bad) = thumbprints.iter().find(|text| !is_sha1(text)) {
        return Err(IamError::Validation(format!("The thumbprint {bad} is not 40 hexadecimal digits")));
    }
    Ok(thumbprints)
}
