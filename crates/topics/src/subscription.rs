use crate::redrive::Redrive;
use crate::subscription_settings::SubscriptionSettings;
use crate::{Filter, TopicId};
use names::{AccountId, Arn};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How messages get to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Sqs,
    Lambda,
}

impl Protocol {
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Sqs => "sqs",
            Protocol::Lambda => "lambda",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId {
    pub topic: TopicId,
    /// A UUID.
    pub id: String,
}

impl SubscriptionId {
    pub fn arn(&self) -> Arn {
        let topic = self.topic.arn();
        Arn { resource: format!("{}:{}", topic.resource, self.id), ..topic }
    }

    /// `None` for what is no subscription's ARN.
    pub fn parse_arn(text: &str) -> Option<SubscriptionId> {
        let arn = Arn::parse(text).ok()?;
        let (name, id) = arn.resource.split_once(':')?;
        let topic = TopicId::of_arn(&Arn { resource: name.to_owned(), ..arn.clone() })?;
        let is_uuid = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        is_uuid.then(|| SubscriptionId { topic, id: id.to_owned() })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubscriptionRecord {
    pub topic: TopicId,
    pub id: String,
    pub protocol: Protocol,
    /// An ARN.
    pub endpoint: String,
    /// Whoever subscribed.
    pub owner: AccountId,
    /// Their ARN.
    pub principal: String,
    /// What our own links begin with: the address at which whoever subscribed found us.
    pub address: String,
    /// `None`: it was confirmed. What confirms it is known by its digest alone.
    pub pending: Option<Pending>,
    /// Confirmed by the endpoint's owner, or by whoever was asked to, with a signature.
    pub authenticated: bool,
    pub(crate) settings: SubscriptionSettings,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pending {
    /// SHA-256 of the token that confirms it, in hexadecimal.
    pub token_digest: String,
    /// When that was given out, in milliseconds.
    pub since: u64,
}

impl kv::Record for SubscriptionRecord {
    const KIND: &'static str = "subscription";
    const VERSION: u8 = 1;
}

impl SubscriptionRecord {
    pub fn subscription_id(&self) -> SubscriptionId {
        SubscriptionId { topic: self.topic.clone(), id: self.id.clone() }
    }

    pub fn is_raw(&self) -> bool {
        self.settings.raw
    }

    /// The ARN of the queue for what could not be delivered.
    pub fn dead_letters(&self) -> Option<&str> {
        self.settings.redrive.as_ref().map(|Redrive { target }| target.as_str())
    }
}

/// A subscription with its filter read.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub record: Arc<SubscriptionRecord>,
    pub(crate) filter: Option<Arc<Filter>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_topic_and_subscription() {
        let text = "arn:aws:sns:us-east-1:000000000000:orders:6b0e71bd-7e97-4d97-80ce-4a0994e55286";
        let id = SubscriptionId::parse_arn(text).unwrap();
        assert_eq!(id.arn().to_string(), text);
        for none in [
            "arn:aws:sns:us-east-1:000000000000:orders",
            "arn:aws:sns:us-east-1:000000000000:orders:6b0e71bd",
            "arn:aws:sqs:us-east-1:000000000000:orders:6b0e71bd-7e97-4d97-80ce-4a0994e55286",
            "PendingConfirmation",
        ] {
            assert!(SubscriptionId::parse_arn(none).is_none(), "{none}");
        }
    }
}
