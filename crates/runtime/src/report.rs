//! The platform's own lines in a function's log, shaped as the parsers in the wild expect them.

use std::fmt::Write;
use std::time::Duration;

/// `INIT_START …`, once for every start of a process.
pub fn init_start(runtime_version: &str, runtime_arn: &str) -> String {
    format!("INIT_START Runtime Version: {runtime_version}\tRuntime Version ARN: {runtime_arn}")
}

pub fn start(request_id: &str, version: &str) -> String {
    format!("START RequestId: {request_id} Version: {version}")
}

pub fn end(request_id: &str) -> String {
    format!("END RequestId: {request_id}")
}

/// What the REPORT line tells about one invocation.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    pub request_id: &'a str,
    pub duration: Duration,
    pub billed: Duration,
    pub memory_mb: u32,
    pub max_memory_bytes: u64,
    pub init: Option<Duration>,
    pub failure: Option<Failure<'a>>,
}

/// Failures that the REPORT line names: those the platform saw, not errors that the code answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure<'a> {
    Timeout,
    Error { error_type: &'a str },
}

impl Report<'_> {
    /// One line without its newline; the service ends it with a tab, and so do we.
    pub fn line(&self) -> String {
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
            self.request_id,
            milliseconds(self.duration),
            self.billed.as_millis(),
            self.memory_mb,
            megabytes(self.max_memory_bytes, self.memory_mb),
        );
        // Writing to a String cannot fail.
        if let Some(init) = self.init {
            let _ = write!(line, "Init Duration: {:.2} ms\t", milliseconds(init));
        }
        match self.failure {
            None => {}
            Some(Failure::Timeout) => line.push_str("Status: timeout\t"),
            Some(Failure::Error { error_type }) => {
                let _ = write!(line, "Status: error\tError Type: {error_type}\t");
            }
        }
        line
    }
}

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
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_shape_that_parsers_know() {
        let report = Report {
            request_id: "id",
            duration: Duration::from_micros(1234),
            billed: billed(Duration::from_micros(1234)),
            memory_mb: 128,
            max_memory_bytes: 44 << 20,
            init: None,
            failure: None,
        };
        let base = "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 44 MB\t";
        assert_eq!(report.line(), base);
        let cold = Report { init: Some(Duration::from_millis(100)), ..report };
        assert_eq!(cold.line(), format!("{base}Init Duration: 100.00 ms\t"));
        let timeout = Report { failure: Some(Failure::Timeout), ..report };
        assert_eq!(timeout.line(), format!("{base}Status: timeout\t"));
        let killed = Report {
            failure: Some(Failure::Error { error_type: "Runtime.ExitError" }),
            max_memory_bytes: 129 << 20,
            ..report
        };
        assert!(
            killed
                .line()
                .ends_with("Max Memory Used: 128 MB\tStatus: error\tError Type: Runtime.ExitError\t")
        );
        assert_eq!(billed(Duration::ZERO), Duration::from_millis(1));
        assert_eq!(billed(Duration::from_millis(7)), Duration::from_millis(7));
    }
}
