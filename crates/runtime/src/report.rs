//! What the platform itself says about a function: lines of its log, shaped as the parsers in the wild
//! expect them, and the same as the JSON records of JSON logs and of the Telemetry API.

mod event;
mod line;
mod record;

pub use event::{
    Event, Failure, Init, InitKind, InitPhase, Report, Restore, RuntimeDone, Span, Status, SubscriptionApi,
};
pub use record::document;

use std::time::Duration;

/// What a time costs: rounded up to a whole millisecond, at least one.
pub fn billed(duration: Duration) -> Duration {
    let whole = duration.as_nanos().div_ceil(1_000_000).max(1);
    Duration::from_millis(u64::try_from(whole).unwrap_or(u64::MAX))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Rounded up, and never more than there was: the kernel counts a little beyond the limit before it acts.
fn megabytes(bytes: u64, memory_mb: u32) -> u64 {
    bytes.div_ceil(1 << 20).min(u64::from(memory_mb))
}

#[cfg(test)]
mod tests;
