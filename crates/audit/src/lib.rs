//! Who did what, and what was refused to whom: one record for each call, in files that only grow.
//!
//! ```text
//! Record ──Log::append──────────▶ memory ──within a second──▶ DATA/audit/…-0007.log
//! Record ──Log::append_durable──▶ memory ──one fsync for all who wait──▶
//!                                              Reader ◀── the same files, with a server or without
//! ```
//!
//! Knows neither HTTP nor the store; never decides anything.

mod chain;
mod files;
mod flood;
mod log;
mod query;
mod reader;
mod record;
mod segment;
mod tail;

pub use flood::Flood;
pub use log::{AuditError, Log};
pub use query::Query;
pub use reader::{DAMAGE_TOLD_MAX, Damage, Line, Reader, Report, scan_text};
pub use record::{
    Decision, Denial, FailedCondition, Judgement, NearMiss, RECORD_BYTES_MAX, Record, ResourceInfo,
    SessionAttributes, SessionContext, SessionIssuer, Statement, Step, TEXT_CHARS_MAX, UserIdentity, cut,
    cut_to,
};
pub use segment::LINE_BYTES_MAX;
pub use tail::Tail;

use std::time::Duration;

/// How much is kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// A file all of whose records are older goes; default 90 days, as CloudTrail's event history.
    pub retention: Duration,
    /// Bytes after which a file is followed by the next, as it is by the next day.
    pub segment_bytes_max: u64,
    /// Bytes of all files; the oldest go first. One file more may be there.
    pub bytes_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            retention: Duration::from_secs(90 * 24 * 60 * 60),
            segment_bytes_max: 64 << 20,
            bytes_max: 10 << 30,
        }
    }
}
