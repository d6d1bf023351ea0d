use super::checkpoint::Checkpointer;
use super::failure::failed;
use super::files::Directory;
use super::table;
use crate::KvError;
use crate::changes::Changes;
use crate::engine::{Direction, Entry, View, WriteSide};
use bytes::Bytes;
use names::KeyRange;
use rusqlite::Connection;

pub(super) struct SqliteWriter {
    // Fields are dropped in this order: the directory is let go last.
    checkpointer: Checkpointer,
    connection: Connection,
    _directory: Directory,
}

impl SqliteWriter {
    pub(super) fn new(
        mut connection: Connection,
        checkpointer: Checkpointer,
        directory: Directory,
    ) -> Result<Self, KvError> {
        let log = checkpointer.log();
        connection
            .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, frames| {
                log.has_frames(frames);
                Ok(())
            }))
            .map_err(failed("preparing the store"))?;
        Ok(SqliteWriter { checkpointer, connection, _directory: directory })
    }
}

impl View for SqliteWriter {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        table::get(&self.connection, key)
    }

    fn scan(&self, range: &KeyRange, limit: usize, direction: Direction) -> Result<Vec<Entry>, KvError> {
        table::scan(&self.connection, range, limit, direction)
    }
}

impl WriteSide for SqliteWriter {
    fn begin(&self) -> Result<(), KvError> {
        table::run(&self.connection, "BEGIN IMMEDIATE").map_err(failed("beginning a batch"))
    }

    fn apply(&self, changes: &Changes) -> Result<(), KvError> {
        for (key, value) in changes.entries() {
            let written = match value {
                Some(value) => table::put(&self.connection, key, value),
                None => table::delete(&self.connection, key),
            };
            written.map_err(failed("writing"))?;
        }
        Ok(())
    }

    fn commit(&self) -> Result<(), KvError> {
        table::run(&self.connection, "COMMIT").map_err(failed("committing a batch"))
    }

    fn rollback(&self) -> Result<(), KvError> {
        // Some errors end the transaction by themselves.
        if self.connection.is_autocommit() {
            return Ok(());
        }
        table::run(&self.connection, "ROLLBACK").map_err(failed("undoing a batch"))
    }

    fn maintain(&self) -> Result<(), KvError> {
        self.checkpointer.finish_on(&self.connection)
    }

    fn close(&self) -> Result<(), KvError> {
        self.checkpointer.stop();
        Checkpointer::empty_log(&self.connection)
    }
}
