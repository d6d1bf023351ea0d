//! What nobody will ask for again: messages of queues that are gone, messages that are too old, and what was kept to
//! be done once.

use super::create_queue::{DELETED_FOR, Deleted};
use super::once;
use super::remove_message::remove;
use super::settle;
use super::work::Work;
use crate::group::last_numbers;
use crate::keys::{self, Place};
use crate::message::Stored;
use crate::{QueueRecord, Queues, QueuesError};
use kv::{KvError, Read, Snapshot, Transaction};
use names::key::KeyParts;
use names::{AccountId, Key, KeyRange, Keyspace, Region};
use std::time::Duration;

/// Rows removed in one transaction, so that writers wait for milliseconds at most.
const STEP: usize = 500;
/// Messages that are too old, removed in one transaction.
const OLD_STEP: usize = 200;
/// Queues looked at in one step.
const QUEUES_STEP: usize = 100;
/// Between two looks for what is too old.
const EVERY: Duration = Duration::from_secs(30);
/// Before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(10);

impl Queues {
    /// Removes what queues that are gone have left, until it is dropped, which leaves the rest to the next start.
    pub async fn keep_swept(self) {
        let mut gone = self.kv.watch(&keys::all_gone());
        loop {
            match self.sweep().await {
                Ok(true) => {}
                Ok(false) => gone.changed().await,
                Err(QueuesError::Store(KvError::Closed)) => return,
                Err(error) => {
                    tracing::error!(%error, "messages of queues that were deleted are still there");
                    self.clock.sleep(PAUSE).await;
                }
            }
        }
    }

    /// Removes messages that are too old, until it is dropped.
    pub async fn keep_expired(self) {
        loop {
            match self.expire().await {
                Ok(()) => {}
                Err(QueuesError::Store(KvError::Closed)) => return,
                Err(error) => tracing::error!(%error, "messages that are too old are still there"),
            }
            self.clock.sleep(EVERY).await;
        }
    }

    /// Removes a step of what queues that are gone have left. Whether there is more.
    ///
    /// # Errors
    /// The store fails.
    pub async fn sweep(&self) -> Result<bool, QueuesError> {
        let gone = self.kv.range(keys::all_gone().range(), 1).await?;
        let Some((key, _)) = gone.into_iter().next() else { return Ok(false) };
        let number = KeyParts::of(Keyspace::QueueGone, &key).and_then(|mut parts| parts.number());
        let number = number.map_err(|_| QueuesError::Corrupt("a queue that is gone"))?;
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut left = STEP;
                for part in parts(number) {
                    left -= tx.delete_range(&part.range(), left).await?;
                    if left == 0 {
                        return Ok(true);
                    }
                }
                tx.delete(keys::gone(number));
                Ok::<_, QueuesError>(true)
            })
            .await
    }

    /// Removes, of all queues, what is too old now, and what was kept to be done once.
    ///
    /// # Errors
    /// The store fails.
    pub async fn expire(&self) -> Result<(), QueuesError> {
        let mut range = keys::every_queue().range();
        loop {
            let of = range.clone();
            let rows = self
                .kv
                .read(async move |snapshot: &Snapshot| {
                    Ok::<_, QueuesError>(snapshot.range(&of, QUEUES_STEP).await?)
                })
                .await?;
            for (key, stored) in &rows {
                let record = kv::record::decode::<QueueRecord>(stored)?;
                self.expire_of(key.to_vec(), &record).await?;
            }
            match rows.last() {
                Some((last, _)) if rows.len() == QUEUES_STEP => range.start = [last.as_ref(), &[0]].concat(),
                _ => break,
            }
        }
        self.forget_deletions().await?;
        loop {
            let now = self.now();
            let step = async move |tx: &mut Transaction| once::trim(tx, now, STEP).await;
            if self.kv.transact(step).await? < STEP {
                return Ok(());
            }
        }
    }

    async fn expire_of(&self, key: Vec<u8>, record: &QueueRecord) -> Result<(), QueuesError> {
        let since = self.now().saturating_sub(u64::from(record.settings.retention_seconds) * 1000);
        loop {
            let old = KeyRange {
                start: keys::messages(record.number).into_bytes(),
                end: keys::messages(record.number).number(since).into_bytes(),
            };
            if self.kv.range(old.clone(), 1).await?.is_empty() {
                return Ok(());
            }
            let (queues, key, number) = (self.clone(), key.clone(), record.number);
            let step = async move |tx: &mut Transaction| {
                let id = id_of(&key).ok_or(QueuesError::Corrupt("name of a queue"))?;
                let Some(queue) = queues.known.find(tx, &id).await? else { return Ok(true) };
                if queue.number != number {
                    return Ok(true);
                }
                let mut work = Work::open(tx, queue, queues.now()).await?;
                settle::settle(tx, &mut work).await?;
                let rows = tx.range(&old, OLD_STEP).await?;
                for (key, _) in &rows {
                    let (sent, sequence) = last_numbers(key).ok_or(QueuesError::Corrupt("message"))?;
                    let place = Place { sent, sequence };
                    let stored =
                        Stored::read(tx, number, place).await?.ok_or(QueuesError::Corrupt("message"))?;
                    remove(tx, &mut work, place, &stored.message).await?;
                }
                work.close(tx, &queues.waiters);
                Ok::<_, QueuesError>(rows.len() < OLD_STEP)
            };
            if self.kv.transact(step).await? {
                return Ok(());
            }
        }
    }

    /// Of queues whose names can be used again.
    async fn forget_deletions(&self) -> Result<(), QueuesError> {
        let rows = self.kv.range(keys::all_deleted().range(), STEP).await?;
        let now = self.clock.now();
        let mut old = Vec::new();
        for (key, stored) in rows {
            if now.since(kv::record::decode::<Deleted>(&stored)?.at) >= DELETED_FOR {
                old.push((key, stored));
            }
        }
        if old.is_empty() {
            return Ok(());
        }
        self.kv
            .transact(async move |tx: &mut Transaction| {
                for (key, stored) in &old {
                    if tx.get(key).await?.as_ref() == Some(stored) {
                        tx.delete(key);
                    }
                }
                Ok(())
            })
            .await
    }
}

fn parts(number: u64) -> Vec<Key> {
    vec![
        keys::messages(number),
        keys::bodies(number),
        keys::all_ready(number),
        keys::all_waiting(number),
        keys::groups(number),
        keys::lines(number),
        keys::all_once(number),
        keys::count(number),
        keys::arrival(number),
    ]
}

fn id_of(key: &[u8]) -> Option<crate::QueueId> {
    let mut parts = KeyParts::of(Keyspace::Queue, key).ok()?;
    Some(crate::QueueId {
        account: AccountId::parse(&parts.text().ok()?).ok()?,
        region: Region::parse(&parts.text().ok()?).ok()?,
        name: crate::QueueName::parse(&parts.text().ok()?).ok()?,
    })
}
