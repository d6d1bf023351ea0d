use super::place_message::place as place_in;
use super::remove_message::remove;
use super::work::Work;
use crate::keys::Place;
use crate::message::{Message, Stored};
use crate::{QueueId, Queues, QueuesError};
use kv::Transaction;

/// Moves a message to its dead-letter queue, if it was received as often as it may be. Whether it was.
///
/// It keeps when it was sent, and so when it ends, but not in FIFO queues
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>). Where
/// the queue is not there any more, or does not take it, it stays.
pub(super) async fn bury(
    queues: &Queues,
    tx: &mut Transaction,
    work: &mut Work,
    place: Place,
    stored: &Stored,
    id: &QueueId,
) -> Result<bool, QueuesError> {
    let Some(redrive) = &work.queue.settings.redrive else { return Ok(false) };
    if stored.message.count < redrive.receives_max {
        return Ok(false);
    }
    let Some(target) = redrive.target_id().filter(|target| target != id) else { return Ok(false) };
    let Some(queue) = queues.known.find(tx, &target).await? else { return Ok(false) };
    let takes = queue.settings.redrive_allow.as_ref().is_none_or(|allow| allow.allows(id));
    if !takes || queue.settings.is_fifo != work.is_fifo() {
        return Ok(false);
    }
    let body = stored.body(tx, work.number, place).await?;
    remove(tx, work, place, &stored.message).await?;
    let mut into = Work::open(tx, queue, work.now).await?;
    let message = Message {
        dead_of: Some(id.arn().to_string()),
        count: 0,
        count_before: stored.message.count_before.saturating_add(stored.message.count),
        due: work.now,
        ..stored.message.clone()
    };
    let sent = if work.is_fifo() { work.now } else { place.sent };
    place_in(tx, &mut into, sent, message, &body).await?;
    into.close(tx, &queues.waiters);
    Ok(true)
}
