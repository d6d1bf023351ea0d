//! Who is told of an event's outcome.

use super::destination::{self, Condition};
use super::dispatch::Verdict;
use super::follow_up::{DeadLetter, FollowUp};
use super::queue::InvocationRecord;
use crate::event_invoke_config::{self, EventInvokeRecord};
use crate::{Functions, FunctionsError, lineage, lookup};
use bytes::Bytes;
use kv::Snapshot;
use pool::Outcome;
use serde_json::Value;

/// Of an error's message in a dead letter.
const MESSAGE_BYTES_MAX: usize = 1024;

impl Functions {
    /// The destination of this outcome, and of an event that is given up the function's dead letter queue too.
    ///
    /// # Errors
    /// The store fails.
    pub(super) async fn follow_ups(
        &self,
        request_id: &str,
        record: &InvocationRecord,
        payload: &Bytes,
        settings: &EventInvokeRecord,
        verdict: &Verdict,
    ) -> Result<Vec<(FollowUp, Bytes)>, FunctionsError> {
        let (to, condition, outcome) = match verdict {
            Verdict::Failed { .. } | Verdict::Unavailable { .. } => return Ok(Vec::new()),
            Verdict::Succeeded(outcome) => (&settings.on_success, Condition::Success, Some(outcome)),
            Verdict::Exhausted(outcome) => {
                (&settings.on_failure, Condition::RetriesExhausted, outcome.as_ref())
            }
            Verdict::Recursive => (&settings.on_failure, Condition::RetriesExhausted, None),
            Verdict::TooOld => (&settings.on_failure, Condition::EventAgeExceeded, None),
        };
        // Each event that is given up counts as one run, so that no loop goes on without running anything.
        let trace_id = lineage::advanced(record.trace_id.as_deref(), &record.id, &self.clock);
        let follow_up = |to: &str, dead_letter: Option<DeadLetter>| FollowUp {
            function: record.id.clone(),
            qualifier: record.qualifier.clone(),
            to: to.to_owned(),
            trace_id: Some(trace_id.clone()),
            dead_letter,
        };
        let ends_here = |to: &str| {
            matches!(verdict, Verdict::Recursive)
                && event_invoke_config::function(to)
                    .is_ok_and(|(id, _)| lineage::runs(Some(&trace_id), &id) >= lineage::RUNS_MAX)
        };
        let mut told = Vec::new();
        if let Some(to) = to.as_deref().filter(|to| !ends_here(to)) {
            let now = self.clock.now();
            let text = destination::record(request_id, record, payload, condition, outcome, now);
            told.push((follow_up(to, None), text));
        }
        if let Some((code, message)) = why_dead(verdict)
            && let Some(to) = self.dead_letters(record).await?
        {
            let dead_letter = DeadLetter { request_id: request_id.to_owned(), code, message: short(message) };
            told.push((follow_up(&to, Some(dead_letter)), payload.clone()));
        }
        Ok(told)
    }

    /// Where events go that the version gave up; none of a function that is gone.
    async fn dead_letters(&self, record: &InvocationRecord) -> Result<Option<String>, FunctionsError> {
        let (id, qualifier) = (record.id.clone(), record.qualifier.clone());
        self.kv
            .read(async move |from: &Snapshot| match lookup::find(from, &id, qualifier.as_ref()).await {
                Ok(found) => Ok(found.configuration.dead_letters),
                Err(FunctionsError::NotFound(_)) => Ok(None),
                Err(error) => Err(error),
            })
            .await
    }
}

/// Why an event was given up, as a status and a message; `None` for one that was not.
fn why_dead(verdict: &Verdict) -> Option<(u16, String)> {
    match verdict {
        Verdict::Succeeded(_) | Verdict::Failed { .. } | Verdict::Unavailable { .. } => None,
        Verdict::Exhausted(Some(outcome)) => Some((200, error_message(outcome))),
        Verdict::Exhausted(None) => Some((502, "The function could not be run.".to_owned())),
        Verdict::TooOld => Some((429, "The event grew too old before it could be dealt with.".to_owned())),
        Verdict::Recursive => Some((400, "The event came from a recursive loop.".to_owned())),
    }
}

fn error_message(outcome: &Outcome) -> String {
    let document: Option<Value> = serde_json::from_slice(&outcome.payload).ok();
    let message = document.as_ref().and_then(|document| document.get("errorMessage")?.as_str());
    message.map_or_else(|| String::from_utf8_lossy(&outcome.payload).into_owned(), str::to_owned)
}

fn short(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
    message
}
