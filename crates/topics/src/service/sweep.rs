//! What topics that are gone have left, and ids that ended.

use super::once;
use super::unsubscribe::remove;
use crate::{SubscriptionRecord, Topics, TopicsError, keys};
use kv::{KvError, Read, Transaction};
use names::Keyspace;
use names::key::KeyParts;
use std::time::Duration;

/// Rows removed in one transaction, so that writers wait for milliseconds at most.
const STEP: usize = 200;
/// Between two looks for ids that ended.
const EVERY: Duration = Duration::from_secs(30);
/// Before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(10);

impl Topics {
    /// Removes what topics that are gone have left, until it is dropped, which leaves the rest to the next start.
    pub async fn keep_swept(self) {
        let mut gone = self.kv.watch(keys::all_gone().as_bytes());
        loop {
            match self.sweep().await {
                Ok(true) => {}
                Ok(false) => gone.changed().await,
                Err(TopicsError::Store(KvError::Closed)) => return,
                Err(error) => {
                    tracing::error!(%error, "messages of topics that were deleted are still there");
                    self.clock.sleep(PAUSE).await;
                }
            }
        }
    }

    /// Forgets deduplication ids that ended, until it is dropped.
    pub async fn keep_expired(self) {
        loop {
            match self.expire().await {
                Ok(STEP) => continue,
                Ok(_) => {}
                Err(TopicsError::Store(KvError::Closed)) => return,
                Err(error) => tracing::error!(%error, "deduplication ids that ended are still there"),
            }
            self.clock.sleep(EVERY).await;
        }
    }

    async fn expire(&self) -> Result<usize, TopicsError> {
        let now = self.now();
        self.kv.transact(async move |tx: &mut Transaction| once::trim(tx, now, STEP).await).await
    }

    /// Removes a step of what topics that are gone have left. Whether there is more.
    ///
    /// # Errors
    /// The store fails.
    pub async fn sweep(&self) -> Result<bool, TopicsError> {
        let gone = self.kv.range(keys::all_gone().range(), 1).await?;
        let Some((key, _)) = gone.into_iter().next() else { return Ok(false) };
        let number = KeyParts::of(Keyspace::TopicGone, &key).and_then(|mut parts| parts.number());
        let number = number.map_err(|_| TopicsError::Corrupt("a topic that is gone"))?;
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let rows = tx.range(&keys::subscriptions(number).range(), STEP).await?;
                for (key, stored) in &rows {
                    match kv::record::decode::<SubscriptionRecord>(stored) {
                        Ok(record) => remove(tx, number, &record),
                        Err(error) => {
                            tracing::error!(%error, "a subscription cannot be read; it is removed");
                            tx.delete(key);
                        }
                    }
                }
                if rows.len() == STEP {
                    return Ok(true);
                }
                let mut left = STEP;
                for part in
                    [keys::messages(number), keys::lines(number), keys::all_once(number), keys::ends(number)]
                {
                    left -= tx.delete_range(&part.range(), left).await?;
                    if left == 0 {
                        return Ok(true);
                    }
                }
                tx.delete(keys::work(number));
                tx.delete(keys::count(number));
                tx.delete(keys::gone(number));
                Ok::<_, TopicsError>(true)
            })
            .await
    }
}
