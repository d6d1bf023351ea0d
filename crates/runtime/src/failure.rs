//! Error documents for what the platform itself sees go wrong with a process.

use crate::api::{ErrorReport, RESPONSE_BYTES_MAX, STREAM_BYTES_MAX};
use std::time::Duration;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
    /// Killed by the kernel, since the instance was at its memory limit.
    OutOfMemory,
}

impl Exit {
    /// The kind that callers, REPORT lines and telemetry name, as the service does
    /// (<https://github.com/DataBiosphere/azul/issues/7730> quotes a REPORT line of the second).
    pub fn error_type(self) -> &'static str {
        match self {
            Exit::Code(_) | Exit::Signal(_) => "Runtime.ExitError",
            Exit::OutOfMemory => "Runtime.OutOfMemory",
        }
    }
}

/// The process ended in the middle of an invocation.
pub fn exited(request_id: &str, exit: Exit) -> ErrorReport {
    report(request_id, exit.error_type(), &exit_reason(exit))
}

/// `Runtime exited with error: exit status 1` and its kin.
pub fn exit_reason(exit: Exit) -> String {
    match exit {
        Exit::Code(0) => "Runtime exited without providing a reason".to_owned(),
        Exit::Code(code) => format!("Runtime exited with error: exit status {code}"),
        Exit::Signal(signal) => format!("Runtime exited with error: signal: {}", signal_name(signal)),
        Exit::OutOfMemory => exit_reason(Exit::Signal(SIGKILL)),
    }
}

const SIGKILL: i32 = 9;

pub fn timed_out(request_id: &str, timeout: Duration) -> ErrorReport {
    report(request_id, "Sandbox.Timedout", &timeout_reason(timeout))
}

/// `Task timed out after 3.00 seconds`
pub fn timeout_reason(timeout: Duration) -> String {
    format!("Task timed out after {:.2} seconds", timeout.as_secs_f64())
}

/// There is nothing to start, or it cannot be started, or not where an image says.
pub fn invalid_entrypoint(request_id: &str, reason: &str) -> ErrorReport {
    let of_directory = reason.starts_with("chdir ");
    let error_type = if of_directory { "Runtime.InvalidWorkingDir" } else { "Runtime.InvalidEntrypoint" };
    report(request_id, error_type, reason)
}

/// The answer had `bytes` bytes.
pub fn response_too_large(bytes: u64) -> ErrorReport {
    ErrorReport::platform(
        "Function.ResponseSizeTooLarge",
        &format!(
            "Response payload size ({bytes} bytes) exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
        ),
    )
}

/// The answer was streamed, and longer than a stream may be.
pub fn stream_too_large() -> ErrorReport {
    ErrorReport::platform(
        "Function.ResponseSizeTooLarge",
        &format!("Response payload size exceeded maximum allowed payload size ({STREAM_BYTES_MAX} bytes)."),
    )
}

/// The connection broke inside the answer, while the process lived on.
pub fn truncated_response(request_id: &str) -> ErrorReport {
    report(request_id, "Runtime.TruncatedResponse", "The response ended before it was complete")
}

fn report(request_id: &str, error_type: &str, reason: &str) -> ErrorReport {
    ErrorReport::platform(error_type, &format!("RequestId: {request_id} Error: {reason}"))
}

/// As Go's `syscall.Signal` prints them, which is what callers know.
pub(crate) fn signal_name(signal: i32) -> String {
    match signal {
        4 => "illegal instruction".to_owned(),
        6 => "aborted".to_owned(),
        7 => "bus error".to_owned(),
        8 => "floating point exception".to_owned(),
        9 => "killed".to_owned(),
        11 => "segmentation fault".to_owned(),
        13 => "broken pipe".to_owned(),
        15 => "terminated".to_owned(),
        31 => "bad system call".to_owned(),
        other => format!("signal {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_say_what_happened() {
        let check = |report: ErrorReport, expected: &str| {
            assert_eq!(String::from_utf8_lossy(&report.body), expected);
        };
        check(
            exited("id", Exit::Code(1)),
            r#"{"errorMessage":"RequestId: id Error: Runtime exited with error: exit status 1","errorType":"Runtime.ExitError"}"#,
        );
        check(
            exited("id", Exit::Code(0)),
            r#"{"errorMessage":"RequestId: id Error: Runtime exited without providing a reason","errorType":"Runtime.ExitError"}"#,
        );
        check(
            exited("id", Exit::Signal(9)),
            r#"{"errorMessage":"RequestId: id Error: Runtime exited with error: signal: killed","errorType":"Runtime.ExitError"}"#,
        );
        check(
            exited("id", Exit::OutOfMemory),
            r#"{"errorMessage":"RequestId: id Error: Runtime exited with error: signal: killed","errorType":"Runtime.OutOfMemory"}"#,
        );
        check(
            timed_out("id", Duration::from_secs(3)),
            r#"{"errorMessage":"RequestId: id Error: Task timed out after 3.00 seconds","errorType":"Sandbox.Timedout"}"#,
        );
    }
}
