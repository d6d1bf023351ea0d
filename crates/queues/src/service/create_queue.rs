use super::tags;
use crate::{QueueId, QueueRecord, Queues, QueuesError, Settings, keys};
use clock::Timestamp;
use kv::{Read, Transaction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a deleted queue's name cannot be used.
pub(super) const DELETED_FOR: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize)]
pub(super) struct Deleted {
    pub at: Timestamp,
}

impl kv::Record for Deleted {
    const KIND: &'static str = "deletion of a queue";
    const VERSION: u8 = 1;
}

impl Queues {
    /// A queue that is there, with the attributes that are given, is no error.
    ///
    /// # Errors
    /// `QueueExists`, `DeletedRecently`, or what is wrong with an attribute; the store fails.
    pub async fn create_queue(
        &self,
        id: QueueId,
        attributes: BTreeMap<String, String>,
        tags: BTreeMap<String, String>,
    ) -> Result<(), QueuesError> {
        let settings = Settings::new(&id.name, &attributes)?;
        tags::check(&tags)?;
        let queues = self.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                if let Some(queue) = queues.known.find(tx, &id).await? {
                    return is_same(&queue.settings, &settings, &attributes);
                }
                let now = queues.clock.now();
                if let Some(deleted) = kv::get_record::<Deleted>(tx, keys::deleted(&id)).await? {
                    if now.since(deleted.at) < DELETED_FOR {
                        return Err(QueuesError::DeletedRecently);
                    }
                    tx.delete(keys::deleted(&id));
                }
                queues.serve(tx, &id, None, &settings).await?;
                let number = next_number(tx).await?;
                let record = QueueRecord {
                    identity: number,
                    number,
                    created: now,
                    modified: now,
                    purged: None,
                    settings: settings.clone(),
                    tags: tags.clone(),
                };
                kv::put_record(tx, keys::queue(&id), &record);
                Ok(())
            })
            .await
    }

    /// Keeps which queues a dead-letter queue serves, where that changes.
    ///
    /// # Errors
    /// The dead-letter queue is not there, is of another kind, or does not take this queue's messages.
    pub(super) async fn serve(
        &self,
        tx: &mut Transaction,
        id: &QueueId,
        before: Option<&Settings>,
        after: &Settings,
    ) -> Result<(), QueuesError> {
        let was = before.and_then(|settings| settings.redrive.as_ref());
        if was == after.redrive.as_ref() {
            return Ok(());
        }
        if let Some(target) = was.and_then(|redrive| redrive.target_id()) {
            tx.delete(keys::source(&target, id));
        }
        let Some(redrive) = &after.redrive else { return Ok(()) };
        let wrong = |reason: &str| QueuesError::value(redrive.text(), "RedrivePolicy", reason);
        let target = redrive.target_id().ok_or_else(|| wrong("Invalid value for deadLetterTargetArn."))?;
        if target.account != id.account || target.region != id.region {
            return Err(wrong("Dead-letter target owner should be same as the source."));
        }
        let queue = self.known.find(tx, &target).await?;
        let queue = queue.ok_or_else(|| wrong("Dead letter target does not exist."))?;
        if queue.settings.is_fifo != after.is_fifo {
            return Err(wrong("Dead-letter target must be a queue of the same type as the source."));
        }
        if queue.settings.redrive_allow.as_ref().is_some_and(|allow| !allow.allows(id)) {
            return Err(wrong("The dead-letter target does not allow this queue to use it."));
        }
        tx.put(keys::source(&target, id), Vec::new());
        Ok(())
    }
}

/// # Errors
/// `QueueExists` names the first attribute that was given and is another one.
fn is_same(
    there: &Settings,
    given: &Settings,
    attributes: &BTreeMap<String, String>,
) -> Result<(), QueuesError> {
    let (there, given) = (there.shown(), given.shown());
    match attributes.keys().find(|name| there.get(*name) != given.get(*name)) {
        None => Ok(()),
        Some(name) => Err(QueuesError::QueueExists(name.clone())),
    }
}

pub(super) async fn next_number(tx: &mut Transaction) -> Result<u64, QueuesError> {
    let key = keys::last_number();
    let last = match tx.get(&key).await? {
        None => 0,
        Some(bytes) => bytes
            .as_ref()
            .try_into()
            .map(u64::from_be_bytes)
            .map_err(|_| QueuesError::Corrupt("last number"))?,
    };
    tx.put(&key, (last + 1).to_be_bytes().to_vec());
    Ok(last + 1)
}
