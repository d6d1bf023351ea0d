use crate::settings::read_policy;
use crate::{QueueId, QueueRecord, Queues, QueuesError, keys};
use access::policy::PolicyDocument;
use bytes::Bytes;
use kv::{Read, Snapshot};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

/// Queues whose parsed records are kept, at most; beyond it all are forgotten.
const KNOWN_MAX: usize = 4096;

/// Records of queues, parsed. What is kept is only ever used where the stored bytes are still the same ones, so that
/// nobody sees a queue as it was.
#[derive(Default)]
pub(crate) struct Known(RwLock<HashMap<QueueId, Entry>>);

struct Entry {
    stored: Bytes,
    queue: Arc<Queue>,
}

/// A record with its policy read.
#[derive(Debug)]
pub(crate) struct Queue {
    pub record: QueueRecord,
    pub policy: Option<Arc<PolicyDocument>>,
}

impl Deref for Queue {
    type Target = QueueRecord;

    fn deref(&self) -> &QueueRecord {
        &self.record
    }
}

impl Known {
    /// The queue as `from` sees it.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn find(
        &self,
        from: &impl Read,
        id: &QueueId,
    ) -> Result<Option<Arc<Queue>>, QueuesError> {
        let Some(stored) = from.get(&keys::queue(id)).await? else { return Ok(None) };
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(entry) = known.get(id).filter(|entry| entry.stored == stored) {
                return Ok(Some(entry.queue.clone()));
            }
        }
        let record = kv::record::decode::<QueueRecord>(&stored)?;
        let policy = record.settings.policy.as_deref().map(read_policy).transpose()?.map(Arc::new);
        let queue = Arc::new(Queue { record, policy });
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KNOWN_MAX {
            all.clear();
        }
        all.insert(id.clone(), Entry { stored, queue: queue.clone() });
        Ok(Some(queue))
    }

    /// # Errors
    /// `NoSuchQueue`; the store fails.
    pub(crate) async fn queue(&self, from: &impl Read, id: &QueueId) -> Result<Arc<Queue>, QueuesError> {
        self.find(from, id).await?.ok_or(QueuesError::NoSuchQueue)
    }
}

impl Queues {
    pub(super) async fn find(&self, id: &QueueId) -> Result<Option<Arc<Queue>>, QueuesError> {
        let (known, id) = (self.known.clone(), id.clone());
        self.kv.read_few(async move |snapshot: &Snapshot| known.find(snapshot, &id).await).await
    }

    /// The queue's own policy; `None` where there is none, or no such queue.
    ///
    /// # Errors
    /// The store fails.
    pub async fn resource_policy(&self, id: &QueueId) -> Result<Option<Arc<PolicyDocument>>, QueuesError> {
        Ok(self.find(id).await?.and_then(|queue| queue.policy.clone()))
    }

    /// What receipts of the queue are bound to.
    ///
    /// # Errors
    /// `NoSuchQueue`; the store fails.
    pub async fn identity(&self, id: &QueueId) -> Result<u64, QueuesError> {
        Ok(self.find(id).await?.ok_or(QueuesError::NoSuchQueue)?.identity)
    }
}
