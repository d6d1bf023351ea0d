use super::checkpoint::Checkpointer;
use super::failure::failed;
use super::files::Directory;
use super::reader::SqliteReader;
use super::table;
use super::writer::SqliteWriter;
use crate::engine::{ReadSide, WriteSide};
use crate::health::Health;
use crate::stats::Counters;
use crate::{KvError, SqliteOptions};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// "Zeru" in ASCII: tells our files from other programs' (`file(1)` shows it too).
const APPLICATION_ID: i32 = 0x5A65_7275;
/// Raised with each change of the table that older programs cannot read.
const FORMAT: i32 = 1;
/// Waiting is only ever met while another connection recovers the log.
const BUSY: Duration = Duration::from_secs(5);
/// Bytes the log is cut back to after it once grew beyond.
const LOG_BYTES_KEPT: i64 = 64 * 1024 * 1024;

pub(crate) struct Engine {
    pub(crate) writer: Box<dyn WriteSide + Send>,
    pub(crate) readers: Vec<Box<dyn ReadSide + Send>>,
    /// For [`crate::Kv::read_few`]; as many as threads that may read at once.
    pub(crate) at_hand: Vec<Box<dyn ReadSide + Send>>,
}

pub(crate) fn open(
    options: &SqliteOptions,
    health: &Health,
    counters: &Arc<Counters>,
) -> Result<Engine, KvError> {
    let directory = Directory::take(&options.path)?;
    let path = directory.database();
    let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    recognise(&connection, &path)?;
    prepare(&connection, options)?;
    directory.sync()?;
    let checkpointer = Checkpointer::start(&path, options, health, counters)?;
    let reader = || -> Result<Box<dyn ReadSide + Send>, KvError> {
        let reader = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        cache(&reader, options.cache_bytes / 4)?;
        Ok(Box::new(SqliteReader::new(reader)))
    };
    let count = options.readers.max(1);
    let readers = (0..count).map(|_| reader()).collect::<Result<_, _>>()?;
    let at_hand = (0..count).map(|_| reader()).collect::<Result<_, _>>()?;
    let writer = Box::new(SqliteWriter::new(connection, checkpointer, directory)?);
    Ok(Engine { writer, readers, at_hand })
}

pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, KvError> {
    // Each connection is used by one thread at a time, so SQLite's own mutex would only cost.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(failed("opening the store"))?;
    connection.busy_timeout(BUSY).map_err(failed("opening the store"))?;
    Ok(connection)
}

/// Refuses files that are not ours, and makes a new one ours.
fn recognise(connection: &Connection, path: &Path) -> Result<(), KvError> {
    let not_ours = |reason: String| KvError::NotAStore { path: path.to_owned(), reason };
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let application_id = number("application_id").map_err(|error| not_ours(error.to_string()))?;
    let format = number("user_version").map_err(failed("opening the store"))?;
    if application_id == APPLICATION_ID {
        return match format {
            FORMAT => Ok(()),
            other => Err(not_ours(format!("its format is {other}, this program knows {FORMAT}"))),
        };
    }
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed("opening the store"))?;
    if application_id != 0 || format != 0 || tables != 0 {
        return Err(not_ours("another program's SQLite file".to_owned()));
    }
    // One transaction: a crash leaves an empty file, which the next start takes for new.
    let create = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE; {};
         PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; COMMIT",
        table::CREATE
    );
    connection.execute_batch(&create).map_err(failed("making the store"))
}

fn prepare(connection: &Connection, options: &SqliteOptions) -> Result<(), KvError> {
    let pragma = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = {LOG_BYTES_KEPT}; PRAGMA temp_store = MEMORY"
    );
    connection.execute_batch(&pragma).map_err(failed("preparing the store"))?;
    cache(connection, options.cache_bytes)
}

pub(super) fn cache(connection: &Connection, bytes: usize) -> Result<(), KvError> {
    // A negative size is in KiB. The file is not mapped into memory as well: an I/O error there would
    // be a signal that ends the process, not an error that fails one read.
    let kib = i64::try_from(bytes / 1024).unwrap_or(i64::MAX).max(64);
    connection.pragma_update(None, "cache_size", -kib).map_err(failed("preparing the store"))
}
