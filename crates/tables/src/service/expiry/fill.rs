//! What a change of the time to live still has to do to what is there.

use super::Kept;
use super::note::{second, within};
use crate::keys;
use crate::service::TablesError;
use crate::service::items::row;
use crate::service::known::Table;
use crate::table::{TimeToLive, TimeToLiveStatus};
use kv::{Read, Transaction};

/// Items noted in one transaction, and bytes of them that are looked at.
const STEP: usize = 64;
/// Entries forgotten in one transaction.
const FORGOTTEN: usize = 500;

/// Notes when the next items expire that were there before; whether there are more. The last step enables.
///
/// # Errors
/// The store fails.
pub(super) async fn fill(
    tx: &mut Transaction,
    table: &Table,
    kept: Kept,
    time_to_live: &TimeToLive,
) -> Result<bool, TablesError> {
    let number = table.number;
    let all = keys::items(number);
    let range = match &kept.noted {
        Some(last) => all.range_after(last),
        None => all.range(),
    };
    let rows = tx.range(&range, STEP).await?;
    for (key, stored) in &rows {
        if let Some(second) = second(row::decode(stored)?, &time_to_live.attribute) {
            tx.put(keys::expiry(number, second, within(number, key)), Vec::new());
        }
    }
    if let (Some((last, _)), STEP) = (rows.last(), rows.len()) {
        kv::put_record(tx, keys::time_to_live(number), &Kept { noted: Some(last.to_vec()), ..kept });
        return Ok(true);
    }
    let mut record = table.record.clone();
    record.time_to_live = Some(TimeToLive { status: TimeToLiveStatus::Enabled, ..time_to_live.clone() });
    kv::put_record(tx, keys::time_to_live(number), &Kept { noted: None, ..kept.clone() });
    kv::put_record(tx, keys::table(&kept.table()), &record);
    Ok(true)
}

/// Forgets when items would have expired; whether there is more.
///
/// # Errors
/// The store fails.
pub(super) async fn forget(tx: &mut Transaction, table: &Table, kept: &Kept) -> Result<bool, TablesError> {
    if tx.delete_range(&keys::expiries(table.number).range(), FORGOTTEN).await? == FORGOTTEN {
        return Ok(true);
    }
    let mut record = table.record.clone();
    record.time_to_live = None;
    tx.delete(keys::time_to_live(table.number));
    kv::put_record(tx, keys::table(&kept.table()), &record);
    Ok(false)
}
