use super::to_queue::SENDER;
use crate::topics::lets_in as policy_lets_in;
use crate::{Triggers, object_event};
use access::policy::PolicyDocument;
use kv::{KvError, Transaction};
use names::{AccountId, Arn};
use objects::Delivery;
use objects::change::ObjectChange;
use topics::{Outgoing, TopicId, TopicsError};

/// What the message is about, as S3 has it.
const SUBJECT: &str = "Amazon S3 Notification";

/// Publishes the event, if the topic's policy lets S3 do so for the bucket at this moment.
///
/// # Errors
/// The store fails.
pub(super) async fn deliver(
    tx: &mut Transaction,
    change: &ObjectChange,
    delivery: &Delivery,
    triggers: &Triggers,
    topic: &TopicId,
) -> Result<(), KvError> {
    let message = Outgoing {
        body: object_event::event(change, delivery).to_string(),
        subject: Some(SUBJECT.to_owned()),
        trace: change.trace_id.clone(),
        ..Outgoing::default()
    };
    let bucket = Arn::s3(change.bucket.as_str());
    let may = |policy: &PolicyDocument| lets_in(policy, topic, &bucket, &change.bucket_owner);
    match triggers.topics.publish_within(tx, topic, may, &message).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => {
            let (topic, bucket) = (topic.arn().to_string(), change.bucket.as_str());
            tracing::warn!(
                topic,
                bucket,
                "no policy lets the bucket publish to the topic, or there is no such topic"
            );
            Ok(())
        }
        Err(TopicsError::Store(error)) => Err(error),
        Err(error) => {
            tracing::error!(topic = %topic.arn(), %error, "a bucket's event was no message");
            Ok(())
        }
    }
}

/// Whether a topic's policy lets S3 publish what happens in a bucket.
pub fn lets_in(policy: &PolicyDocument, topic: &TopicId, bucket: &Arn, owner: &AccountId) -> bool {
    policy_lets_in(policy, (SENDER, "sns:Publish"), &topic.arn(), bucket, owner)
}
