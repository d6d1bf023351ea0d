//! What streams keep no longer is forgotten.

use super::append::SHARDS;
use super::record::StreamRecord;
use super::{RETENTION, entry};
use crate::keys;
use crate::service::{Tables, TablesError};
use clock::Timestamp;
use kv::{KvError, Read, Transaction};
use std::time::Duration;

/// Between two looks at all streams.
const PAUSE: Duration = Duration::from_secs(60);
/// Streams looked at in one step.
const STREAMS_MAX: usize = 64;
/// Changes forgotten in one transaction.
const STEP: usize = 200;

impl Tables {
    /// Forgets what is too old until it is dropped.
    pub async fn keep_trimmed(self) {
        loop {
            match self.trim_streams().await {
                Ok(()) => {}
                Err(TablesError::Store(KvError::Closed)) => return,
                Err(error) => tracing::error!(%error, "old changes of tables are still there"),
            }
            self.clock.sleep(PAUSE).await;
        }
    }

    /// Forgets all changes that are older than 24 hours, and streams that ended before that.
    ///
    /// # Errors
    /// The store fails.
    pub async fn trim_streams(&self) -> Result<(), TablesError> {
        let (mut range, old) = (keys::all_streams().range(), self.clock.now().minus(RETENTION));
        loop {
            let streams = self.kv.range(range.clone(), STREAMS_MAX).await?;
            for (key, stored) in &streams {
                range.start = [key, &[0][..]].concat();
                match kv::record::decode::<StreamRecord>(stored) {
                    Ok(record) => self.trim_stream(key, &record, old).await?,
                    Err(error) => tracing::error!(%error, "a stream cannot be read"),
                }
            }
            if streams.len() < STREAMS_MAX {
                return Ok(());
            }
        }
    }

    async fn trim_stream(
        &self,
        key: &[u8],
        record: &StreamRecord,
        old: Timestamp,
    ) -> Result<(), TablesError> {
        let (number, is_over) = (record.number, record.ended.is_some_and(|ended| ended < old));
        // Then nothing of it is young enough, whatever the clock said when it was written.
        let old = if is_over { Timestamp::from_ms(i64::MAX) } else { old };
        for shard in 0..SHARDS {
            while self
                .kv
                .transact(async move |tx: &mut Transaction| trim(tx, number, shard, old).await)
                .await?
            {}
        }
        if is_over {
            let key = key.to_vec();
            self.kv
                .transact(async move |tx: &mut Transaction| {
                    tx.delete(&key);
                    for shard in 0..SHARDS {
                        tx.delete(keys::next_change(number, shard));
                    }
                    Ok::<_, TablesError>(())
                })
                .await?;
        }
        Ok(())
    }
}

/// Forgets a step of what is older; whether there may be more. Changes stand in the order of their commits, so that
/// the first one that is young enough is where it ends.
async fn trim(tx: &mut Transaction, stream: u64, shard: u32, old: Timestamp) -> Result<bool, TablesError> {
    let entries = tx.range(&keys::changes(stream, shard).range(), STEP).await?;
    for (key, stored) in &entries {
        if entry::created(stored).is_some_and(|created| created >= old) {
            return Ok(false);
        }
        tx.delete(key);
    }
    Ok(entries.len() == STEP)
}
