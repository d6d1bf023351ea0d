use bytes::Bytes;
use std::time::Duration;

/// One event for one instance.
#[derive(Debug, Clone)]
pub struct InvokeRequest {
    /// A UUID; the code sees it as its request id.
    pub request_id: String,
    /// The event, at most 6 MiB; whoever speaks to the caller has checked its size.
    pub payload: Bytes,
    /// The ARN the caller used, with its qualifier if there was one.
    pub invoked_arn: String,
    /// JSON text, already decoded from base64.
    pub client_context: Option<String>,
    /// JSON text `{"cognitoIdentityId", "cognitoIdentityPoolId"}`.
    pub cognito_identity: Option<String>,
    /// Whether [`Outcome::log_tail`] is to be filled.
    pub wants_tail: bool,
    /// `Root=1-…;Parent=…;Sampled=0`; `None` makes a new unsampled one.
    pub trace_id: Option<String>,
}

/// What became of an invocation that reached an instance.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The code's answer, or the error document when `function_error` is set. Empty when it went to an
    /// [`crate::AnswerSink`].
    pub payload: Bytes,
    /// As the code gave it; `application/json` unless it says otherwise.
    pub content_type: String,
    /// The code answered in streaming mode.
    pub streamed: bool,
    pub function_error: Option<FunctionError>,
    /// The last 4 KiB of this invocation's log, START and REPORT lines included, where it is wanted.
    pub log_tail: String,
    /// `$LATEST` or a number.
    pub executed_version: String,
    pub metering: Metering,
}

/// The value of `X-Amz-Function-Error`.
///
/// Today's service answers `Unhandled` for every error; `Handled` is left for errors that a runtime
/// reports with its own status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionError {
    Unhandled,
}

impl FunctionError {
    pub fn as_str(self) -> &'static str {
        match self {
            FunctionError::Unhandled => "Unhandled",
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Metering {
    /// From handing over the event until the runtime asked for the next one.
    pub duration: Duration,
    /// `duration` and, on a cold start, `init`, rounded up to a whole millisecond.
    pub billed: Duration,
    /// Cold starts only: from starting the process until it asked for its first event.
    pub init: Option<Duration>,
    /// Of all processes of the instance since its invocation before; in the first one since its sandbox was
    /// made. `None` where the kernel does not tell.
    pub cpu: Option<Duration>,
    /// The highest memory use of the instance since it was started, in bytes.
    pub max_memory_bytes: u64,
    pub cold: bool,
    pub source: InstanceSource,
    /// Of an answer that went to an [`crate::AnswerSink`].
    pub streamed_bytes: u64,
}

/// What an invocation ran on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InstanceSource {
    #[default]
    OnDemand,
    Provisioned,
    /// On demand, since the version's provisioned instances were busy or not there yet.
    Spillover,
}

/// Why no instance was asked, or none could answer. Failures of the code itself are [`Outcome`]s.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// 429 `TooManyRequestsException`; trying later can succeed.
    #[error("{}", .0.message())]
    Throttled(ThrottleReason),
    /// The interpreter that the function's runtime needs is not on this machine.
    #[error("{0}")]
    RuntimeMissing(String),
    /// The code cannot be mounted, e.g. its directory is gone. Trying again cannot help.
    #[error("{0}")]
    InvalidCode(String),
    /// The function's role is not there any more, or does not let the function act in it.
    #[error("{0}")]
    RoleRefused(String),
    /// What the code does when an initialised instance goes on failed.
    #[error(
        "The afterRestore() runtime hook encountered an error. For more information, check the function's log."
    )]
    RestoreFailed,
    /// It took longer than ten seconds.
    #[error("Lambda couldn't restore the snapshot within the timeout limit.")]
    RestoreTimedOut,
    /// The machine could not make a sandbox, or the pool is shutting down. Trying later can succeed.
    #[error("{0}")]
    Unavailable(String),
}

/// The `Reason` member of `TooManyRequestsException`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottleReason {
    /// All of the function's reserved concurrency is in use.
    ReservedConcurrency,
    /// What the account's functions share that reserved nothing is in use.
    AccountConcurrency,
    /// The machine's memory is given out, and waiting for some took too long or too many wait already.
    MachineMemory,
}

impl ThrottleReason {
    pub fn as_str(self) -> &'static str {
        match self {
            ThrottleReason::ReservedConcurrency => "ReservedFunctionConcurrentInvocationLimitExceeded",
            ThrottleReason::AccountConcurrency => "ConcurrentInvocationLimitExceeded",
            ThrottleReason::MachineMemory => "CallerRateLimitExceeded",
        }
    }

    /// Lambda's own text for limits that it has too.
    fn message(self) -> &'static str {
        match self {
            ThrottleReason::ReservedConcurrency | ThrottleReason::AccountConcurrency => "Rate Exceeded.",
            ThrottleReason::MachineMemory => "Rate Exceeded: this machine's memory for functions is in use.",
        }
    }
}
