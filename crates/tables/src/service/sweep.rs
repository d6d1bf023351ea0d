use super::{Tables, TablesError};
use crate::keys;
use kv::{KvError, Transaction};
use names::key::KeyParts;
use names::{Key, Keyspace};
use std::time::Duration;

/// Entries removed in one transaction, so that writers wait for milliseconds at most.
const STEP: usize = 500;
/// Tables and indexes looked at in one call.
const GONE_MAX: usize = 64;

/// Before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(10);

impl Tables {
    /// Removes what is gone until it is dropped, which leaves the rest to the next start.
    pub async fn keep_swept(self) {
        let mut gone = self.kv.watch(&keys::all_gone());
        loop {
            match self.sweep().await {
                Ok(true) => {}
                Ok(false) => gone.changed().await,
                Err(TablesError::Store(KvError::Closed)) => return,
                Err(error) => {
                    tracing::error!(%error, "items of tables that were deleted are still there");
                    self.clock.sleep(PAUSE).await;
                }
            }
        }
    }

    /// Removes a step of what tables and indexes that are gone have left. Whether there is more.
    ///
    /// # Errors
    /// The store fails.
    pub async fn sweep(&self) -> Result<bool, TablesError> {
        let gone = self.kv.range(keys::all_gone().range(), GONE_MAX).await?;
        let Some((key, _)) = gone.first() else { return Ok(false) };
        let Some((table, index)) = numbers(key) else {
            // Nothing of ours: it would stand here for ever.
            let key = key.clone();
            self.kv
                .transact(async move |tx: &mut Transaction| {
                    tx.delete(&key);
                    Ok::<_, TablesError>(())
                })
                .await?;
            return Ok(true);
        };
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut left = STEP;
                for part in parts(table, index) {
                    left -= tx.delete_range(&part.range(), left).await?;
                    if left == 0 {
                        return Ok(true);
                    }
                }
                tx.delete(keys::gone(table, index));
                Ok::<_, TablesError>(true)
            })
            .await
    }
}

fn numbers(key: &[u8]) -> Option<(u64, u32)> {
    let mut parts = KeyParts::of(Keyspace::TableGone, key).ok()?;
    Some((parts.number().ok()?, u32::try_from(parts.number().ok()?).ok()?))
}

fn parts(table: u64, index: u32) -> Vec<Key> {
    if index == keys::WHOLE {
        let of = |keyspace| Key::new(keyspace).number(table);
        return vec![
            keys::items(table),
            of(Keyspace::TableIndexEntry),
            of(Keyspace::TableExpiry),
            of(Keyspace::TableHistory),
            of(Keyspace::TableHistoryNext),
            of(Keyspace::TableGone),
            of(Keyspace::TableExportFile),
            keys::counts(table),
            keys::collections(table),
        ];
    }
    vec![keys::entries(table, index), keys::count(table, index)]
}
