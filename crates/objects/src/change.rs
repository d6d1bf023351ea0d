//! The change log: what `triggers` reads.
//!
//! A change is appended in the transaction that makes it, and only when a notification of its bucket
//! wants it at that moment. The sequence grows with every change of the store, so also with every
//! change of one key.

use crate::notification::EventPattern;
use crate::record::BucketRecord;
use crate::{BucketName, Caller, ObjectKey, ObjectsError, keys};
use clock::Timestamp;
use kv::{KvError, Read, Record, Transaction};
use names::{AccountId, Arn, Region};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeEvent {
    CreatedPut,
    CreatedPost,
    CreatedCopy,
    CreatedCompleteMultipartUpload,
    RemovedDelete,
}

impl ChangeEvent {
    /// As event records name it: `ObjectCreated:Put`, without the `s3:` that configurations have.
    pub fn as_str(self) -> &'static str {
        self.pattern().as_str().trim_start_matches("s3:")
    }

    pub(crate) fn pattern(self) -> EventPattern {
        match self {
            ChangeEvent::CreatedPut => EventPattern::CreatedPut,
            ChangeEvent::CreatedPost => EventPattern::CreatedPost,
            ChangeEvent::CreatedCopy => EventPattern::CreatedCopy,
            ChangeEvent::CreatedCompleteMultipartUpload => EventPattern::CreatedCompleteMultipartUpload,
            ChangeEvent::RemovedDelete => EventPattern::RemovedDelete,
        }
    }
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectChange {
    pub sequence: u64,
    pub time: Timestamp,
    pub event: ChangeEvent,
    pub bucket: BucketName,
    pub bucket_owner: AccountId,
    pub region: Region,
    pub key: ObjectKey,
    /// Bytes; `None` when the object is gone.
    pub size: Option<u64>,
    /// Without quotes; `None` when the object is gone.
    pub etag: Option<String>,
    /// The user id of who did it, as `userIdentity.principalId` carries it.
    pub principal_id: String,
    pub source_ip: String,
    pub request_id: String,
    /// Never empty.
    pub deliveries: Vec<Delivery>,
}

/// Where a change goes, by the notifications that the bucket had when it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub configuration_id: String,
    pub function: Arn,
}

impl Record for ObjectChange {
    const KIND: &'static str = "object change";
    const VERSION: u8 = 1;
}

impl ObjectChange {
    /// Grows with every change of a key. Fixed in length, since readers compare it as text.
    pub fn sequencer(&self) -> String {
        format!("{:018X}", self.sequence)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct LastSequence {
    last: u64,
}

impl Record for LastSequence {
    const KIND: &'static str = "object change sequence";
    const VERSION: u8 = 1;
}

/// What [`kv::Kv::watch`] takes to be woken by new changes.
pub fn prefix() -> Vec<u8> {
    keys::changes().into_bytes()
}

/// The first `limit` changes after sequence `after`, oldest first. Zero reads from the beginning.
///
/// # Errors
/// The store could not be read.
pub async fn read_after(read: &impl Read, after: u64, limit: usize) -> Result<Vec<ObjectChange>, KvError> {
    let range = keys::changes().range_after(&keys::change(after));
    let changes = kv::range_records::<ObjectChange>(read, &range, limit).await?;
    Ok(changes.into_iter().map(|(_, change)| change).collect())
}

/// Forgets one change that has been handed on.
pub fn forget(tx: &mut Transaction, sequence: u64) {
    tx.delete(keys::change(sequence));
}

pub(crate) struct Happened<'a> {
    pub event: ChangeEvent,
    pub bucket: &'a BucketName,
    pub key: &'a ObjectKey,
    pub caller: &'a Caller,
    pub time: Timestamp,
    /// Size in bytes and entity tag; `None` when the object is gone.
    pub object: Option<(u64, &'a str)>,
}

/// Appends to the log if a notification of the bucket wants it.
pub(crate) async fn append(
    tx: &mut Transaction,
    record: &BucketRecord,
    happened: Happened<'_>,
) -> Result<(), ObjectsError> {
    let Happened { event, bucket, key, caller, time, object } = happened;
    let deliver = |configuration_id: &str, function: &Arn| Delivery {
        configuration_id: configuration_id.to_owned(),
        function: function.clone(),
    };
    let deliveries: Vec<Delivery> = record
        .notifications
        .wanting(event, key.as_str())
        .map(|notification| deliver(&notification.id, &notification.function))
        .collect();
    if deliveries.is_empty() {
        return Ok(());
    }
    let place = keys::change_sequence();
    let last: LastSequence = kv::get_record(tx, &place).await?.unwrap_or_default();
    let sequence = last.last.saturating_add(1);
    kv::put_record(tx, &place, &LastSequence { last: sequence });
    let change = ObjectChange {
        sequence,
        time,
        event,
        bucket: bucket.clone(),
        bucket_owner: record.owner.clone(),
        region: record.region.clone(),
        key: key.clone(),
        size: object.map(|(size, _)| size),
        etag: object.map(|(_, etag)| etag.to_owned()),
        principal_id: caller.principal_id.clone(),
        source_ip: caller.source_ip.clone(),
        request_id: caller.request_id.clone(),
        deliveries,
    };
    kv::put_record(tx, keys::change(sequence), &change);
    Ok(())
}
