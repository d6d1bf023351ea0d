use super::failure::failed;
use super::table;
use crate::KvError;
use crate::engine::{Direction, Entry, ReadSide, View};
use bytes::Bytes;
use names::KeyRange;
use rusqlite::Connection;

/// A read-only connection: its snapshot is taken at the first read after `begin`.
pub(super) struct SqliteReader(Connection);

impl SqliteReader {
    pub(super) fn new(connection: Connection) -> Self {
        SqliteReader(connection)
    }
}

impl View for SqliteReader {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        table::get(&self.0, key)
    }

    fn scan(&self, range: &KeyRange, limit: usize, direction: Direction) -> Result<Vec<Entry>, KvError> {
        table::scan(&self.0, range, limit, direction)
    }
}

impl ReadSide for SqliteReader {
    fn begin(&self) -> Result<(), KvError> {
        table::run(&self.0, "BEGIN DEFERRED").map_err(failed("beginning a snapshot"))
    }

    fn end(&self) -> Result<(), KvError> {
        table::run(&self.0, "COMMIT").map_err(failed("ending a snapshot"))
    }
}
