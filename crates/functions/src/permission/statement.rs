use crate::FunctionsError;
use access::policy::{PolicyDocument, PolicyKind};
use names::AccountId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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

impl Statement {
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

    /// # Errors
    /// `Invalid`: what cannot be, or is no statement of a policy.
    pub(crate) fn check(&self) -> Result<(), FunctionsError> {
        if let Some(account) = &self.source_account {
            AccountId::parse(account).map_err(|error| FunctionsError::invalid(error.to_string()))?;
        }
        let url_only = self.function_url_auth_type.is_some();
        if url_only && self.action != "lambda:InvokeFunctionUrl" {
            return Err(FunctionsError::invalid(
                "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action",
            ));
        }
        if self.action == "lambda:InvokeFunctionUrl" && !url_only {
            return Err(FunctionsError::invalid(
                "FunctionUrlAuthType is required for lambda:InvokeFunctionUrl action",
            ));
        }
        self.read("*").map(|_| ()).ok_or_else(|| {
            // The model has looked at everything else.
            FunctionsError::invalid(
                "The provided principal was invalid. Please check the principal and try again.",
            )
        })
    }

    /// A policy of this statement alone; `None` where it is none.
    pub(super) fn read(&self, resource: &str) -> Option<PolicyDocument> {
        let policy = json!({ "Version": "2012-10-17", "Statement": self.to_json(resource) });
        PolicyDocument::parse(&policy.to_string(), PolicyKind::Resource).ok()
    }
}
