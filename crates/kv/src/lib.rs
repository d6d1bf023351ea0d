//! An ordered, transactional key-value store: bytes, ranges, transactions, snapshots, watches.
//!
//! Knows no record of any service. Two engines stand behind one small trait: SQLite for data
//! directories, and memory as the test oracle.
//!
//! What holds on every engine:
//! - [`Kv::transact`] is serialisable, and returns only after its writes are on disk.
//! - [`Kv::read`] sees one snapshot of everything acknowledged before it began.
//! - A [`Watch`] made before a commit sees that commit.
//!
//! Stated bounds: [`KEY_BYTES_MAX`], [`VALUE_BYTES_MAX`], [`TRANSACTION_BYTES_MAX`],
//! [`QUEUE_LENGTH_MAX`].

mod aside;
mod at_hand;
mod changes;
mod engine;
mod error;
mod health;
mod job;
mod memory;
mod options;
mod read;
mod readers;
pub mod record;
mod snapshot;
mod sqlite;
mod stats;
mod store;
mod threads;
mod transaction;
mod watch;
mod writer;

pub use aside::{Aside, count_aside, list_aside, set_aside};
pub use changes::{KEY_BYTES_MAX, TRANSACTION_BYTES_MAX, VALUE_BYTES_MAX};
pub use error::KvError;
pub use options::SqliteOptions;
pub use read::Read;
pub use record::{Record, get_record, put_record, range_records};
pub use snapshot::Snapshot;
pub use stats::Stats;
pub use store::{Kv, QUEUE_LENGTH_MAX};
pub use transaction::Transaction;
pub use watch::Watch;
