use crate::TopicsError;
use crate::settings::Settings;
use clock::Timestamp;
use names::{AccountId, Arn, Region, Service};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

const NAME_LEN_MAX: usize = 256;
const FIFO: &str = ".fifo";

/// 1 to 256 letters, digits, hyphens and underscores; a FIFO topic's ends in `.fifo`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicName(String);

impl TopicName {
    /// # Errors
    /// `InvalidParameter`.
    pub fn parse(text: &str) -> Result<TopicName, TopicsError> {
        let stem = text.strip_suffix(FIFO).unwrap_or(text);
        let is_plain = stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if is_plain && !stem.is_empty() && text.len() <= NAME_LEN_MAX {
            return Ok(TopicName(text.to_owned()));
        }
        Err(TopicsError::invalid("Topic Name"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO)
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for TopicName {
    type Error = TopicsError;
    fn try_from(text: String) -> Result<Self, TopicsError> {
        TopicName::parse(&text)
    }
}

impl From<TopicName> for String {
    fn from(name: TopicName) -> String {
        name.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TopicId {
    pub account: AccountId,
    pub region: Region,
    pub name: TopicName,
}

impl TopicId {
    pub fn arn(&self) -> Arn {
        Arn::new(Service::Sns, &self.region, &self.account, self.name.as_str())
    }

    pub fn of_arn(arn: &Arn) -> Option<TopicId> {
        if arn.service != Service::Sns.as_str() {
            return None;
        }
        Some(TopicId {
            account: AccountId::parse(&arn.account).ok()?,
            region: Region::parse(&arn.region).ok()?,
            name: TopicName::parse(&arn.resource).ok()?,
        })
    }

    /// `None` for what is no topic's ARN.
    pub fn parse_arn(text: &str) -> Option<TopicId> {
        TopicId::of_arn(&Arn::parse(text).ok()?)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TopicRecord {
    /// Never the same for two topics: what everything of it is kept under.
    pub number: u64,
    pub created: Timestamp,
    pub(crate) settings: Settings,
    pub tags: BTreeMap<String, String>,
}

impl kv::Record for TopicRecord {
    const KIND: &'static str = "topic";
    const VERSION: u8 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_may_end_in_fifo() {
        for good in ["a", "A-b_9", "orders.fifo", &"x".repeat(256)] {
            assert!(TopicName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".fifo", "a.b", "a b", "ä", &"x".repeat(257), "a:b"] {
            assert!(TopicName::parse(bad).is_err(), "{bad}");
        }
        assert!(TopicName::parse("orders.fifo").unwrap().is_fifo());
    }

    #[test]
    fn an_arn_names_its_topic() {
        let id = TopicId::parse_arn("arn:aws:sns:eu-west-1:000000000000:orders").unwrap();
        assert_eq!(id.arn().to_string(), "arn:aws:sns:eu-west-1:000000000000:orders");
        for none in [
            "arn:aws:sqs:eu-west-1:000000000000:orders",
            "arn:aws:sns:eu-west-1:000000000000:orders:id",
            "orders",
        ] {
            assert!(TopicId::parse_arn(none).is_none(), "{none}");
        }
    }
}
