//! Statements of a topic's policy, added and removed one by one.
//! <https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html>

use crate::{TopicId, Topics, TopicsError};
use names::AccountId;
use serde_json::{Value, json};

/// What can be permitted so.
const ACTIONS: [&str; 9] = [
    "AddPermission",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "ListTagsForResource",
    "Publish",
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
];
const LABEL_LEN_MAX: usize = 80;
const STATEMENTS_MAX: usize = 20;

impl Topics {
    /// # Errors
    /// `NoSuchTopic`, `InvalidParameter`; the store fails.
    pub async fn add_permission(
        &self,
        id: TopicId,
        label: String,
        accounts: Vec<String>,
        actions: Vec<String>,
    ) -> Result<(), TopicsError> {
        let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if label.is_empty() || label.len() > LABEL_LEN_MAX || !is_plain {
            return Err(TopicsError::invalid("Label"));
        }
        if accounts.is_empty() || accounts.iter().any(|account| AccountId::parse(account).is_err()) {
            return Err(TopicsError::invalid("AWSAccountId"));
        }
        if actions.is_empty() || actions.iter().any(|action| !ACTIONS.contains(&action.as_str())) {
            return Err(TopicsError::invalid("Policy statement action out of service scope!"));
        }
        let principals: Vec<_> =
            accounts.iter().map(|account| format!("arn:aws:iam::{account}:root")).collect();
        let named: Vec<_> = actions.iter().map(|action| format!("SNS:{action}")).collect();
        let statement = json!({
            "Sid": label,
            "Effect": "Allow",
            "Principal": { "AWS": principals },
            "Action": named,
            "Resource": id.arn().to_string(),
        });
        let of = id.clone();
        self.change(id, move |record| {
            let mut policy = read(&record.settings.policy_text(&of))?;
            let statements = statements(&mut policy)?;
            if statements.iter().any(|one| has_label(one, &label)) {
                return Err(TopicsError::invalid("Statement already exists"));
            }
            if statements.len() >= STATEMENTS_MAX {
                return Err(TopicsError::invalid(format!(
                    "A policy has at most {STATEMENTS_MAX} statements"
                )));
            }
            statements.push(statement.clone());
            record.settings.set("Policy", &policy.to_string())
        })
        .await
    }

    /// A label that is not there is no error.
    ///
    /// # Errors
    /// `NoSuchTopic`; the store fails.
    pub async fn remove_permission(&self, id: TopicId, label: String) -> Result<(), TopicsError> {
        let of = id.clone();
        self.change(id, move |record| {
            let mut policy = read(&record.settings.policy_text(&of))?;
            let statements = statements(&mut policy)?;
            let before = statements.len();
            statements.retain(|one| !has_label(one, &label));
            if statements.len() != before {
                // Written as it is, since a policy without a statement is none that could be given.
                record.settings.policy = Some(policy.to_string());
            }
            Ok(())
        })
        .await
    }
}

/// Whether a policy that was kept has no statement left.
pub(super) fn is_empty(text: &str) -> Result<bool, TopicsError> {
    Ok(statements(&mut read(text)?)?.is_empty())
}

fn read(text: &str) -> Result<Value, TopicsError> {
    serde_json::from_str(text).map_err(|_| TopicsError::Corrupt("policy"))
}

/// A single one may stand without a list around it.
fn statements(policy: &mut Value) -> Result<&mut Vec<Value>, TopicsError> {
    let statements = policy.get_mut("Statement").ok_or(TopicsError::Corrupt("policy"))?;
    if statements.is_object() {
        *statements = Value::Array(vec![statements.take()]);
    }
    statements.as_array_mut().ok_or(TopicsError::Corrupt("policy"))
}

fn has_label(statement: &Value, label: &str) -> bool {
    statement.get("Sid").and_then(Value::as_str) == Some(label)
}
