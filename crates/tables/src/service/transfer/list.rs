use super::{TransferRecord, parse};
use crate::keys;
use crate::service::TablesError;
use crate::table::{TableId, TableName, Transfer, TransferId};
use clock::Timestamp;
use kv::{Read, Transaction};
use names::{AccountId, Region};
use std::time::Duration;

/// How long what has ended is told.
const TOLD: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Read from the store at once, and looked at for one page.
const STEP: usize = 100;
const LOOKED_AT_MAX: usize = 10_000;
/// Looked at, and forgotten where they are too old, with each new one, so that they do not grow without end.
const FORGOTTEN: usize = 4;

/// By their tables' names, then by age.
#[derive(Debug, Clone)]
pub struct TransferPage<R> {
    pub found: Vec<(TransferId, R)>,
    /// Where the next page begins after, if there is one.
    pub last: Option<TransferId>,
}

/// At most `limit` of an account's in a region, or of one table's, after `start`.
///
/// # Errors
/// The store fails.
pub(in crate::service) async fn page<R: TransferRecord>(
    from: &impl Read,
    what: Transfer,
    (account, region, table): (&AccountId, &Region, Option<&TableName>),
    start: Option<&TransferId>,
    limit: usize,
    now: Timestamp,
) -> Result<TransferPage<R>, TablesError> {
    let all = match table {
        Some(name) => {
            let table = TableId { account: account.clone(), region: region.clone(), name: name.clone() };
            keys::transfers_of(what, &table)
        }
        None => keys::transfers(what, account, region),
    };
    let mut range = match start {
        Some(start) => all.range_after(&keys::transfer(start)),
        None => all.range(),
    };
    let (mut page, mut looked_at) = (TransferPage { found: Vec::new(), last: None }, 0);
    loop {
        let entries = from.range(&range, STEP).await?;
        for (key, stored) in &entries {
            if page.found.len() >= limit || looked_at >= LOOKED_AT_MAX {
                return Ok(page);
            }
            range.start = [key, &[0][..]].concat();
            looked_at += 1;
            let record = kv::record::decode::<R>(stored)?;
            let Some(id) = parse(what, key) else { continue };
            page.last = Some(id.clone());
            if !is_old(&record, now) {
                page.found.push((id, record));
            }
        }
        if entries.len() < STEP {
            return Ok(TransferPage { last: None, ..page });
        }
    }
}

fn is_old(record: &impl TransferRecord, now: Timestamp) -> bool {
    record.ended().is_some_and(|ended| ended + TOLD <= now)
}

/// Forgets some of the table's oldest ones, where they ended long ago.
///
/// # Errors
/// The store fails.
pub(in crate::service) async fn forget_old<R: TransferRecord>(
    tx: &mut Transaction,
    what: Transfer,
    table: &TableId,
    now: Timestamp,
) -> Result<(), TablesError> {
    for (key, stored) in tx.range(&keys::transfers_of(what, table).range(), FORGOTTEN).await? {
        if is_old(&kv::record::decode::<R>(&stored)?, now) {
            tx.delete(&key);
        }
    }
    Ok(())
}
