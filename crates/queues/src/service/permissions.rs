//! Statements of a queue's policy, added and removed one by one.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html>

use crate::{QueueId, Queues, QueuesError};
use names::AccountId;
use serde_json::{Value, json};

/// What can be permitted so, beside `*`.
const ACTIONS: [&str; 6] = [
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ReceiveMessage",
    "SendMessage",
];
const STATEMENTS_MAX: usize = 20;
const ACTIONS_MAX: usize = 7;

impl Queues {
    /// # Errors
    /// `NoSuchQueue`, `InvalidParameter`, `OverLimit`; the store fails.
    pub async fn add_permission(
        &self,
        id: QueueId,
        label: String,
        accounts: Vec<String>,
        actions: Vec<String>,
    ) -> Result<(), QueuesError> {
        let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if label.is_empty() || label.len() > 80 || !is_plain {
            return Err(QueuesError::value(
                label,
                "Label",
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
            ));
        }
        if actions.len() > ACTIONS_MAX {
            return Err(QueuesError::OverLimit(format!(
                "{} Actions were found, maximum allowed is {ACTIONS_MAX}.",
                actions.len()
            )));
        }
        let resource = id.arn().to_string();
        let mut principals = Vec::with_capacity(accounts.len());
        for account in &accounts {
            AccountId::parse(account)
                .map_err(|_| QueuesError::value(account, "PrincipalId", "Unable to verify."))?;
            principals.push(format!("arn:aws:iam::{account}:root"));
        }
        if principals.is_empty() {
            return Err(QueuesError::MissingParameter("AWSAccountIds"));
        }
        if actions.is_empty() {
            return Err(QueuesError::MissingParameter("Actions"));
        }
        let mut named = Vec::with_capacity(actions.len());
        for action in &actions {
            if action != "*" && !ACTIONS.contains(&action.as_str()) {
                return Err(QueuesError::value(
                    format!("SQS:{action}"),
                    "ActionName",
                    &format!(
                        "Please refer to the appropriate WSDL for a list of valid actions: {}.",
                        ACTIONS.join(", ")
                    ),
                ));
            }
            named.push(format!("SQS:{action}"));
        }
        let statement = json!({
            "Sid": label,
            "Effect": "Allow",
            "Principal": { "AWS": principals },
            "Action": named,
            "Resource": resource,
        });
        self.change(id, move |record| {
            let mut policy = read(record.settings.policy.as_deref(), &resource)?;
            let statements = statements(&mut policy)?;
            if statements.iter().any(|one| has_label(one, &label)) {
                return Err(QueuesError::value(&label, "Label", "Already exists."));
            }
            if statements.len() >= STATEMENTS_MAX {
                return Err(QueuesError::OverLimit(format!("At most {STATEMENTS_MAX} statements.")));
            }
            statements.push(statement.clone());
            record.settings.policy = Some(policy.to_string());
            Ok(())
        })
        .await
    }

    /// # Errors
    /// `NoSuchQueue`, `InvalidParameter`; the store fails.
    pub async fn remove_permission(&self, id: QueueId, label: String) -> Result<(), QueuesError> {
        let resource = id.arn().to_string();
        self.change(id, move |record| {
            let mut policy = read(record.settings.policy.as_deref(), &resource)?;
            let statements = statements(&mut policy)?;
            let before = statements.len();
            statements.retain(|one| !has_label(one, &label));
            if statements.len() == before {
                return Err(QueuesError::value(&label, "Label", "can't find label on existing policy."));
            }
            let is_empty = statements.is_empty();
            record.settings.policy = (!is_empty).then(|| policy.to_string());
            Ok(())
        })
        .await
    }
}

fn read(text: Option<&str>, resource: &str) -> Result<Value, QueuesError> {
    match text {
        Some(text) => serde_json::from_str(text).map_err(|_| QueuesError::Corrupt("policy")),
        None => Ok(json!({
            "Version": "2012-10-17",
            "Id": format!("{resource}/SQSDefaultPolicy"),
            "Statement": [],
        })),
    }
}

/// A single one may stand without a list around it.
fn statements(policy: &mut Value) -> Result<&mut Vec<Value>, QueuesError> {
    let statements = policy.get_mut("Statement").ok_or(QueuesError::Corrupt("policy"))?;
    if statements.is_object() {
        *statements = Value::Array(vec![statements.take()]);
    }
    statements.as_array_mut().ok_or(QueuesError::Corrupt("policy"))
}

fn has_label(statement: &Value, label: &str) -> bool {
    statement.get("Sid").and_then(Value::as_str) == Some(label)
}
