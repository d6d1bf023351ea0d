use crate::topics::lets_in as policy_lets_in;
use crate::{Triggers, object_event};
use access::policy::PolicyDocument;
use kv::{KvError, Transaction};
use names::{AccountId, Arn};
use objects::Delivery;
use objects::change::ObjectChange;
use queues::{Attribute, AttributeValue, Outgoing, QueueId, QueuesError};

/// As receivers are told who sent it.
pub(super) const SENDER: &str = "s3.amazonaws.com";

/// Sends the event, if the queue's policy lets S3 do so for the bucket at this moment.
///
/// # Errors
/// The store fails.
pub(super) async fn deliver(
    tx: &mut Transaction,
    change: &ObjectChange,
    delivery: &Delivery,
    triggers: &Triggers,
    queue: &QueueId,
) -> Result<(), KvError> {
    let text =
        |text: &String| Attribute { kind: "String".to_owned(), value: AttributeValue::Text(text.clone()) };
    let message = Outgoing {
        body: object_event::event(change, delivery).to_string(),
        trace: change.trace_id.as_ref().map(text),
        sender: SENDER.to_owned(),
        ..Outgoing::default()
    };
    let bucket = Arn::s3(change.bucket.as_str());
    let may = |policy: &PolicyDocument| lets_in(policy, queue, &bucket, &change.bucket_owner);
    match triggers.queues.send_within(tx, queue, may, &message).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => {
            let (queue, bucket) = (queue.arn().to_string(), change.bucket.as_str());
            tracing::warn!(
                queue,
                bucket,
                "no policy lets the bucket send to the queue, or there is no such queue"
            );
            Ok(())
        }
        Err(QueuesError::Store(error)) => Err(error),
        Err(error) => {
            tracing::error!(queue = %queue.arn(), %error, "a bucket's event was no message");
            Ok(())
        }
    }
}

/// Whether a queue's policy lets S3 send what happens in a bucket.
pub fn lets_in(policy: &PolicyDocument, queue: &QueueId, bucket: &Arn, owner: &AccountId) -> bool {
    policy_lets_in(policy, (SENDER, "sqs:SendMessage"), &queue.arn(), bucket, owner)
}
