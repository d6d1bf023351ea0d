//! Where messages go that could not be delivered.
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html>

use crate::{TopicId, TopicsError};
use names::Arn;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Redrive {
    /// The ARN of a queue of the subscription's account and region; of a FIFO queue where the topic is FIFO.
    pub target: String,
}

impl Redrive {
    /// Empty takes it away.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub fn parse(text: &str, topic: &TopicId) -> Result<Option<Redrive>, TopicsError> {
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = |reason: &str| TopicsError::invalid(format!("RedrivePolicy: {reason}"));
        let value: Value = serde_json::from_str(text).map_err(|_| wrong("failed to parse JSON."))?;
        let members = value.as_object().ok_or_else(|| wrong("must be a JSON object."))?;
        if members.is_empty() {
            return Ok(None);
        }
        if members.keys().any(|name| name != "deadLetterTargetArn") {
            return Err(wrong("only deadLetterTargetArn is known."));
        }
        let target = members.get("deadLetterTargetArn").and_then(Value::as_str);
        let target = target.ok_or_else(|| wrong("deadLetterTargetArn is missing."))?;
        let arn = Arn::parse(target).ok().filter(|arn| arn.service == "sqs");
        let arn = arn.ok_or_else(|| wrong("deadLetterTargetArn must be the ARN of an Amazon SQS queue."))?;
        if arn.region != topic.region.as_str() {
            return Err(wrong("deadLetterTargetArn must be of the region of the topic."));
        }
        if topic.name.is_fifo() != arn.resource.ends_with(".fifo") {
            return Err(wrong("deadLetterTargetArn must be a queue of the same type as the topic."));
        }
        Ok(Some(Redrive { target: target.to_owned() }))
    }

    pub fn text(&self) -> String {
        json!({ "deadLetterTargetArn": self.target }).to_string()
    }
}
