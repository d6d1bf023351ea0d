use crate::log::SystemLevel;
use clock::Timestamp;
use std::time::Duration;

/// Something that the platform tells
/// (<https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>).
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Once for every start of the processes.
    InitStart {
        init: Init,
        /// `node:20.20.2`, or the identifier where the code brings its own runtime.
        runtime_version: &'a str,
        runtime_arn: &'a str,
        function_name: &'a str,
        function_version: &'a str,
        instance_id: &'a str,
        memory_mb: u32,
    },
    /// The runtime asked for its first event, or will not.
    InitRuntimeDone {
        init: Init,
        status: Status,
        error_type: Option<&'a str>,
    },
    /// Runtime and extensions are ready, or will not be.
    InitReport {
        init: Init,
        status: Status,
        error_type: Option<&'a str>,
        duration: Duration,
    },
    RestoreStart {
        runtime_version: &'a str,
        runtime_arn: &'a str,
        function_name: &'a str,
        function_version: &'a str,
        instance_id: &'a str,
        memory_mb: u32,
    },
    RestoreRuntimeDone {
        status: Status,
        error_type: Option<&'a str>,
    },
    RestoreReport {
        status: Status,
        error_type: Option<&'a str>,
        duration: Duration,
    },
    Start {
        request_id: &'a str,
        version: &'a str,
        trace_id: &'a str,
    },
    RuntimeDone(RuntimeDone<'a>),
    End {
        request_id: &'a str,
    },
    Report(Report<'a>),
    /// An error that the platform saw, with its text.
    Fault {
        text: &'a str,
    },
    /// `events` as the extension registered them, separated by commas.
    Extension {
        name: &'a str,
        state: &'a str,
        events: &'a str,
        error_type: Option<&'a str>,
    },
    Subscription {
        api: SubscriptionApi,
        name: &'a str,
        types: &'a [String],
    },
    LogsDropped {
        reason: &'a str,
        records: u64,
        bytes: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Init {
    pub kind: InitKind,
    pub phase: InitPhase,
}

/// Why processes were started; code sees it as `AWS_LAMBDA_INITIALIZATION_TYPE`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InitKind {
    #[default]
    OnDemand,
    ProvisionedConcurrency,
    SnapStart,
}

impl InitKind {
    pub fn as_str(self) -> &'static str {
        match self {
            InitKind::OnDemand => "on-demand",
            InitKind::ProvisionedConcurrency => "provisioned-concurrency",
            InitKind::SnapStart => "snap-start",
        }
    }
}

/// A start that failed is repeated inside the invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitPhase {
    Init,
    Invoke,
}

impl InitPhase {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            InitPhase::Init => "init",
            InitPhase::Invoke => "invoke",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Success,
    /// The code answered with an error.
    Error,
    /// A process ended, or could not be understood.
    Failure,
    Timeout,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::Error => "error",
            Status::Failure => "failure",
            Status::Timeout => "timeout",
        }
    }
}

/// The runtime is done with one invocation; extensions may not be.
#[derive(Debug, Clone, Copy)]
pub struct RuntimeDone<'a> {
    pub request_id: &'a str,
    pub status: Status,
    pub error_type: Option<&'a str>,
    pub duration: Duration,
    /// Of the answer.
    pub produced_bytes: Option<u64>,
    pub spans: &'a [Span],
    pub trace_id: &'a str,
}

/// A part of an invocation: `responseLatency`, `responseDuration`, `runtimeOverhead`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub name: &'static str,
    pub start: Timestamp,
    pub duration: Duration,
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
    /// How long bringing an initialised instance back took, and what of it is billed.
    pub restore: Option<Restore>,
    pub failure: Option<Failure<'a>>,
    pub trace_id: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restore {
    pub duration: Duration,
    pub billed: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure<'a> {
    Timeout,
    /// The platform saw it: the REPORT line names it.
    Error {
        error_type: &'a str,
    },
    /// The code answered it: for records only.
    OfCode {
        error_type: &'a str,
    },
}

/// Which of the two a subscriber used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionApi {
    Telemetry,
    Logs,
}

impl Event<'_> {
    /// As `System log level event mapping` of the service's manual gives it.
    pub fn level(&self) -> SystemLevel {
        let unless_success = |status: Status, level| match status {
            Status::Success => level,
            _ => SystemLevel::Warn,
        };
        match self {
            Event::InitStart { .. }
            | Event::RestoreStart { .. }
            | Event::Start { .. }
            | Event::Subscription { .. } => SystemLevel::Info,
            Event::InitRuntimeDone { status, .. } | Event::RestoreRuntimeDone { status, .. } => {
                unless_success(*status, SystemLevel::Debug)
            }
            Event::InitReport { init, status, .. } => match init.kind {
                InitKind::OnDemand => unless_success(*status, SystemLevel::Debug),
                _ => unless_success(*status, SystemLevel::Info),
            },
            Event::RestoreReport { status, .. } => unless_success(*status, SystemLevel::Info),
            Event::RuntimeDone(done) => unless_success(done.status, SystemLevel::Debug),
            Event::End { .. } => SystemLevel::Debug,
            Event::Report(report) if report.failure.is_some() => SystemLevel::Warn,
            Event::Report(_) => SystemLevel::Info,
            Event::Extension { error_type, .. } if error_type.is_some() => SystemLevel::Warn,
            Event::Extension { .. } => SystemLevel::Info,
            Event::Fault { .. } | Event::LogsDropped { .. } => SystemLevel::Warn,
        }
    }
}
