//! What exports to buckets and imports from them have in common: records that are listed and forgotten after a while,
//! work that is found again after a restart, and client tokens. Buckets are not known here: whoever knows both sides
//! moves the bytes, and notes each piece.

mod list;
mod token;

pub use list::TransferPage;
pub(super) use list::{forget_old, page};
pub(super) use token::{known, remember};

use super::{Tables, TablesError};
use crate::keys;
use crate::table::{TableId, Transfer, TransferId};
use clock::Timestamp;
use kv::{Kv, Read, Transaction};
use names::key::KeyParts;
use serde::{Deserialize, Serialize};

/// On whose behalf bytes are put into a bucket, for the bucket's own log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// Of its own buckets.
    pub account: String,
    /// ARN.
    pub principal: String,
    pub principal_id: String,
    pub source_ip: String,
    pub request_id: String,
}

/// Why an export or import ended before it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub code: String,
    pub message: String,
}

/// A record of an export or an import.
pub trait TransferRecord: kv::Record {
    /// `None` while it is under way.
    fn ended(&self) -> Option<Timestamp>;
}

/// Ready when there is more to do.
pub type Begun = kv::Watch;

impl Tables {
    /// Ready each time when something of such a kind begins or can go on.
    pub fn transfers_begun(&self, what: Transfer) -> Begun {
        self.kv.watch(&keys::all_work(what))
    }
}

/// A new one's id: by time.
pub(super) fn new_id(what: Transfer, table: TableId, clock: &clock::Clock) -> TransferId {
    let random = clock.random_u64() >> 32;
    TransferId { what, table, id: format!("{:014}-{random:08x}", clock.now().as_ms()) }
}

/// Notes that there is something to do, also where that was noted before: whoever waits is woken.
pub(super) fn note_work(tx: &mut Transaction, id: &TransferId, number: u64) {
    tx.put(keys::work(id.what, &id.table, number), keys::transfer(id).into_bytes());
}

/// All that is under way, with its records; at most `limit`, of all accounts.
///
/// # Errors
/// The store fails.
pub(super) async fn under_way<R: TransferRecord>(
    kv: &Kv,
    what: Transfer,
    limit: usize,
) -> Result<Vec<(TransferId, R)>, TablesError> {
    let work = kv.range(keys::all_work(what).range(), limit).await?;
    let mut found = Vec::with_capacity(work.len());
    for (_, place) in work {
        match (parse(what, &place), kv::get_record::<R>(kv, &place).await) {
            (Some(id), Ok(Some(record))) => found.push((id, record)),
            // One that cannot be read holds up no other.
            (Some(id), Err(error)) if error.is_unreadable() => {
                tracing::error!(id = %id.arn(), %error, "what is under way cannot be read");
            }
            (_, Err(error)) => return Err(error.into()),
            (_, Ok(_)) => {}
        }
    }
    Ok(found)
}

/// The one that lies there.
pub(super) fn parse(what: Transfer, place: &[u8]) -> Option<TransferId> {
    let mut parts = KeyParts::of(keys::transfer_keyspace(what), place).ok()?;
    let table = TableId {
        account: names::AccountId::parse(&parts.text().ok()?).ok()?,
        region: names::Region::parse(&parts.text().ok()?).ok()?,
        name: crate::table::TableName::parse(&parts.text().ok()?).ok()?,
    };
    Some(TransferId { what, table, id: parts.text().ok()? })
}

/// # Errors
/// `TooMany`; the store fails.
pub(super) async fn refuse_too_many(
    from: &impl Read,
    what: Transfer,
    table: &TableId,
    max: usize,
) -> Result<(), TablesError> {
    if from.range(&keys::all_work_of(what, table).range(), max).await?.len() < max {
        return Ok(());
    }
    Err(TablesError::TooMany(format!(
        "Subscriber limit exceeded: there are {max} {}s under way in this account and region",
        what.as_str()
    )))
}
