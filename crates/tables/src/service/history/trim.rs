//! What a recovery period does not reach any more is forgotten.

use super::entry::decode;
use crate::keys;
use crate::service::{Tables, TablesError};
use crate::table::TableRecord;
use clock::Timestamp;
use kv::{KvError, Read, Transaction};
use std::time::Duration;

/// Between two looks at all tables.
const PAUSE: Duration = Duration::from_secs(10 * 60);
/// Tables read at once.
const TABLES_MAX: usize = 64;
/// Entries forgotten in one transaction: some 25 MiB are looked at.
const STEP: usize = 64;

impl Tables {
    /// Forgets what is too old until it is dropped.
    pub async fn keep_forgotten(self) {
        loop {
            match self.forget_histories().await {
                Ok(()) => {}
                Err(TablesError::Store(KvError::Closed)) => return,
                Err(error) => tracing::error!(%error, "what items were long ago is still there"),
            }
            self.clock.sleep(PAUSE).await;
        }
    }

    /// Forgets all that no recovery period reaches any more.
    ///
    /// # Errors
    /// The store fails.
    pub async fn forget_histories(&self) -> Result<(), TablesError> {
        let (mut range, now) = (keys::all_tables().range(), self.clock.now());
        loop {
            let tables = self.kv.range(range.clone(), TABLES_MAX).await?;
            for (key, stored) in &tables {
                range.start = [key, &[0][..]].concat();
                let record = match kv::record::decode::<TableRecord>(stored) {
                    Ok(record) => record,
                    Err(error) => {
                        tracing::error!(%error, "a table cannot be read");
                        continue;
                    }
                };
                // A copy that is being made from a moment back may still need all of it.
                let Some(history) = record.history.filter(|history| history.copies == 0) else { continue };
                let Some(recovery) = history.recovery else { continue };
                let (number, old) = (history.number, now.minus(recovery.period()));
                let mut more = true;
                while more {
                    let key = key.clone();
                    let step = async move |tx: &mut Transaction| forget(tx, &key, number, old).await;
                    more = self.kv.transact(step).await?;
                }
            }
            if tables.len() < TABLES_MAX {
                return Ok(());
            }
        }
    }
}

/// Whether there may be more.
async fn forget(
    tx: &mut Transaction,
    table: &[u8],
    history: u64,
    old: Timestamp,
) -> Result<bool, TablesError> {
    let record: Option<TableRecord> = kv::get_record(tx, table).await?;
    let kept = record.and_then(|record| record.history);
    if kept.is_none_or(|kept| kept.number != history || kept.copies > 0) {
        return Ok(false);
    }
    let entries = tx.range(&keys::history(history).range(), STEP).await?;
    for (key, entry) in &entries {
        if decode(entry)?.at >= old {
            return Ok(false);
        }
        tx.delete(key);
    }
    Ok(entries.len() == STEP)
}
