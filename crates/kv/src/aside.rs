//! What could not be read: kept as it was, out of everybody's way, until a person looks.

use crate::record::{Record, put_record, range_records};
use crate::{KvError, Read, Transaction};
use bytes::Bytes;
use clock::Timestamp;
use names::{Key, Keyspace};
use serde::{Deserialize, Serialize};

/// Why something was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// What it was, such as `asynchronous invocation`.
    pub kind: String,
    pub why: String,
    pub at: Timestamp,
    /// Of the value.
    pub bytes: usize,
}

impl Record for Aside {
    const KIND: &'static str = "record set aside";
    const VERSION: u8 = 1;
}

/// Parts of the key: the note, and what it is about.
const NOTE: u64 = 1;
const BYTES: u64 = 2;

/// Moves the value of `key` aside, whatever it is, and notes why. Each was once accepted, so that what is
/// set aside is bounded by what is.
///
/// # Errors
/// The store could not be read.
pub async fn set_aside(
    tx: &mut Transaction,
    key: impl AsRef<[u8]>,
    kind: &str,
    why: &str,
    at: Timestamp,
) -> Result<(), KvError> {
    let key = key.as_ref();
    let value: Bytes = tx.get(key).await?.unwrap_or_default();
    let note = Aside { kind: kind.to_owned(), why: why.to_owned(), at, bytes: value.len() };
    put_record(tx, place(NOTE).bytes(key), &note);
    tx.put(place(BYTES).bytes(key), value);
    tx.delete(key);
    Ok(())
}

/// The first `limit` notes, by the key of what they are about.
///
/// # Errors
/// The store could not be read.
pub async fn list_aside(from: &impl Read, limit: usize) -> Result<Vec<Aside>, KvError> {
    let notes = range_records::<Aside>(from, &place(NOTE).range(), limit).await?;
    Ok(notes.into_iter().map(|(_, note)| note).collect())
}

/// How many there are, at most `max`.
///
/// # Errors
/// The store could not be read.
pub async fn count_aside(from: &impl Read, max: usize) -> Result<usize, KvError> {
    Ok(from.range(&place(NOTE).range(), max).await?.len())
}

fn place(part: u64) -> Key {
    Key::new(Keyspace::Aside).number(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kv, Snapshot};

    #[tokio::test]
    async fn what_is_set_aside_is_gone_from_its_place_and_kept() {
        let kv = Kv::memory();
        let key = Key::new(Keyspace::AsyncInvocation).text("one");
        let place_of = key.clone();
        kv.transact(async move |tx: &mut Transaction| {
            tx.put(&key, "garbage");
            set_aside(tx, &key, "event", "its checksum does not match", Timestamp::EPOCH).await
        })
        .await
        .unwrap();
        assert_eq!(kv.get(&place_of).await.unwrap(), None);
        let kept = kv.get(&place(BYTES).bytes(&place_of)).await.unwrap();
        assert_eq!(kept.as_deref(), Some(&b"garbage"[..]));
        let notes = kv.read(async |from: &Snapshot| list_aside(from, 10).await).await.unwrap();
        assert_eq!((notes[0].kind.as_str(), notes[0].bytes, notes.len()), ("event", 7, 1));
    }
}
