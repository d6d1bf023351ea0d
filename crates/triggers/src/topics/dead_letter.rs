use super::to_queue::{outgoing, send};
use super::{Outcome, TopicDeliveries};
use kv::Transaction;
use queues::QueueId;
use topics::{TopicsError, Wanted};

/// Sends what cannot be delivered, as it would have been, to the subscription's dead-letter queue, where it has one that
/// takes it
/// (<https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html>).
///
/// # Errors
/// The store fails.
pub(super) async fn bury(
    this: &TopicDeliveries,
    tx: &mut Transaction,
    wanted: &Wanted,
) -> Result<(), TopicsError> {
    let Some(target) = wanted.subscription.record.dead_letters() else { return Ok(()) };
    let Some(queue) = QueueId::parse_arn(target) else { return Ok(()) };
    let message = outgoing(wanted, queue.name.is_fifo());
    if let Outcome::Refused(why) = send(this, tx, &queue, &message, wanted).await? {
        tracing::error!(
            target,
            why,
            "a message of a topic could not be sent to the dead-letter queue either"
        );
    }
    Ok(())
}
