//! How far each log has been read.

use kv::{KvError, Read, Record, Transaction};
use names::{Key, Keyspace};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Cursor {
    /// The sequence of the last entry that was handed on.
    sequence: u64,
}

impl Record for Cursor {
    const KIND: &'static str = "cursor of a log";
    const VERSION: u8 = 1;
}

/// Zero when nothing was read yet.
pub(crate) async fn get(from: &impl Read, log: &str) -> Result<u64, KvError> {
    let cursor: Option<Cursor> = kv::get_record(from, key(log)).await?;
    Ok(cursor.map_or(0, |cursor| cursor.sequence))
}

pub(crate) fn put(tx: &mut Transaction, log: &str, sequence: u64) {
    kv::put_record(tx, key(log), &Cursor { sequence });
}

fn key(log: &str) -> Key {
    Key::new(Keyspace::Cursor).text(log)
}
