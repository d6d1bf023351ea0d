//! What must not be done a second time within five minutes.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html>

use crate::QueuesError;
use crate::keys;
use kv::{Read, Transaction};
use names::key::KeyParts;
use names::{Key, KeyRange, Keyspace};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Five minutes.
pub(super) const WINDOW_MS: u64 = 5 * 60 * 1000;
/// Ids that ended, forgotten with each new one.
const TRIM: usize = 4;

#[derive(Serialize, Deserialize)]
struct Once<T> {
    until: u64,
    what: T,
}

impl<T: Serialize + DeserializeOwned> kv::Record for Once<T> {
    const KIND: &'static str = "what was done once";
    const VERSION: u8 = 1;
}

pub(super) async fn find<T: Serialize + DeserializeOwned>(
    from: &impl Read,
    key: &Key,
    now: u64,
) -> Result<Option<T>, QueuesError> {
    let kept = kv::get_record::<Once<T>>(from, key).await?;
    Ok(kept.filter(|once| once.until > now).map(|once| once.what))
}

pub(super) async fn keep<T: Serialize + DeserializeOwned>(
    tx: &mut Transaction,
    key: &Key,
    now: u64,
    what: T,
) -> Result<(), QueuesError> {
    trim(tx, now, TRIM).await?;
    let until = now + WINDOW_MS;
    if let Some(before) = kv::get_record::<Once<T>>(tx, key).await? {
        tx.delete(keys::once_end(before.until, key));
    }
    kv::put_record(tx, key, &Once { until, what });
    tx.put(keys::once_end(until, key), Vec::new());
    Ok(())
}

/// Forgets at most `most` of those that ended. How many there were.
pub(super) async fn trim(tx: &mut Transaction, now: u64, most: usize) -> Result<usize, QueuesError> {
    let ended =
        KeyRange { start: keys::once_ends().into_bytes(), end: keys::once_ends().number(now).into_bytes() };
    let rows = tx.range(&ended, most).await?;
    for (key, _) in &rows {
        let mut parts =
            KeyParts::of(Keyspace::QueueOnceEnd, key).map_err(|_| QueuesError::Corrupt("an end"))?;
        let of = parts.number().and_then(|_| parts.bytes()).map_err(|_| QueuesError::Corrupt("an end"))?;
        tx.delete(of);
        tx.delete(key);
    }
    Ok(rows.len())
}
