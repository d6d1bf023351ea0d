use crate::api::ErrorReport;
use crate::failure::{Exit, signal_name};

/// An extension that takes its whole instance with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionFailure {
    /// `Extension.Crash`, `Extension.ExitError`, `Extension.InitError` or `Extension.LaunchError`.
    pub error_type: &'static str,
    pub reason: String,
}

impl ExtensionFailure {
    /// What the caller of `request_id` is told.
    pub fn document(&self, request_id: &str) -> ErrorReport {
        ErrorReport::platform(self.error_type, &format!("RequestId: {request_id} Error: {}", self.reason))
    }

    /// `exit code 0`, `exit status 7`, `signal: killed`
    pub fn exit_text(exit: Exit) -> String {
        match exit {
            Exit::Code(0) => "exit code 0".to_owned(),
            Exit::Code(code) => format!("exit status {code}"),
            Exit::Signal(signal) => format!("signal: {}", signal_name(signal)),
            Exit::OutOfMemory => "signal: killed".to_owned(),
        }
    }
}
