use super::failure::failed;
use crate::KvError;
use crate::engine::{Direction, Entry};
use bytes::Bytes;
use names::KeyRange;
use rusqlite::{Connection, OptionalExtension, params};

// `WITHOUT ROWID` makes the table itself the tree of keys: one lookup, no second index. SQLite
// compares blobs as memcmp does, which is the order promised.
pub(super) const CREATE: &str =
    "CREATE TABLE entries (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID";

pub(super) fn get(connection: &Connection, key: &[u8]) -> Result<Option<Bytes>, KvError> {
    let mut statement =
        connection.prepare_cached("SELECT v FROM entries WHERE k = ?1").map_err(failed("reading a value"))?;
    let value = statement.query_row([key], |row| Ok(Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?)));
    value.optional().map_err(failed("reading a value"))
}

pub(super) fn scan(
    connection: &Connection,
    range: &KeyRange,
    limit: usize,
    direction: Direction,
) -> Result<Vec<Entry>, KvError> {
    let sql = match (direction, range.end.is_empty()) {
        (Direction::Ascending, false) => {
            "SELECT k, v FROM entries WHERE k >= ?1 AND k < ?3 ORDER BY k LIMIT ?2"
        }
        (Direction::Ascending, true) => "SELECT k, v FROM entries WHERE k >= ?1 ORDER BY k LIMIT ?2",
        (Direction::Descending, false) => {
            "SELECT k, v FROM entries WHERE k >= ?1 AND k < ?3 ORDER BY k DESC LIMIT ?2"
        }
        (Direction::Descending, true) => "SELECT k, v FROM entries WHERE k >= ?1 ORDER BY k DESC LIMIT ?2",
    };
    let read = || {
        let mut statement = connection.prepare_cached(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = match range.end.is_empty() {
            true => statement.query(params![range.start, limit])?,
            false => statement.query(params![range.start, limit, range.end])?,
        };
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let (key, value) = (row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_blob()?);
            entries.push((Bytes::copy_from_slice(key), Bytes::copy_from_slice(value)));
        }
        Ok(entries)
    };
    read().map_err(failed("reading a range"))
}

pub(super) fn put(connection: &Connection, key: &[u8], value: &[u8]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO entries (k, v) VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = excluded.v";
    connection.prepare_cached(sql)?.execute([key, value]).map(drop)
}

pub(super) fn delete(connection: &Connection, key: &[u8]) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM entries WHERE k = ?1")?.execute([key]).map(drop)
}

/// `BEGIN`, `COMMIT` and their like.
pub(super) fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
