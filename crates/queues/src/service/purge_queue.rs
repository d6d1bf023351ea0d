use super::create_queue::next_number;
use crate::{Count, QueueId, QueueRecord, Queues, QueuesError, keys};
use kv::Transaction;
use std::time::Duration;

/// Between two purges of one queue.
const PAUSE: Duration = Duration::from_secs(60);

impl Queues {
    /// All messages are gone at once: the queue goes on under another number, and they are removed behind it.
    ///
    /// # Errors
    /// `NoSuchQueue`, `PurgeInProgress`; the store fails.
    pub async fn purge_queue(&self, id: QueueId) -> Result<(), QueuesError> {
        let queues = self.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let queue = queues.known.queue(tx, &id).await?;
                let now = queues.clock.now();
                if queue.purged.is_some_and(|at| now.since(at) < PAUSE) {
                    return Err(QueuesError::PurgeInProgress(id.name.to_string()));
                }
                let before = Count::read(tx, queue.number).await?;
                let number = next_number(tx).await?;
                // Sequence numbers never go back.
                Count { sequence: before.sequence, ..Count::default() }.write(tx, number);
                tx.put(keys::gone(queue.number), Vec::new());
                let record = QueueRecord { number, purged: Some(now), ..queue.record.clone() };
                kv::put_record(tx, keys::queue(&id), &record);
                Ok(())
            })
            .await
    }
}
