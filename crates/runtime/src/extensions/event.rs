use clock::Timestamp;
use serde_json::json;
use std::sync::Arc;

/// What extensions hear of one invocation.
#[derive(Debug, Clone)]
pub struct InvokeEvent {
    pub request_id: String,
    pub deadline: Timestamp,
    pub invoked_arn: String,
    pub trace_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShutdownReason {
    /// Nobody needs the instance any more.
    Spindown,
    /// An invocation took too long.
    Timeout,
    /// A process failed.
    Failure,
}

impl InvokeEvent {
    pub(super) fn document(&self) -> Arc<str> {
        json!({
            "eventType": "INVOKE",
            "deadlineMs": self.deadline.as_ms(),
            "requestId": self.request_id,
            "invokedFunctionArn": self.invoked_arn,
            "tracing": { "type": "X-Amzn-Trace-Id", "value": self.trace_id },
        })
        .to_string()
        .into()
    }
}

pub(super) fn shutdown(reason: ShutdownReason, deadline: Timestamp) -> Arc<str> {
    // The service sends them in lower case, whatever its manual says.
    let reason = match reason {
        ShutdownReason::Spindown => "spindown",
        ShutdownReason::Timeout => "timeout",
        ShutdownReason::Failure => "failure",
    };
    json!({ "eventType": "SHUTDOWN", "shutdownReason": reason, "deadlineMs": deadline.as_ms() })
        .to_string()
        .into()
}
