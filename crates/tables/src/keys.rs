//! Where everything of tables lies in the store. `partition` and `sort` as [`crate::key::EncodedKey`] gives them, which
//! end themselves.
//!
//! ```text
//! Table            account region name                               -> record
//! TableItem        table hash partition sort                         -> item
//! TableIndexEntry  table index hash partition sort (item's key)      -> what the index holds of the item
//! TableCount       table index                                       -> items, bytes
//! TableGone        table index                                       -> nothing
//! TableFill        table index                                       -> how far the index has been filled
//! TableToken       account region token                              -> what it was used for
//! TableTokenEnd    time account region token                         -> nothing
//! TableCollection  table partition                                   -> bytes
//! TableStream      account region name label                         -> record
//! TableChange      stream shard sequence                             -> a change
//! TableChangeNext  stream shard                                      -> the next sequence
//! TableExpiry      table second hash partition sort                  -> nothing
//! TableTimeToLive  table                                             -> record
//! TableHistory     history sequence                                  -> what an item was
//! TableHistoryNext history                                           -> the next sequence, and the last time
//! TableCopy        table (that is made)                              -> record
//! TableBackup      account region name id                            -> record
//! TablePolicy      account region name                               -> policy
//! TableExport      account region name id                            -> record
//! TableExportWork  account region rows                               -> which export
//! TableExportFile  rows file                                         -> record
//! TableImport      account region name id                            -> record
//! TableImportWork  account region table                              -> which import
//! ```

use crate::table::{BackupId, StreamId, TableId, Transfer, TransferId};
use names::{AccountId, Key, KeyRange, Keyspace, Region};

/// The number that stands for the table where an index's could: indexes count from 1.
pub(crate) const WHOLE: u32 = 0;

pub(crate) fn table(id: &TableId) -> Key {
    tables(&id.account, &id.region).text(id.name.as_str())
}

/// Of an account in a region, by name.
pub(crate) fn tables(account: &AccountId, region: &Region) -> Key {
    Key::new(Keyspace::Table).text(account.as_str()).text(region.as_str())
}

pub(crate) fn last_number() -> Key {
    Key::new(Keyspace::TableNumber)
}

pub(crate) fn items(table: u64) -> Key {
    Key::new(Keyspace::TableItem).number(table)
}

pub(crate) fn entries(table: u64, index: u32) -> Key {
    Key::new(Keyspace::TableIndexEntry).number(table).number(index.into())
}

pub(crate) fn count(table: u64, index: u32) -> Key {
    Key::new(Keyspace::TableCount).number(table).number(index.into())
}

pub(crate) fn counts(table: u64) -> Key {
    Key::new(Keyspace::TableCount).number(table)
}

pub(crate) fn gone(table: u64, index: u32) -> Key {
    Key::new(Keyspace::TableGone).number(table).number(index.into())
}

pub(crate) fn fill(table: u64, index: u32) -> Key {
    Key::new(Keyspace::TableFill).number(table).number(index.into())
}

pub(crate) fn all_fills() -> Key {
    Key::new(Keyspace::TableFill)
}

pub(crate) fn policy(id: &TableId) -> Key {
    all_policies().text(id.account.as_str()).text(id.region.as_str()).text(id.name.as_str())
}

pub(crate) fn all_policies() -> Key {
    Key::new(Keyspace::TablePolicy)
}

pub(crate) fn all_gone() -> Key {
    Key::new(Keyspace::TableGone)
}

pub(crate) fn token(account: &AccountId, region: &Region, token: &str) -> Key {
    Key::new(Keyspace::TableToken).text(account.as_str()).text(region.as_str()).text(token)
}

/// `token`: its key.
pub(crate) fn token_end(at_ms: u64, token: &Key) -> Key {
    token_ends().number(at_ms).bytes(token.as_bytes())
}

fn token_ends() -> Key {
    Key::new(Keyspace::TableTokenEnd)
}

/// Tokens that end at `at_ms` or before.
pub(crate) fn tokens_over(at_ms: u64) -> KeyRange {
    let after = token_ends().number(at_ms.saturating_add(1));
    KeyRange { start: token_ends().into_bytes(), end: after.into_bytes() }
}

pub(crate) fn collections(table: u64) -> Key {
    Key::new(Keyspace::TableCollection).number(table)
}

/// `partition`: encoded.
pub(crate) fn collection(table: u64, partition: &[u8]) -> Key {
    collections(table).ended(partition)
}

pub(crate) fn stream(id: &StreamId) -> Key {
    streams_of(&id.table).text(&id.label)
}

/// Of a table's name, oldest first.
pub(crate) fn streams_of(table: &TableId) -> Key {
    streams(&table.account, &table.region).text(table.name.as_str())
}

pub(crate) fn streams(account: &AccountId, region: &Region) -> Key {
    all_streams().text(account.as_str()).text(region.as_str())
}

pub(crate) fn all_streams() -> Key {
    Key::new(Keyspace::TableStream)
}

/// All of a stream.
pub(crate) fn changes_of(stream: u64) -> Key {
    Key::new(Keyspace::TableChange).number(stream)
}

pub(crate) fn changes(stream: u64, shard: u32) -> Key {
    changes_of(stream).number(shard.into())
}

pub(crate) fn next_change(stream: u64, shard: u32) -> Key {
    Key::new(Keyspace::TableChangeNext).number(stream).number(shard.into())
}

/// Of a table, soonest first.
pub(crate) fn expiries(table: u64) -> Key {
    Key::new(Keyspace::TableExpiry).number(table)
}

/// `place`: the item's, within its table.
pub(crate) fn expiry(table: u64, second: u64, place: &[u8]) -> Key {
    expiries(table).number(second).ended(place)
}

pub(crate) fn time_to_live(table: u64) -> Key {
    all_times_to_live().number(table)
}

pub(crate) fn all_times_to_live() -> Key {
    Key::new(Keyspace::TableTimeToLive)
}

/// Oldest first.
pub(crate) fn history(number: u64) -> Key {
    Key::new(Keyspace::TableHistory).number(number)
}

pub(crate) fn next_history(number: u64) -> Key {
    Key::new(Keyspace::TableHistoryNext).number(number)
}

pub(crate) fn copy(target: u64) -> Key {
    all_copies().number(target)
}

pub(crate) fn all_copies() -> Key {
    Key::new(Keyspace::TableCopy)
}

pub(crate) fn backup(id: &BackupId) -> Key {
    backups_of(&id.table).text(&id.id)
}

/// Of a table's name, oldest first.
pub(crate) fn backups_of(table: &TableId) -> Key {
    backups(&table.account, &table.region).text(table.name.as_str())
}

pub(crate) fn backups(account: &AccountId, region: &Region) -> Key {
    Key::new(Keyspace::TableBackup).text(account.as_str()).text(region.as_str())
}

/// Of all accounts.
pub(crate) fn all_tables() -> Key {
    Key::new(Keyspace::Table)
}

pub(crate) fn transfer(id: &TransferId) -> Key {
    transfers_of(id.what, &id.table).text(&id.id)
}

/// Of a table's name, oldest first.
pub(crate) fn transfers_of(what: Transfer, table: &TableId) -> Key {
    transfers(what, &table.account, &table.region).text(table.name.as_str())
}

pub(crate) fn transfers(what: Transfer, account: &AccountId, region: &Region) -> Key {
    Key::new(transfer_keyspace(what)).text(account.as_str()).text(region.as_str())
}

pub(crate) fn transfer_keyspace(what: Transfer) -> Keyspace {
    match what {
        Transfer::Export => Keyspace::TableExport,
        Transfer::Import => Keyspace::TableImport,
    }
}

/// `number`: of what is written from or into.
pub(crate) fn work(what: Transfer, table: &TableId, number: u64) -> Key {
    all_work_of(what, table).number(number)
}

pub(crate) fn all_work_of(what: Transfer, table: &TableId) -> Key {
    all_work(what).text(table.account.as_str()).text(table.region.as_str())
}

pub(crate) fn all_work(what: Transfer) -> Key {
    Key::new(match what {
        Transfer::Export => Keyspace::TableExportWork,
        Transfer::Import => Keyspace::TableImportWork,
    })
}

/// Of an export whose rows have this number, in order.
pub(crate) fn export_files(rows: u64) -> Key {
    Key::new(Keyspace::TableExportFile).number(rows)
}
