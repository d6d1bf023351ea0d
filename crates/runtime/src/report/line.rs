//! Events as lines of a text log.

use super::event::{Event, Failure, InitKind, Report, Status, SubscriptionApi};
use super::{megabytes, milliseconds};
use std::fmt::Write;
use std::time::Duration;

impl Event<'_> {
    /// Without its newline. `None`: text logs do not tell it.
    pub fn line(&self) -> Option<String> {
        Some(match self {
            Event::InitStart { runtime_version, runtime_arn, .. } => {
                format!("INIT_START Runtime Version: {runtime_version}\tRuntime Version ARN: {runtime_arn}")
            }
            // The REPORT line has it when nobody prepared the instance and nothing went wrong.
            Event::InitReport { init, status: Status::Success, .. } if init.kind == InitKind::OnDemand => {
                return None;
            }
            Event::InitReport { init, status, error_type, duration } => {
                let phase = format!("\tPhase: {}", init.phase.as_str());
                outcome("INIT_REPORT Init Duration", *duration, &phase, *status, *error_type)
            }
            Event::RestoreStart { runtime_version, runtime_arn, .. } => {
                format!(
                    "RESTORE_START Runtime Version: {runtime_version}\tRuntime Version ARN: {runtime_arn}"
                )
            }
            Event::RestoreReport { status, error_type, duration } => {
                outcome("RESTORE_REPORT Restore Duration", *duration, "", *status, *error_type)
            }
            Event::Start { request_id, version, .. } => {
                format!("START RequestId: {request_id} Version: {version}")
            }
            Event::End { request_id } => format!("END RequestId: {request_id}"),
            Event::Report(report) => report.line(),
            Event::Fault { text } => (*text).to_owned(),
            Event::Extension { name, state, events, error_type } => {
                let error = error_type.map(|kind| format!("\tError Type: {kind}")).unwrap_or_default();
                format!("EXTENSION\tName: {name}\tState: {state}\tEvents: [{events}]{error}")
            }
            Event::Subscription { api, name, types } => subscription(*api, name, types),
            Event::LogsDropped { reason, records, bytes } => {
                format!("{records} lines ({bytes} bytes) of this log were dropped: {reason}")
            }
            Event::InitRuntimeDone { .. } | Event::RestoreRuntimeDone { .. } | Event::RuntimeDone(_) => {
                return None;
            }
        })
    }
}

/// `INIT_REPORT Init Duration: 1236.04 ms\tPhase: init\tStatus: error\tError Type: …`
fn outcome(what: &str, took: Duration, phase: &str, status: Status, error_type: Option<&str>) -> String {
    let mut line = format!("{what}: {:.2} ms{phase}", milliseconds(took));
    // Writing to a String cannot fail.
    match status {
        Status::Success => {}
        Status::Timeout => line.push_str("\tStatus: timeout"),
        Status::Error | Status::Failure => {
            let _ = write!(line, "\tStatus: error\tError Type: {}", error_type.unwrap_or("Runtime.Unknown"));
        }
    }
    line
}

fn subscription(api: SubscriptionApi, name: &str, types: &[String]) -> String {
    match api {
        SubscriptionApi::Telemetry => {
            let types: Vec<String> = types.iter().map(|kind| capitalised(kind)).collect();
            format!("TELEMETRY\tName: {name}\tState: Subscribed\tTypes: [{}]", types.join(", "))
        }
        SubscriptionApi::Logs => {
            format!("LOGS\tName: {name}\tState: Subscribed\tTypes: [{}]", types.join(","))
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

impl Report<'_> {
    /// The service ends it with a tab, and so do we.
    fn line(&self) -> String {
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
        if let Some(restore) = self.restore {
            let _ = write!(
                line,
                "Restore Duration: {:.2} ms\tBilled Restore Duration: {} ms\t",
                milliseconds(restore.duration),
                restore.billed.as_millis()
            );
        }
        match self.failure {
            None | Some(Failure::OfCode { .. }) => {}
            Some(Failure::Timeout) => line.push_str("Status: timeout\t"),
            Some(Failure::Error { error_type }) => {
                let _ = write!(line, "Status: error\tError Type: {error_type}\t");
            }
        }
        line
    }
}
