use crate::{QueuesError, Settings};
use clock::Timestamp;
use names::{AccountId, Arn, Region, Service};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

const NAME_LEN_MAX: usize = 80;
const FIFO: &str = ".fifo";

/// 1 to 80 letters, digits, hyphens and underscores; a FIFO queue's ends in `.fifo`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueName(String);

impl QueueName {
    /// # Errors
    /// `InvalidParameter`.
    pub fn parse(text: &str) -> Result<QueueName, QueuesError> {
        let stem = text.strip_suffix(FIFO).unwrap_or(text);
        let is_plain = stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if is_plain && !stem.is_empty() && text.len() <= NAME_LEN_MAX {
            return Ok(QueueName(text.to_owned()));
        }
        Err(QueuesError::InvalidParameter(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length".to_owned(),
        ))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO)
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueId {
    pub account: AccountId,
    pub region: Region,
    pub name: QueueName,
}

impl QueueId {
    pub fn arn(&self) -> Arn {
        Arn::new(Service::Sqs, &self.region, &self.account, self.name.as_str())
    }

    pub fn of_arn(arn: &Arn) -> Option<QueueId> {
        if arn.service != Service::Sqs.as_str() {
            return None;
        }
        Some(QueueId {
            account: AccountId::parse(&arn.account).ok()?,
            region: Region::parse(&arn.region).ok()?,
            name: QueueName::parse(&arn.resource).ok()?,
        })
    }

    /// `None` for what is no queue's ARN.
    pub fn parse_arn(text: &str) -> Option<QueueId> {
        QueueId::of_arn(&Arn::parse(text).ok()?)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueRecord {
    /// Never the same for two queues: what receipts are bound to.
    pub identity: u64,
    /// What its messages are kept under; another one after a purge.
    pub number: u64,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub purged: Option<Timestamp>,
    pub settings: Settings,
    pub tags: BTreeMap<String, String>,
}

impl kv::Record for QueueRecord {
    const KIND: &'static str = "queue";
    const VERSION: u8 = 1;
}
