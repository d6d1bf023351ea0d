//! Where messages go that nobody could process, and whose a queue takes.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>

use crate::{QueueId, QueuesError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const RECEIVES_MAX: u64 = 1000;
const SOURCES_MAX: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The ARN of a queue of the same account and region.
    pub target: String,
    /// A message that was received so often goes there instead of being received once more.
    pub receives_max: u32,
}

impl Redrive {
    /// # Errors
    /// `InvalidParameter`.
    pub(crate) fn parse(text: &str) -> Result<Option<Redrive>, QueuesError> {
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = |reason: &str| QueuesError::value(text, "RedrivePolicy", reason);
        let value: Value =
            serde_json::from_str(text).map_err(|_| wrong("Redrive policy is not a valid JSON map."))?;
        let members = value.as_object().ok_or_else(|| wrong("Redrive policy is not a valid JSON map."))?;
        let target = members.get("deadLetterTargetArn").and_then(Value::as_str).ok_or_else(|| {
            wrong("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
        })?;
        let most = members
            .get("maxReceiveCount")
            .ok_or_else(|| wrong("Redrive policy does not contain mandatory attribute: maxReceiveCount."))?;
        let most = most.as_u64().or_else(|| most.as_str().and_then(|text| text.parse().ok()));
        let most = most.filter(|most| (1..=RECEIVES_MAX).contains(most)).ok_or_else(|| {
            wrong("Invalid value for maxReceiveCount: it must be an integer from 1 to 1000.")
        })?;
        if members.keys().any(|name| name != "deadLetterTargetArn" && name != "maxReceiveCount") {
            return Err(wrong(
                "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].",
            ));
        }
        QueueId::parse_arn(target).ok_or_else(|| wrong("Invalid value for deadLetterTargetArn."))?;
        Ok(Some(Redrive { target: target.to_owned(), receives_max: most as u32 }))
    }

    pub(crate) fn target_id(&self) -> Option<QueueId> {
        QueueId::parse_arn(&self.target)
    }

    pub(crate) fn text(&self) -> String {
        json!({ "deadLetterTargetArn": self.target, "maxReceiveCount": self.receives_max }).to_string()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RedriveAllow {
    All,
    None,
    /// Their ARNs.
    Only(Vec<String>),
}

impl RedriveAllow {
    /// # Errors
    /// `InvalidParameter`.
    pub(crate) fn parse(text: &str) -> Result<Option<RedriveAllow>, QueuesError> {
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = |reason: &str| QueuesError::value(text, "RedriveAllowPolicy", reason);
        let value: Value =
            serde_json::from_str(text).map_err(|_| wrong("Redrive allow policy is not a valid JSON map."))?;
        let sources = value.get("sourceQueueArns");
        let allow = match (value.get("redrivePermission").and_then(Value::as_str), sources) {
            (Some("allowAll"), None) => RedriveAllow::All,
            (Some("denyAll"), None) => RedriveAllow::None,
            (Some("byQueue"), Some(Value::Array(sources))) if (1..=SOURCES_MAX).contains(&sources.len()) => {
                let arns = sources.iter().map(|arn| {
                    let arn = arn.as_str().filter(|arn| QueueId::parse_arn(arn).is_some());
                    arn.map(str::to_owned).ok_or_else(|| wrong("A source is not the ARN of a queue."))
                });
                RedriveAllow::Only(arns.collect::<Result<_, _>>()?)
            }
            _ => {
                return Err(wrong(
                    "It needs a redrivePermission of allowAll, denyAll, or byQueue with 1 to 10 sourceQueueArns.",
                ));
            }
        };
        Ok(Some(allow))
    }

    pub(crate) fn allows(&self, source: &QueueId) -> bool {
        match self {
            RedriveAllow::All => true,
            RedriveAllow::None => false,
            RedriveAllow::Only(arns) => arns.contains(&source.arn().to_string()),
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            RedriveAllow::All => json!({ "redrivePermission": "allowAll" }),
            RedriveAllow::None => json!({ "redrivePermission": "denyAll" }),
            RedriveAllow::Only(arns) => json!({ "redrivePermission": "byQueue", "sourceQueueArns": arns }),
        }
        .to_string()
    }
}
