use crate::{BlobError, BlobId};
use clock::Timestamp;
use kv::{KvError, Record, Transaction, put_record, record};
use names::{Key, Keyspace};
use serde::{Deserialize, Serialize};

/// Says that a record of this transaction holds the blob's id. A blob is held by one record at most.
pub fn name(transaction: &mut Transaction, id: &BlobId) {
    put_record(transaction, named(id), &Named {});
}

/// Says that no record holds the blob's id any more; [`Blobs::sweep`](crate::Blobs::sweep) removes it
/// once nobody can still be reading.
pub fn forget(transaction: &mut Transaction, id: &BlobId, now: Timestamp) {
    transaction.delete(named(id));
    put_record(transaction, forgotten(id), &Forgotten { at: now });
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Named {}

impl Record for Named {
    const KIND: &'static str = "blob's name";
    const VERSION: u8 = 1;
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Forgotten {
    pub(crate) at: Timestamp,
}

impl Record for Forgotten {
    const KIND: &'static str = "forgotten blob";
    const VERSION: u8 = 1;
}

pub(crate) fn named(id: &BlobId) -> Key {
    Key::new(Keyspace::BlobNamed).bytes(id.as_bytes())
}

pub(crate) fn forgotten(id: &BlobId) -> Key {
    Key::new(Keyspace::BlobForgotten).bytes(id.as_bytes())
}

/// Reads back an entry of [`Keyspace::BlobForgotten`].
pub(crate) fn read_forgotten(key: &[u8], value: &[u8]) -> Result<(BlobId, Timestamp), BlobError> {
    let damaged =
        || KvError::Corrupt { kind: Forgotten::KIND, reason: "its key holds no blob id".to_owned() };
    let id = names::key::KeyParts::of(Keyspace::BlobForgotten, key)
        .and_then(|mut parts| parts.bytes())
        .ok()
        .and_then(|bytes| BlobId::from_bytes(&bytes))
        .ok_or_else(damaged)?;
    Ok((id, record::decode::<Forgotten>(value)?.at))
}
