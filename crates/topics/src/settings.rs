//! A topic's attributes, as callers write and read them.
//! <https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html>

use crate::{TopicId, TopicsError};
use access::policy::{PolicyDocument, PolicyKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const POLICY_BYTES_MAX: usize = 30_720;
const DISPLAY_NAME_CHARS_MAX: usize = 100;

type Given = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub display_name: String,
    /// As it was given; `None` is the one that every topic begins with.
    pub policy: Option<String>,
    pub is_fifo: bool,
    pub deduplicates_by_content: bool,
    /// Deduplication ids are told apart by message groups.
    pub deduplicates_by_group: bool,
    /// 1 (SHA-1) or 2 (SHA-256).
    pub signature_version: u8,
}

impl Settings {
    /// # Errors
    /// `InvalidParameter`, `NotHonoured`.
    pub fn new(id: &TopicId, given: &Given) -> Result<Settings, TopicsError> {
        let is_fifo = match given.get("FifoTopic") {
            None => false,
            Some(value) => truth("FifoTopic", value)?,
        };
        if is_fifo && !id.name.is_fifo() {
            return Err(TopicsError::invalid(
                "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII \
                 letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.",
            ));
        }
        if !is_fifo && id.name.is_fifo() {
            return Err(TopicsError::invalid("Topic Name"));
        }
        let mut settings = Settings {
            display_name: String::new(),
            policy: None,
            is_fifo,
            deduplicates_by_content: false,
            deduplicates_by_group: false,
            signature_version: 1,
        };
        for (name, value) in given.iter().filter(|(name, _)| *name != "FifoTopic") {
            settings.set(name, value).map_err(|error| match error {
                TopicsError::InvalidParameter(what) => TopicsError::reason("Attributes", what),
                other => other,
            })?;
        }
        Ok(settings)
    }

    /// # Errors
    /// `InvalidParameter`, `NotHonoured`.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), TopicsError> {
        match name {
            "DisplayName" => {
                if value.chars().count() > DISPLAY_NAME_CHARS_MAX || value.chars().any(char::is_control) {
                    return Err(TopicsError::invalid("DisplayName"));
                }
                value.clone_into(&mut self.display_name);
            }
            "Policy" => self.policy = policy(value)?,
            "ContentBasedDeduplication" => {
                self.only_fifo(name)?;
                self.deduplicates_by_content = truth(name, value)?;
            }
            "FifoThroughputScope" => {
                self.only_fifo(name)?;
                self.deduplicates_by_group = match value {
                    "Topic" => false,
                    "MessageGroup" => true,
                    _ => return Err(TopicsError::invalid(name)),
                };
            }
            "SignatureVersion" => {
                self.signature_version = match value {
                    "1" => 1,
                    "2" => 2,
                    _ => return Err(TopicsError::invalid("SignatureVersion")),
                };
            }
            // Traces are passed on as they came; nothing here samples any.
            "TracingConfig" if value == "PassThrough" => {}
            "TracingConfig" => return Err(not_here(name, "traces are passed on, and recorded by nobody")),
            "KmsMasterKeyId" if value.is_empty() => {}
            "KmsMasterKeyId" => return Err(not_here(name, "there is no service that keeps keys")),
            "DeliveryPolicy" if value.is_empty() => {}
            "DeliveryPolicy" => {
                return Err(not_here(name, "it is for HTTP endpoints, which are not there yet"));
            }
            "ArchivePolicy" if value.is_empty() => {}
            "ArchivePolicy" => return Err(not_here(name, "messages are not archived")),
            _ if is_feedback(name) => return Err(not_here(name, "there is no service that keeps logs")),
            _ => return Err(TopicsError::invalid("AttributeName")),
        }
        Ok(())
    }

    fn only_fifo(&self, name: &str) -> Result<(), TopicsError> {
        match self.is_fifo {
            true => Ok(()),
            false => Err(TopicsError::reason(name, "The attribute is not supported for standard topics")),
        }
    }

    /// Those that are kept, by name.
    pub fn shown(&self, id: &TopicId) -> BTreeMap<String, String> {
        let mut shown = BTreeMap::new();
        let mut put = |name: &str, value: String| shown.insert(name.to_owned(), value);
        put("DisplayName", self.display_name.clone());
        put("Policy", self.policy_text(id));
        put("SignatureVersion", self.signature_version.to_string());
        put("TracingConfig", "PassThrough".to_owned());
        if self.is_fifo {
            put("FifoTopic", "true".to_owned());
            put("ContentBasedDeduplication", self.deduplicates_by_content.to_string());
            let scope = if self.deduplicates_by_group { "MessageGroup" } else { "Topic" };
            put("FifoThroughputScope", scope.to_owned());
        }
        shown
    }

    pub fn policy_text(&self, id: &TopicId) -> String {
        self.policy.clone().unwrap_or_else(|| default_policy(id).to_string())
    }
}

fn is_feedback(name: &str) -> bool {
    ["SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

fn not_here(name: &str, why: &'static str) -> TopicsError {
    TopicsError::NotHonoured(name.to_owned(), why)
}

pub(crate) fn truth(name: &str, value: &str) -> Result<bool, TopicsError> {
    value.to_ascii_lowercase().parse().map_err(|_| TopicsError::reason(name, "must be a true or false"))
}

/// What a topic has until it is given another one: its own account's services may use it
/// (<https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>).
pub(crate) fn default_policy(id: &TopicId) -> Value {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": [
                "SNS:GetTopicAttributes",
                "SNS:SetTopicAttributes",
                "SNS:AddPermission",
                "SNS:RemovePermission",
                "SNS:DeleteTopic",
                "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic",
                "SNS:Publish",
            ],
            "Resource": id.arn().to_string(),
            "Condition": { "StringEquals": { "AWS:SourceOwner": id.account } },
        }],
    })
}

/// Empty takes the topic back to the policy that it began with.
fn policy(text: &str) -> Result<Option<String>, TopicsError> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > POLICY_BYTES_MAX {
        return Err(TopicsError::invalid(format!("Policy is longer than {POLICY_BYTES_MAX} bytes")));
    }
    read_policy(text)?;
    let document: Value =
        serde_json::from_str(text).map_err(|_| TopicsError::invalid("Policy Error: null"))?;
    let statements = match document.get("Statement") {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let actions = statements.iter().filter_map(|statement| statement.get("Action"));
    let actions = actions.flat_map(|action| match action {
        Value::Array(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    });
    let is_ours = |action: &str| action.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("sns:"));
    if actions.filter_map(Value::as_str).any(|action| !is_ours(action)) {
        return Err(TopicsError::invalid("Policy statement action out of service scope!"));
    }
    Ok(Some(text.to_owned()))
}

/// # Errors
/// `InvalidParameter`.
pub(crate) fn read_policy(text: &str) -> Result<PolicyDocument, TopicsError> {
    PolicyDocument::parse(text, PolicyKind::Resource)
        .map_err(|error| TopicsError::invalid(format!("Policy Error: {}", error.message())))
}
