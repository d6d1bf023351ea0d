//! The change log of a table: a record of each change, written in the transaction that makes it.
//!
//! A stream has [`SHARDS`] shards, by the hash of the partition key, and each counts its changes from 1 up without gaps.
//! The store has one writer, so that a shard's order is the order of commits. Shards stay open until the stream ends:
//! DynamoDB rolls them since its partitions split and move, and ours do neither.

mod append;
mod describe;
mod end;
mod entry;
mod list;
mod read;
mod record;
mod tell;
mod trim;

#[cfg(test)]
pub(crate) mod tests;

pub use append::SHARDS;
pub(crate) use append::{append, same};
pub use describe::{Shard, StreamInfo};
pub(crate) use end::{begin, end, switch};
pub use entry::{Actor, Change, Event};
pub use list::StreamPage;
pub use read::{ChangePage, Position, StreamStart};
pub use record::StreamRecord;
pub use tell::{read_sequence_number, sequence_number, write_change};

use std::time::Duration;

/// How long changes are kept, and what is left of a stream that ended.
pub(crate) const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);
