//! The embedded engine: SQLite with a write-ahead log, one table of ordered keys.
//!
//! Every promise here rests on `synchronous=FULL` (a commit returns after the log is fsynced), on
//! the one writer (nothing ever waits for a lock), and on the checkpoints being somebody else's work.

mod checkpoint;
mod failure;
mod files;
mod open;
mod reader;
mod table;
mod writer;

pub(crate) use open::open;
