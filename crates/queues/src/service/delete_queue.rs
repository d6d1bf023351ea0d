use super::create_queue::Deleted;
use crate::{QueueId, Queues, QueuesError, Settings, keys};
use kv::Transaction;

impl Queues {
    /// Its messages are removed behind it, in steps.
    ///
    /// # Errors
    /// `NoSuchQueue`; the store fails.
    pub async fn delete_queue(&self, id: QueueId) -> Result<(), QueuesError> {
        let queues = self.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let queue = queues.known.queue(tx, &id).await?;
                let none = Settings { redrive: None, ..queue.settings.clone() };
                queues.serve(tx, &id, Some(&queue.settings), &none).await?;
                tx.delete(keys::queue(&id));
                tx.put(keys::gone(queue.number), Vec::new());
                if queue.number != queue.identity {
                    // What must not be done twice is kept under the first number.
                    tx.put(keys::gone(queue.identity), Vec::new());
                }
                // Who waits is told.
                if queues.waiters.are_there(queue.identity) {
                    tx.put(keys::arrival(queue.identity), Vec::new());
                }
                kv::put_record(tx, keys::deleted(&id), &Deleted { at: queues.clock.now() });
                Ok(())
            })
            .await
    }
}
