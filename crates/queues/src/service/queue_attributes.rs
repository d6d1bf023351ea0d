use crate::{Count, QueueId, QueueRecord, Queues, QueuesError, keys};
use kv::{Snapshot, Transaction};
use std::collections::BTreeMap;

/// A queue as callers are told of it.
#[derive(Debug, Clone)]
pub struct QueueInfo {
    pub id: QueueId,
    pub record: QueueRecord,
    pub count: Count,
}

impl QueueInfo {
    /// All its attributes, by name.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let mut shown = self.record.settings.shown();
        let mut put = |name: &str, value: String| shown.insert(name.to_owned(), value);
        put("ApproximateNumberOfMessages", self.count.visible.to_string());
        put("ApproximateNumberOfMessagesDelayed", self.count.delayed.to_string());
        put("ApproximateNumberOfMessagesNotVisible", self.count.in_flight.to_string());
        put("CreatedTimestamp", self.record.created.as_seconds().to_string());
        put("LastModifiedTimestamp", self.record.modified.as_seconds().to_string());
        put("QueueArn", self.id.arn().to_string());
        shown
    }
}

impl Queues {
    /// # Errors
    /// `NoSuchQueue`; the store fails.
    pub async fn queue_info(&self, id: QueueId) -> Result<QueueInfo, QueuesError> {
        self.settle_all(&id).await?;
        let known = self.known.clone();
        self.kv
            .read_few(async move |snapshot: &Snapshot| {
                let queue = known.queue(snapshot, &id).await?;
                let count = Count::read(snapshot, queue.number).await?;
                Ok(QueueInfo { id: id.clone(), record: queue.record.clone(), count })
            })
            .await
    }

    /// # Errors
    /// `NoSuchQueue`, or what is wrong with an attribute; the store fails.
    pub async fn set_queue_attributes(
        &self,
        id: QueueId,
        attributes: BTreeMap<String, String>,
    ) -> Result<(), QueuesError> {
        self.change(id, move |record| record.settings.change(&attributes)).await
    }

    /// Changes a queue's record, and when it was last changed.
    pub(super) async fn change(
        &self,
        id: QueueId,
        change: impl Fn(&mut QueueRecord) -> Result<(), QueuesError> + Send + 'static,
    ) -> Result<(), QueuesError> {
        let queues = self.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let queue = queues.known.queue(tx, &id).await?;
                let mut record = queue.record.clone();
                change(&mut record)?;
                queues.serve(tx, &id, Some(&queue.settings), &record.settings).await?;
                if record.settings != queue.settings {
                    record.modified = queues.clock.now();
                }
                kv::put_record(tx, keys::queue(&id), &record);
                Ok(())
            })
            .await
    }
}
