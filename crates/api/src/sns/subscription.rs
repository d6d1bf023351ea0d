//! Which subscription a request is about, and how listings show them.

use super::model;
use crate::{ApiError, Call};
use access::Resource;
use topics::{SubscriptionId, SubscriptionRecord, TopicsError};

/// # Errors
/// `InvalidParameter`.
pub(super) fn id(arn: &str) -> Result<SubscriptionId, ApiError> {
    let wrong = || TopicsError::InvalidParameter("SubscriptionArn".to_owned()).into();
    SubscriptionId::parse_arn(arn).ok_or_else(wrong)
}

/// Its topic, as whoever subscribed owns it: a subscription belongs to them, and to the topic's account.
///
/// # Errors
/// `InvalidParameter`; the store fails.
pub(super) async fn resources(call: &Call, arn: &str) -> Result<Vec<Resource>, ApiError> {
    let id = id(arn)?;
    let topic = id.topic.arn();
    match call.services.topics.subscription(&id).await {
        Ok(record) if record.owner == call.account => Ok(vec![Resource::owned_by(topic, Some(record.owner))]),
        Ok(_) | Err(TopicsError::NoSuchSubscription) => Ok(vec![Resource::new(topic)]),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn shown(record: &SubscriptionRecord) -> model::Subscription {
    let arn = match record.pending {
        Some(_) => "PendingConfirmation".to_owned(),
        None => record.subscription_id().arn().to_string(),
    };
    model::Subscription {
        subscription_arn: Some(arn),
        owner: Some(record.owner.to_string()),
        protocol: Some(record.protocol.as_str().to_owned()),
        endpoint: Some(record.endpoint.clone()),
        topic_arn: Some(record.topic.arn().to_string()),
    }
}
