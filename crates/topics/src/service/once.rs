//! What must not be published a second time within five minutes.
//! <https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html>

use crate::{TopicsError, keys};
use kv::{Read, Transaction};
use names::key::KeyParts;
use names::{Key, KeyRange, Keyspace};
use serde::{Deserialize, Serialize};

/// Five minutes.
const WINDOW_MS: u64 = 5 * 60 * 1000;
/// Ids that ended, forgotten with each new one.
const TRIM: usize = 4;

#[derive(Serialize, Deserialize)]
pub(super) struct Once {
    until: u64,
    pub id: String,
    pub sequence: u64,
}

impl kv::Record for Once {
    const KIND: &'static str = "what was published once";
    const VERSION: u8 = 1;
}

pub(super) async fn find(from: &impl Read, key: &Key, now: u64) -> Result<Option<Once>, TopicsError> {
    let kept = kv::get_record::<Once>(from, key).await?;
    Ok(kept.filter(|once| once.until > now))
}

pub(super) async fn keep(
    tx: &mut Transaction,
    key: &Key,
    now: u64,
    id: String,
    sequence: u64,
) -> Result<(), TopicsError> {
    trim(tx, now, TRIM).await?;
    let until = now + WINDOW_MS;
    if let Some(before) = kv::get_record::<Once>(tx, key).await? {
        tx.delete(keys::once_end(before.until, key));
    }
    kv::put_record(tx, key, &Once { until, id, sequence });
    tx.put(keys::once_end(until, key), Vec::new());
    Ok(())
}

/// Forgets at most `most` of those that ended. How many there were.
pub(super) async fn trim(tx: &mut Transaction, now: u64, most: usize) -> Result<usize, TopicsError> {
    let (all, until) = (keys::once_ends(), keys::once_ends().number(now));
    let ended = KeyRange { start: all.into_bytes(), end: until.into_bytes() };
    let rows = tx.range(&ended, most).await?;
    for (key, _) in &rows {
        let wrong = |_| TopicsError::Corrupt("an end");
        let mut parts = KeyParts::of(Keyspace::TopicOnceEnd, key).map_err(wrong)?;
        let of = parts.number().and_then(|_| parts.bytes()).map_err(wrong)?;
        tx.delete(of);
        tx.delete(key);
    }
    Ok(rows.len())
}
