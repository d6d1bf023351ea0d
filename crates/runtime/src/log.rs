//! Log lines on their way from an instance to whoever keeps logs.

mod format;
mod level;
mod sink;
mod tail;

pub use format::LogFormat;
pub use level::{ApplicationLevel, SystemLevel};
pub use sink::{LogReceiver, LogSink, channel};
pub use tail::Tail;

use clock::Timestamp;
use std::sync::Arc;

/// One line of one instance's log, without its final newline. A line that the code wrote may hold
/// newlines inside, where the runtime marked several lines as one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub at: Timestamp,
    pub source: Arc<LogSource>,
    /// `None` while no invocation is running (initialisation).
    pub request_id: Option<Arc<str>>,
    pub text: String,
}

/// Whose log a line belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// Unqualified.
    pub function_arn: String,
    pub version: String,
    pub log_group: String,
    /// `2026/11/21/[$LATEST]<32 hexadecimal digits>`, one per instance.
    pub log_stream: String,
}
