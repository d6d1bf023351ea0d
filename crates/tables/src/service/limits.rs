//! How much throughput may be provisioned, by the published default quotas.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#default-limits-throughput>

use super::TablesError;
use crate::keys;
use crate::service::create_table::TABLES_MAX;
use crate::table::{Billing, TableId, TableRecord};
use kv::Transaction;

/// Units a second, to read and to write, of a table with its global indexes.
pub const TABLE_UNITS_MAX: u64 = 40_000;
/// Of all tables of an account in a region together.
pub const ACCOUNT_UNITS_MAX: u64 = 80_000;

/// Whether the table may be as `record` says, beside all others. Called only where more is provisioned than was.
///
/// # Errors
/// `TooMany`; the store fails.
pub(super) async fn check(tx: &Transaction, id: &TableId, record: &TableRecord) -> Result<(), TablesError> {
    let (read, write) = units(record);
    if read.max(write) > TABLE_UNITS_MAX {
        return Err(TablesError::TooMany(format!(
            "Subscriber limit exceeded: Provisioned throughput of one table, with its indexes, is at most {TABLE_UNITS_MAX} \
             units for each of reads and writes"
        )));
    }
    let (mut all_read, mut all_write) = (read, write);
    let mine = keys::table(id).into_bytes();
    let range = keys::tables(&id.account, &id.region).range();
    for (key, other) in kv::range_records::<TableRecord>(tx, &range, TABLES_MAX).await? {
        if key[..] != mine[..] {
            let (read, write) = units(&other);
            (all_read, all_write) = (all_read.saturating_add(read), all_write.saturating_add(write));
        }
    }
    if all_read.max(all_write) > ACCOUNT_UNITS_MAX {
        return Err(TablesError::TooMany(format!(
            "Subscriber limit exceeded: Provisioned throughput of all tables of an account is at most {ACCOUNT_UNITS_MAX} \
             units for each of reads and writes"
        )));
    }
    Ok(())
}

/// To read and to write.
pub(super) fn units(record: &TableRecord) -> (u64, u64) {
    let Billing::Provisioned(whole) = record.billing else { return (0, 0) };
    let each = record.indexes.iter().filter_map(|index| index.throughput).chain([whole]);
    each.fold((0, 0), |(read, write), units| {
        (units.read.saturating_add(read), units.write.saturating_add(write))
    })
}
