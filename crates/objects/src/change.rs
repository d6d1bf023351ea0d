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
use names::key::KeyParts;
use names::{AccountId, Arn, Keyspace, Region};
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
    /// The trace header of the function that made the change.
    #[serde(default)]
    pub trace_id: Option<String>,
    /// Never empty.
    pub deliveries: Vec<Delivery>,
}

/// Where a change goes, by the notifications that the bucket had when it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub configuration_id: String,
    /// A function, or a queue.
    #[serde(rename = "function")]
    pub target: Arn,
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
    /// Changes in the log, and deliveries that are held. Those that an older program appended are not counted.
    #[serde(default)]
    waiting: u64,
}

impl Record for LastSequence {
    const KIND: &'static str = "object change sequence";
    const VERSION: u8 = 1;
}

/// What [`kv::Kv::watch`] takes to be woken by new changes.
pub fn prefix() -> Vec<u8> {
    keys::changes().into_bytes()
}

/// One entry of the log, and what is wrong with it if it cannot be read.
pub type Entry = (u64, Result<ObjectChange, KvError>);

/// Changes and held deliveries that wait at most; beyond, buckets with notifications take no more changes.
pub const WAITING_MAX: u64 = 1_000_000;

/// The first `limit` changes after sequence `after`, oldest first. Zero reads from the beginning.
///
/// # Errors
/// The store could not be read.
pub async fn read_after(read: &impl Read, after: u64, limit: usize) -> Result<Vec<Entry>, KvError> {
    let range = keys::changes().range_after(&keys::change(after));
    let entries = read.range(&range, limit).await?;
    entries.iter().map(|(key, value)| entry(key, value)).collect()
}

/// Forgets changes that have been handed on, or set aside.
///
/// # Errors
/// The store could not be read.
pub async fn forget(tx: &mut Transaction, sequences: &[u64]) -> Result<(), KvError> {
    if sequences.is_empty() {
        return Ok(());
    }
    for sequence in sequences {
        tx.delete(keys::change(*sequence));
    }
    count(tx, |waiting| waiting.saturating_sub(sequences.len() as u64)).await
}

/// Takes a change that cannot be handed on out of everybody's way.
///
/// # Errors
/// The store could not be read.
pub async fn set_aside(tx: &mut Transaction, sequence: u64, why: &str, at: Timestamp) -> Result<(), KvError> {
    kv::set_aside(tx, keys::change(sequence), ObjectChange::KIND, why, at).await?;
    forget(tx, &[sequence]).await
}

/// Keeps one delivery of a change for later, behind those of its function that are kept already.
///
/// # Errors
/// The store could not be read.
pub async fn hold(tx: &mut Transaction, change: &ObjectChange, delivery: &Delivery) -> Result<(), KvError> {
    let function = delivery.target.to_string();
    let held = ObjectChange { deliveries: vec![delivery.clone()], ..change.clone() };
    // A change with two deliveries to one function keeps both: that is one entry with both in it.
    let key = keys::held_change(&function, change.sequence);
    let before: Option<ObjectChange> = kv::get_record(tx, &key).await?;
    let held = match before {
        Some(mut before) => {
            before.deliveries.push(delivery.clone());
            before
        }
        None => {
            count(tx, |waiting| waiting.saturating_add(1)).await?;
            held
        }
    };
    kv::put_record(tx, key, &held);
    Ok(())
}

/// Whether changes are held for the function, an ARN.
///
/// # Errors
/// The store could not be read.
pub async fn is_held(read: &impl Read, function: &str) -> Result<bool, KvError> {
    Ok(!read.range(&keys::held_changes_of(function).range(), 1).await?.is_empty())
}

/// The ARN of the first function after `after` that changes are held for.
///
/// # Errors
/// The store could not be read.
pub async fn next_held(read: &impl Read, after: Option<&str>) -> Result<Option<String>, KvError> {
    let mut range = keys::held_changes().range();
    if let Some(after) = after {
        range.start = keys::held_changes_of(after).range().end;
    }
    let Some((key, _)) = read.range(&range, 1).await?.into_iter().next() else { return Ok(None) };
    KeyParts::of(Keyspace::HeldChange, &key).and_then(|mut parts| parts.text()).map(Some).map_err(broken)
}

/// The first `limit` changes held for a function, oldest first.
///
/// # Errors
/// The store could not be read.
pub async fn held(read: &impl Read, function: &str, limit: usize) -> Result<Vec<Entry>, KvError> {
    let entries = read.range(&keys::held_changes_of(function).range(), limit).await?;
    entries.iter().map(|(key, value)| entry(key, value)).collect()
}

/// # Errors
/// The store could not be read.
pub async fn forget_held(tx: &mut Transaction, function: &str, sequence: u64) -> Result<(), KvError> {
    tx.delete(keys::held_change(function, sequence));
    count(tx, |waiting| waiting.saturating_sub(1)).await
}

/// # Errors
/// The store could not be read.
pub async fn set_held_aside(
    tx: &mut Transaction,
    function: &str,
    sequence: u64,
    why: &str,
    at: Timestamp,
) -> Result<(), KvError> {
    kv::set_aside(tx, keys::held_change(function, sequence), ObjectChange::KIND, why, at).await?;
    forget_held(tx, function, sequence).await
}

/// The sequence is the end of either kind of key.
fn entry(key: &[u8], value: &[u8]) -> Result<Entry, KvError> {
    let sequence = key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes));
    let sequence = sequence.ok_or_else(|| broken("a change has no sequence"))?;
    Ok((sequence, kv::record::decode(value)))
}

fn broken(error: impl std::fmt::Display) -> KvError {
    KvError::Corrupt { kind: "key of an object change", reason: error.to_string() }
}

async fn count(tx: &mut Transaction, change: impl Fn(u64) -> u64) -> Result<(), KvError> {
    let place = keys::change_sequence();
    let mut last: LastSequence = kv::get_record(tx, &place).await?.unwrap_or_default();
    last.waiting = change(last.waiting);
    kv::put_record(tx, &place, &last);
    Ok(())
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
    let deliver = |configuration_id: &str, target: &Arn| Delivery {
        configuration_id: configuration_id.to_owned(),
        target: target.clone(),
    };
    let deliveries: Vec<Delivery> = record
        .notifications
        .wanting(event, key.as_str())
        .map(|notification| deliver(&notification.id, &notification.target))
        .collect();
    if deliveries.is_empty() {
        return Ok(());
    }
    let place = keys::change_sequence();
    let last: LastSequence = kv::get_record(tx, &place).await?.unwrap_or_default();
    if last.waiting >= WAITING_MAX {
        return Err(ObjectsError::SlowDown);
    }
    let sequence = last.last.saturating_add(1);
    kv::put_record(tx, &place, &LastSequence { last: sequence, waiting: last.waiting + 1 });
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
        trace_id: caller.trace_id.clone(),
        deliveries,
    };
    kv::put_record(tx, keys::change(sequence), &change);
    Ok(())
}
