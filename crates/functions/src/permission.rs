use crate::configuration::check_revision;
use crate::{FunctionId, Functions, FunctionsError, keys, lookup};
use kv::{KvError, Read, Record, Snapshot, Transaction};
use names::{AccountId, Qualifier};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Who else may use a function (or one version or alias): its resource policy.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PolicyRecord {
    pub statements: Vec<Statement>,
    pub revision_id: String,
}

impl Record for PolicyRecord {
    const KIND: &'static str = "resource policy";
    const VERSION: u8 = 1;
}

/// One permission as AddPermission gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub sid: String,
    /// `lambda:InvokeFunction`, `lambda:InvokeFunctionUrl`, `lambda:*` and the like.
    pub action: String,
    /// `s3.amazonaws.com`, an account id, the ARN of a principal, or `*`.
    pub principal: String,
    /// May hold `*` and `?`.
    pub source_arn: Option<String>,
    pub source_account: Option<String>,
    pub function_url_auth_type: Option<String>,
    pub invoked_via_function_url: Option<bool>,
}

/// What a caller that is no principal of the account wants to do.
#[derive(Debug, Clone, Default)]
pub struct Use<'a> {
    /// Without `lambda:`.
    pub action: &'a str,
    /// A service such as `s3.amazonaws.com`; `None` for anybody.
    pub service: Option<&'a str>,
    pub source_arn: Option<&'a str>,
    pub source_account: Option<&'a AccountId>,
    /// `NONE` or `AWS_IAM` for calls through a function URL.
    pub function_url_auth_type: Option<&'a str>,
}

/// Of the policy as JSON.
const POLICY_BYTES_MAX: usize = 20 * 1024;

impl Statement {
    /// Whether this statement allows `wanted`. A condition on a fact that the use does not have fails.
    pub fn allows(&self, wanted: &Use<'_>) -> bool {
        let action = self.action == "*"
            || self.action.strip_prefix("lambda:").is_some_and(|action| like(action, wanted.action));
        let principal = match wanted.service {
            Some(service) => self.principal == service || self.principal == "*",
            None => self.principal == "*",
        };
        action
            && principal
            && self
                .source_arn
                .as_deref()
                .is_none_or(|pattern| wanted.source_arn.is_some_and(|arn| like(pattern, arn)))
            && self
                .source_account
                .as_deref()
                .is_none_or(|account| wanted.source_account.is_some_and(|asked| asked.as_str() == account))
            && self
                .function_url_auth_type
                .as_deref()
                .is_none_or(|kind| wanted.function_url_auth_type == Some(kind))
            && self.invoked_via_function_url.is_none_or(|via| via == wanted.function_url_auth_type.is_some())
    }

    /// The statement as policies spell it.
    pub fn to_json(&self, resource: &str) -> Value {
        let principal = if self.principal == "*" {
            json!("*")
        } else if self.principal.ends_with(".amazonaws.com") {
            json!({ "Service": self.principal })
        } else if AccountId::parse(&self.principal).is_ok() {
            json!({ "AWS": format!("arn:aws:iam::{}:root", self.principal) })
        } else {
            json!({ "AWS": self.principal })
        };
        let mut statement = json!({
            "Sid": self.sid,
            "Effect": "Allow",
            "Principal": principal,
            "Action": self.action,
            "Resource": resource,
        });
        let mut equals = serde_json::Map::new();
        if let Some(account) = &self.source_account {
            equals.insert("AWS:SourceAccount".to_owned(), json!(account));
        }
        if let Some(kind) = &self.function_url_auth_type {
            equals.insert("lambda:FunctionUrlAuthType".to_owned(), json!(kind));
        }
        let mut condition = serde_json::Map::new();
        if !equals.is_empty() {
            condition.insert("StringEquals".to_owned(), Value::Object(equals));
        }
        if let Some(arn) = &self.source_arn {
            condition.insert("ArnLike".to_owned(), json!({ "AWS:SourceArn": arn }));
        }
        if let Some(via) = self.invoked_via_function_url {
            condition.insert("Bool".to_owned(), json!({ "lambda:InvokedViaFunctionUrl": via.to_string() }));
        }
        if !condition.is_empty()
            && let Some(statement) = statement.as_object_mut()
        {
            statement.insert("Condition".to_owned(), Value::Object(condition));
        }
        statement
    }
}

impl PolicyRecord {
    /// The whole policy document.
    pub fn to_json(&self, resource: &str) -> Value {
        let statements: Vec<Value> =
            self.statements.iter().map(|statement| statement.to_json(resource)).collect();
        json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements })
    }

    pub fn allows(&self, wanted: &Use<'_>) -> bool {
        self.statements.iter().any(|statement| statement.allows(wanted))
    }
}

impl Functions {
    /// Returns the statement as JSON.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the statement id is taken; `Precondition`; `PolicyTooLong` (20 KiB).
    pub async fn add_permission(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
        statement: Statement,
        revision_id: Option<String>,
    ) -> Result<String, FunctionsError> {
        check(&statement)?;
        let revision = self.clock.uuid();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                lookup::check_target(tx, &id, qualifier.as_ref()).await?;
                let key = keys::policy(&id, &lookup::qualifier_text(qualifier.as_ref()));
                let mut policy: PolicyRecord = kv::get_record(tx, &key).await?.unwrap_or_default();
                check_revision(revision_id.as_deref(), &policy.revision_id)?;
                if policy.statements.iter().any(|other| other.sid == statement.sid) {
                    return Err(FunctionsError::Conflict(format!(
                        "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
                        statement.sid
                    )));
                }
                policy.statements.push(statement.clone());
                policy.revision_id.clone_from(&revision);
                let resource = id.arn_with(qualifier.as_ref()).to_string();
                if policy.to_json(&resource).to_string().len() > POLICY_BYTES_MAX {
                    return Err(FunctionsError::PolicyTooLong(format!(
                        "The final policy size is bigger than the limit ({POLICY_BYTES_MAX})."
                    )));
                }
                kv::put_record(tx, key, &policy);
                Ok(statement.to_json(&resource).to_string())
            })
            .await
    }

    /// # Errors
    /// `NotFound` for the function, the policy or the statement; `Precondition`.
    pub async fn remove_permission(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
        sid: String,
        revision_id: Option<String>,
    ) -> Result<(), FunctionsError> {
        let revision = self.clock.uuid();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                lookup::check_target(tx, &id, qualifier.as_ref()).await?;
                let key = keys::policy(&id, &lookup::qualifier_text(qualifier.as_ref()));
                let mut policy: PolicyRecord = kv::get_record(tx, &key).await?.ok_or_else(no_policy)?;
                check_revision(revision_id.as_deref(), &policy.revision_id)?;
                let before = policy.statements.len();
                policy.statements.retain(|statement| statement.sid != sid);
                if policy.statements.len() == before {
                    return Err(FunctionsError::NotFound(format!(
                        "Statement {sid} is not found in resource policy."
                    )));
                }
                if policy.statements.is_empty() {
                    tx.delete(key);
                } else {
                    policy.revision_id.clone_from(&revision);
                    kv::put_record(tx, key, &policy);
                }
                Ok(())
            })
            .await
    }

    /// # Errors
    /// `NotFound` for the function, or when it has no policy.
    pub async fn get_policy(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
    ) -> Result<PolicyRecord, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                lookup::check_target(snapshot, &id, qualifier.as_ref()).await?;
                policy(snapshot, &id, qualifier.as_ref()).await?.ok_or_else(no_policy)
            })
            .await
    }
}

/// Whether the resource policy of exactly this qualifier lets a stranger do what is `wanted`, as the
/// caller's transaction sees it. Without a function or a policy, nobody may do anything.
///
/// # Errors
/// The store failed.
pub async fn allows(
    from: &impl Read,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
    wanted: &Use<'_>,
) -> Result<bool, KvError> {
    let key = keys::policy(id, &lookup::qualifier_text(qualifier));
    let policy: Option<PolicyRecord> = kv::get_record(from, key).await?;
    Ok(policy.is_some_and(|policy| policy.allows(wanted)))
}

/// The policy of exactly this qualifier.
pub(crate) async fn policy(
    from: &impl Read,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
) -> Result<Option<PolicyRecord>, FunctionsError> {
    Ok(kv::get_record(from, keys::policy(id, &lookup::qualifier_text(qualifier))).await?)
}

fn no_policy() -> FunctionsError {
    FunctionsError::not_found("The resource you requested does not exist.")
}

fn check(statement: &Statement) -> Result<(), FunctionsError> {
    if statement.principal.is_empty() {
        return Err(FunctionsError::invalid("Principal must not be empty"));
    }
    if let Some(account) = &statement.source_account {
        AccountId::parse(account).map_err(|error| FunctionsError::invalid(error.to_string()))?;
    }
    let url_only = statement.function_url_auth_type.is_some();
    if url_only && statement.action != "lambda:InvokeFunctionUrl" {
        return Err(FunctionsError::invalid(
            "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action",
        ));
    }
    if statement.action == "lambda:InvokeFunctionUrl" && !url_only {
        return Err(FunctionsError::invalid(
            "FunctionUrlAuthType is required for lambda:InvokeFunctionUrl action",
        ));
    }
    Ok(())
}

/// Whether `text` matches `pattern`, in which `*` stands for any characters and `?` for one.
/// Takes at most `pattern × text` steps.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on when a literal does not match: after the last `*`, one character further.
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || text.get(t) == Some(&byte) => {
                p += 1;
                t += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_policies_mean_them() {
        for (pattern, text, expected) in [
            ("arn:aws:s3:::photos", "arn:aws:s3:::photos", true),
            ("arn:aws:s3:::*", "arn:aws:s3:::photos", true),
            ("arn:aws:s3:::p?otos", "arn:aws:s3:::photos", true),
            ("arn:aws:s3:::photo", "arn:aws:s3:::photos", false),
            ("*a*b", "xaxxb", true),
            ("*a*b", "xaxxbc", false),
            ("", "", true),
            ("**", "", true),
        ] {
            assert_eq!(like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_statement_allows_what_it_says_and_no_more() {
        let account = AccountId::root();
        let statement = Statement {
            sid: "s3".to_owned(),
            action: "lambda:InvokeFunction".to_owned(),
            principal: "s3.amazonaws.com".to_owned(),
            source_arn: Some("arn:aws:s3:::photos".to_owned()),
            source_account: Some(account.to_string()),
            function_url_auth_type: None,
            invoked_via_function_url: None,
        };
        let wanted = Use {
            action: "InvokeFunction",
            service: Some("s3.amazonaws.com"),
            source_arn: Some("arn:aws:s3:::photos"),
            source_account: Some(&account),
            function_url_auth_type: None,
        };
        assert!(statement.allows(&wanted));
        assert!(!statement.allows(&Use { action: "InvokeFunctionUrl", ..wanted.clone() }));
        assert!(!statement.allows(&Use { service: Some("sns.amazonaws.com"), ..wanted.clone() }));
        assert!(!statement.allows(&Use { service: None, ..wanted.clone() }));
        assert!(!statement.allows(&Use { source_arn: Some("arn:aws:s3:::other"), ..wanted.clone() }));
        assert!(!statement.allows(&Use { source_arn: None, ..wanted.clone() }));
        assert!(!statement.allows(&Use { source_account: None, ..wanted }));
    }
}
