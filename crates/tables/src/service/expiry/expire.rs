//! Deletes what is due.

use super::{Kept, fill, note};
use crate::capacity::Write;
use crate::keys;
use crate::service::items::{change, row};
use crate::service::known::Table;
use crate::service::stream::Actor;
use crate::service::{Tables, TablesError};
use crate::table::TimeToLiveStatus;
use kv::{KvError, Read, Transaction};
use names::key::KeyParts;
use names::{Key, Keyspace};
use std::time::Duration;

/// Between two looks at all tables. DynamoDB promises a few days.
const PAUSE: Duration = Duration::from_secs(5);
/// Tables read at once.
const TABLES_MAX: usize = 64;
/// Transactions for one table, before the others have their turn.
const STEPS_MAX: usize = 32;
/// Items deleted in one transaction, and bytes of them after which it ends.
const ITEMS_MAX: usize = 25;
const BYTES_MAX: usize = 1024 * 1024;
/// What expired earlier is left alone, lest a wrong unit deletes everything:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html>
const AGE_SECONDS_MAX: u64 = 5 * 365 * 24 * 60 * 60 + 24 * 60 * 60;

impl Tables {
    /// Deletes what expires until it is dropped.
    pub async fn keep_expired(self) {
        let mut changes = self.kv.watch(&keys::all_times_to_live());
        loop {
            match self.expire().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(TablesError::Store(KvError::Closed)) => return,
                Err(error) => tracing::error!(%error, "items that expired are still there"),
            }
            // Its own notes wake it too, which costs one more look.
            self.clock.timeout(PAUSE, changes.changed()).await;
        }
    }

    /// One round over all tables; whether there is more to do already.
    ///
    /// # Errors
    /// The store fails.
    pub async fn expire(&self) -> Result<bool, TablesError> {
        let (mut range, mut more) = (keys::all_times_to_live().range(), false);
        loop {
            let tables = self.kv.range(range.clone(), TABLES_MAX).await?;
            for (key, _) in &tables {
                range.start = [key, &[0][..]].concat();
                if let Some(number) = number(key) {
                    more |= self.expire_of(number).await?;
                }
            }
            if tables.len() < TABLES_MAX {
                return Ok(more);
            }
        }
    }

    async fn expire_of(&self, number: u64) -> Result<bool, TablesError> {
        for _ in 0..STEPS_MAX {
            let (known, now) = (self.known.clone(), self.clock.now());
            let step = async move |tx: &mut Transaction| {
                let place = keys::time_to_live(number);
                let Some(kept) = kv::get_record::<Kept>(tx, &place).await? else { return Ok(false) };
                let table = known.find(tx, &kept.table()).await?.filter(|table| table.number == number);
                let Some(table) = table else {
                    tx.delete(place);
                    return Ok(false);
                };
                let Some(time_to_live) = &table.record.time_to_live else { return Ok(false) };
                match time_to_live.status {
                    TimeToLiveStatus::Enabling => fill::fill(tx, &table, kept, time_to_live).await,
                    TimeToLiveStatus::Disabling => fill::forget(tx, &table, &kept).await,
                    TimeToLiveStatus::Enabled => {
                        delete(tx, &table, u64::try_from(now.as_seconds()).unwrap_or(0)).await
                    }
                }
            };
            if !self.kv.transact(step).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Deletes the next items whose second is before `now`; whether there may be more.
async fn delete(tx: &mut Transaction, table: &Table, now: u64) -> Result<bool, TablesError> {
    let all = keys::expiries(table.number);
    let mut range = all.range();
    range.start = all.clone().number(now.saturating_sub(AGE_SECONDS_MAX)).into_bytes();
    range.end = all.clone().number(now).into_bytes();
    let due = tx.range(&range, ITEMS_MAX).await?;
    let mut bytes = 0;
    for (entry, _) in &due {
        // Behind the second.
        let within = entry.get(all.len() + 8..).unwrap_or_default();
        let place: Key = keys::items(table.number).ended(within);
        let stored = tx.get(&place).await?;
        let item = stored.as_deref().map(row::decode).transpose()?;
        let expires = item.zip(note::attribute(table)).and_then(|(item, name)| note::second(item, name));
        match item {
            Some(item) if expires.is_some_and(|expires| expires < now) => {
                let key = table.key.of_item(item)?;
                let none = (Some(item), None);
                change::change_by(tx, table, &key, none, Write::Standard, Actor::Expiry).await?;
                bytes += item.as_bytes().len();
            }
            // Never written so: it would be found for ever.
            _ => tx.delete(entry),
        }
        if bytes >= BYTES_MAX {
            return Ok(true);
        }
    }
    Ok(due.len() == ITEMS_MAX)
}

fn number(key: &[u8]) -> Option<u64> {
    KeyParts::of(Keyspace::TableTimeToLive, key).ok()?.number().ok()
}
