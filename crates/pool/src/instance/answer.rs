use super::processes::Ended;
use crate::{FunctionError, Metering, Outcome};
use bytes::Bytes;
use runtime::api::{ErrorReport, RESPONSE_BYTES_MAX, Reply, StreamEnd};
use runtime::failure;
use runtime::report::Status;
use std::time::Duration;

/// How the process dealt with the event.
pub(super) enum End {
    Answered {
        reply: Reply,
        next: AfterAnswer,
    },
    /// In streaming mode.
    Streamed {
        streamed: Streamed,
        next: AfterAnswer,
    },
    Failed(ErrorReport),
    Ended(Ended),
    TimedOut,
}

/// A stream that was not cut short.
pub(super) struct Streamed {
    /// `None` where the caller reads it.
    pub body: Option<Bytes>,
    pub content_type: String,
    /// Bytes, also of those that were not kept.
    pub size: u64,
    pub end: StreamEnd,
}

impl End {
    pub fn next_mut(&mut self) -> Option<&mut AfterAnswer> {
        match self {
            End::Answered { next, .. } | End::Streamed { next, .. } => Some(next),
            _ => None,
        }
    }

    pub fn next(&self) -> Option<&AfterAnswer> {
        match self {
            End::Answered { next, .. } | End::Streamed { next, .. } => Some(next),
            _ => None,
        }
    }
}

pub(super) enum AfterAnswer {
    Idle,
    Exited,
    TimedOut,
}

impl End {
    /// Zero for answers that are kept whole.
    pub fn streamed_bytes(&self) -> u64 {
        match self {
            End::Streamed { streamed, .. } if streamed.body.is_none() => streamed.size,
            _ => 0,
        }
    }

    /// How the runtime did, the type of its error, and the bytes that it answered.
    pub fn of_runtime(&self) -> (Status, Option<&str>, Option<u64>) {
        match self {
            End::Answered { reply: Reply::Response { body, .. }, .. } => {
                (Status::Success, None, Some(body.len() as u64))
            }
            End::Streamed { streamed: Streamed { end: StreamEnd::BrokenOff(report), size, .. }, .. } => {
                (Status::Error, Some(&report.error_type), Some(*size))
            }
            End::Streamed { streamed, .. } => (Status::Success, None, Some(streamed.size)),
            End::Answered { reply: Reply::Error(report), .. } => {
                (Status::Error, Some(&report.error_type), Some(report.body.len() as u64))
            }
            End::Answered { reply: Reply::TooLarge(_), .. } => {
                (Status::Error, Some("Function.ResponseSizeTooLarge"), None)
            }
            End::Answered { reply: Reply::Truncated | Reply::Stream(_), .. } => {
                (Status::Failure, Some("Runtime.TruncatedResponse"), None)
            }
            End::Failed(report) => (Status::Failure, Some(&report.error_type), None),
            End::Ended(Ended::Runtime(exit)) => (Status::Failure, Some(exit.error_type()), None),
            End::Ended(Ended::Extension(failure)) => (Status::Failure, Some(failure.error_type), None),
            End::TimedOut => (Status::Timeout, None, None),
        }
    }
}

/// What the caller is told.
pub(super) struct Answer {
    pub payload: Bytes,
    pub content_type: String,
    pub streamed: bool,
    pub error: Option<Blame>,
    pub exit_reason: Option<String>,
}

impl Answer {
    /// As the caller has it before the invocation's end: the rest is not known by then.
    pub fn early(self, executed_version: &str) -> Outcome {
        Outcome {
            payload: self.payload,
            content_type: self.content_type,
            streamed: self.streamed,
            function_error: self.error.as_ref().map(|_| FunctionError::Unhandled),
            log_tail: String::new(),
            executed_version: executed_version.to_owned(),
            metering: Metering::default(),
        }
    }
}

/// Who states the error; of which type.
pub(super) enum Blame {
    Code(String),
    Platform(String),
}

impl Blame {
    pub fn error_type(&self) -> &str {
        match self {
            Blame::Code(error_type) | Blame::Platform(error_type) => error_type,
        }
    }
}

pub(super) fn answer(end: &End, id: &str, timeout: Duration) -> Answer {
    match end {
        End::Answered { reply, .. } => of_reply(reply, id),
        End::Streamed { streamed, .. } => Answer { streamed: true, ..of_stream(streamed) },
        End::Failed(report) => of_platform(report.clone()),
        End::Ended(Ended::Runtime(exit)) => Answer {
            exit_reason: Some(failure::exit_reason(*exit)),
            ..of_platform(failure::exited(id, *exit))
        },
        End::Ended(Ended::Extension(failure)) => {
            let document = failure.document(id);
            Answer { exit_reason: Some(failure.reason.clone()), ..of_platform(document) }
        }
        End::TimedOut => of_platform(failure::timed_out(id, timeout)),
    }
}

/// Of one that is no stream.
pub(super) fn of_reply(reply: &Reply, id: &str) -> Answer {
    match reply {
        Reply::Response { body, content_type } => of_body(body.clone(), content_type.clone()),
        Reply::Error(report) => of_code(report.clone()),
        Reply::TooLarge(size) => of_platform(failure::response_too_large(*size)),
        Reply::Truncated | Reply::Stream(_) => of_platform(failure::truncated_response(id)),
    }
}

fn of_stream(streamed: &Streamed) -> Answer {
    let Streamed { body, content_type, size, end } = streamed;
    match end {
        // Where nothing has been sent to the caller yet, the error takes the answer's place.
        StreamEnd::BrokenOff(report) => of_code(report.clone()),
        _ if body.is_some() && *size > RESPONSE_BYTES_MAX as u64 => {
            of_platform(failure::response_too_large(*size))
        }
        StreamEnd::TooLarge => of_platform(failure::stream_too_large()),
        StreamEnd::Complete | StreamEnd::Truncated => {
            of_body(body.clone().unwrap_or_default(), content_type.clone())
        }
    }
}

fn of_body(payload: Bytes, content_type: String) -> Answer {
    Answer { payload, content_type, streamed: false, error: None, exit_reason: None }
}

fn of_code(report: ErrorReport) -> Answer {
    Answer {
        payload: report.body,
        content_type: "application/json".to_owned(),
        streamed: false,
        error: Some(Blame::Code(report.error_type)),
        exit_reason: None,
    }
}

fn of_platform(report: ErrorReport) -> Answer {
    let error_type = report.error_type.clone();
    Answer { error: Some(Blame::Platform(error_type)), ..of_code(report) }
}
