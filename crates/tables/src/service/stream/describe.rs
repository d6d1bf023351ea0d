use super::append::{SHARDS, next};
use super::record::StreamRecord;
use crate::keys;
use crate::service::{Tables, TablesError};
use crate::table::StreamId;
use kv::{Read, Snapshot};
use names::Keyspace;
use names::key::KeyParts;

/// A stream as it is told.
#[derive(Debug, Clone)]
pub struct StreamInfo {
    pub id: StreamId,
    pub record: StreamRecord,
    pub shards: Vec<Shard>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    pub number: u32,
    /// The oldest change that is still there, or the next one where none is.
    pub first: u64,
    /// What the next change has, or would have.
    pub next: u64,
}

impl Shard {
    pub(super) async fn read(from: &impl Read, stream: u64, number: u32) -> Result<Shard, TablesError> {
        let next = next(from, stream, number).await?;
        let oldest = from.range(&keys::changes(stream, number).range(), 1).await?;
        let first = oldest.first().and_then(|(key, _)| sequence(key)).unwrap_or(next);
        Ok(Shard { number, first, next })
    }

    /// `shardId-`, the stream's number and the shard's: 37 characters.
    pub fn id(stream: u64, number: u32) -> String {
        format!("shardId-{stream:020}-{number:08x}")
    }

    /// The shard of that id in the stream; `None` where it is none of its.
    pub fn parse(stream: u64, id: &str) -> Option<u32> {
        (0..SHARDS).find(|number| Shard::id(stream, *number) == id)
    }
}

impl Tables {
    /// # Errors
    /// `NoSuchStream`; the store fails.
    pub async fn describe_stream(&self, id: StreamId) -> Result<StreamInfo, TablesError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let record = find(snapshot, &id).await?;
                let mut shards = Vec::new();
                for number in 0..SHARDS {
                    shards.push(Shard::read(snapshot, record.number, number).await?);
                }
                Ok(StreamInfo { id: id.clone(), record, shards })
            })
            .await
    }
}

/// # Errors
/// `NoSuchStream`; the store fails.
pub(super) async fn find(from: &impl Read, id: &StreamId) -> Result<StreamRecord, TablesError> {
    let found = kv::get_record(from, keys::stream(id)).await?;
    found.ok_or_else(|| TablesError::NoSuchStream(id.arn().to_string()))
}

/// Of a change's key.
pub(super) fn sequence(key: &[u8]) -> Option<u64> {
    let mut parts = KeyParts::of(Keyspace::TableChange, key).ok()?;
    parts.number().ok()?;
    parts.number().ok()?;
    parts.number().ok()
}
