use super::answer::{Answer, Blame};
use crate::output::Log;
use crate::{FunctionError, Metering, Outcome, VersionSpec};
use clock::Clock;
use runtime::failure;
use runtime::report::{Event, Failure, Report, Restore};

/// The end of an invocation, however it was run: what the log is told last, and what the caller.
pub(super) struct Concluding<'a> {
    pub log: &'a Log,
    pub clock: &'a Clock,
    pub spec: &'a VersionSpec,
    pub request_id: &'a str,
    pub trace_id: &'a str,
    pub timed_out: bool,
    pub restore: Option<Restore>,
}

impl Concluding<'_> {
    pub fn conclude(&self, answer: Answer, metering: Metering) -> (Outcome, Option<Blame>) {
        let Concluding { log, spec, request_id: id, timed_out, .. } = *self;
        if let (Some(reason), Some(Blame::Platform(error_type))) = (&answer.exit_reason, &answer.error) {
            let text = format!("RequestId: {id} Error: {reason}\n{error_type}");
            log.tell(&Event::Fault { text: &text });
        }
        if timed_out {
            let now = self.clock.now().to_iso8601();
            let text = format!("{now} {id} {}", failure::timeout_reason(spec.timeout));
            log.tell(&Event::Fault { text: &text });
        }
        let failure = match (&answer.error, timed_out) {
            (_, true) => Some(Failure::Timeout),
            (Some(Blame::Platform(error_type)), false) => Some(Failure::Error { error_type }),
            (Some(Blame::Code(error_type)), false) => Some(Failure::OfCode { error_type }),
            (None, false) => None,
        };
        log.tell(&Event::End { request_id: id });
        log.tell(&Event::Report(Report {
            request_id: id,
            duration: metering.duration,
            billed: metering.billed,
            memory_mb: spec.memory_mb,
            max_memory_bytes: metering.max_memory_bytes,
            init: metering.init,
            restore: self.restore,
            failure,
            trace_id: self.trace_id,
        }));
        let outcome = Outcome {
            payload: answer.payload,
            content_type: answer.content_type,
            streamed: answer.streamed,
            function_error: answer.error.as_ref().map(|_| FunctionError::Unhandled),
            log_tail: log.finish(),
            executed_version: spec.version.clone(),
            metering,
        };
        (outcome, answer.error)
    }
}
