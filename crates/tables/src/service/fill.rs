//! New indexes filled with what was in their table before them, in steps between which everybody else writes. A write
//! to an item keeps the index as it always does, so that the two meet in any order.

use super::{Tables, TablesError};
use crate::keys;
use crate::service::items::index_item;
use crate::table::{IndexStatus, TableId};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kv::{KvError, Read, Transaction};
use names::key::KeyParts;
use names::{AccountId, Keyspace, Region};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Items looked at in one transaction, and about as many bytes, so that writers wait for milliseconds at most.
const STEP: usize = 256;
const STEP_BYTES: usize = 1024 * 1024;
/// Rows read from the store at once: 6 MiB at most.
const ROWS: usize = 16;
/// Indexes looked at in one call.
const FILLS_MAX: usize = 64;
/// Before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(10);

/// An index on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Fill {
    account: AccountId,
    region: Region,
    table: crate::table::TableName,
    /// The key of the last row that was looked at, in base64; empty at first.
    after: String,
}

impl kv::Record for Fill {
    const KIND: &'static str = "index being filled";
    const VERSION: u8 = 1;
}

/// Notes that an index is to be filled, in the transaction that makes it.
pub(super) fn begin(tx: &mut Transaction, id: &TableId, table: u64, index: u32) {
    let TableId { account, region, name } = id.clone();
    let fill = Fill { account, region, table: name, after: String::new() };
    kv::put_record(tx, keys::fill(table, index), &fill);
}

impl Tables {
    /// Fills new indexes until it is dropped, which leaves the rest to the next start.
    pub async fn keep_filled(self) {
        let mut begun = self.kv.watch(&keys::all_fills());
        loop {
            match self.fill().await {
                Ok(true) => {}
                Ok(false) => begun.changed().await,
                Err(TablesError::Store(KvError::Closed)) => return,
                Err(error) => {
                    tracing::error!(%error, "an index is not filled");
                    self.clock.sleep(PAUSE).await;
                }
            }
        }
    }

    /// Makes a step with each index that is being made. Whether there was any.
    ///
    /// # Errors
    /// The store fails.
    pub async fn fill(&self) -> Result<bool, TablesError> {
        let fills = self.kv.range(keys::all_fills().range(), FILLS_MAX).await?;
        let any = !fills.is_empty();
        for (key, _) in fills {
            let known = self.known.clone();
            self.kv
                .transact(async move |tx: &mut Transaction| {
                    let Some(fill) = kv::record::get_record::<Fill>(tx, &key).await? else { return Ok(()) };
                    let Some((number, index)) = numbers(&key) else {
                        tx.delete(&key);
                        return Ok(());
                    };
                    let Fill { account, region, table: name, .. } = fill.clone();
                    let id = TableId { account, region, name };
                    let table = known.find(tx, &id).await?.filter(|table| table.number == number);
                    let Some(table) = table else {
                        tx.delete(&key);
                        return Ok(());
                    };
                    let Some((index, schema)) = table.indexes().find(|(one, _)| one.number == index) else {
                        tx.delete(&key);
                        return Ok(());
                    };
                    let mut range = keys::items(number).range();
                    if let Some(after) =
                        BASE64_STANDARD.decode(&fill.after).ok().filter(|one| !one.is_empty())
                    {
                        range.start = [&after[..], &[0]].concat();
                    }
                    let (mut items, mut bytes) = (0, 0);
                    while items < STEP && bytes < STEP_BYTES {
                        let rows = tx.range(&range, ROWS).await?;
                        for (place, row) in &rows {
                            index_item(tx, &table, (index, schema), row).await?;
                            range.start = [place, &[0][..]].concat();
                            (items, bytes) = (items + 1, bytes + row.len());
                        }
                        if rows.len() < ROWS {
                            let mut record = table.record.clone();
                            for one in record.indexes.iter_mut().filter(|one| one.number == index.number) {
                                one.status = IndexStatus::Active;
                            }
                            kv::put_record(tx, keys::table(&id), &record);
                            tx.delete(&key);
                            return Ok(());
                        }
                    }
                    let last = range.start.split_last().map(|(_, last)| last).unwrap_or_default();
                    kv::put_record(tx, &key, &Fill { after: BASE64_STANDARD.encode(last), ..fill });
                    Ok::<_, TablesError>(())
                })
                .await?;
        }
        Ok(any)
    }
}

fn numbers(key: &[u8]) -> Option<(u64, u32)> {
    let mut parts = KeyParts::of(Keyspace::TableFill, key).ok()?;
    Some((parts.number().ok()?, u32::try_from(parts.number().ok()?).ok()?))
}
