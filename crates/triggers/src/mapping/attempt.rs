use super::answer::{Verdict, verdict, windowed};
use super::window::{Frame, Occasion};
use super::{Mapping, Mappings};
use bytes::Bytes;
use functions::{FunctionsError, Invocation};
use pool::InvokeError;

/// What a function is handed at most, once, as JSON.
pub(super) const PAYLOAD_BYTES_MAX: usize = functions::PAYLOAD_BYTES_MAX - 64;

const UNHANDLED: &str = "Unhandled";

/// What came of handing a batch to a function.
#[derive(Debug)]
pub(super) enum Attempt {
    /// With the state of a window.
    Done(Option<String>),
    /// Places in the batch, and the state of a window.
    SomeFailed(Vec<usize>, Failure, Option<String>),
    /// The function was run, and failed.
    Failed(Failure),
    /// It was not tried: there is no room, or no function. To be tried again, which counts for nothing.
    Unavailable(String),
}

/// A run of the function that failed, as who is told of it sees it.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub request_id: String,
    pub executed_version: String,
    pub function_error: &'static str,
}

impl Mappings {
    /// `records`: their ids, and the records as JSON. `frame`: of a tumbling window. `trace_id`: what the function is to
    /// carry on.
    pub(super) async fn attempt(
        &self,
        mapping: &Mapping,
        records: &[(&str, &str)],
        frame: Option<Frame<'_>>,
        trace_id: Option<String>,
    ) -> Attempt {
        let Some((id, qualifier)) = mapping.function() else {
            return Attempt::Unavailable(format!("{} is no function", mapping.function_arn));
        };
        let mut payload = String::from("{\"Records\":[");
        for (place, (_, record)) in records.iter().enumerate() {
            payload.push_str(if place > 0 { "," } else { "" });
            payload.push_str(record);
        }
        payload.push(']');
        payload.push_str(&frame.as_ref().map(Frame::members).unwrap_or_default());
        payload.push('}');
        let request_id = self.0.clock.uuid();
        let invocation = Invocation {
            id,
            qualifier,
            request_id: request_id.clone(),
            payload: Bytes::from(payload),
            client_context: None,
            trace_id,
            until_end: false,
        };
        match self.0.functions.invoke(invocation).await {
            Ok(outcome) => {
                let ids: Vec<&str> = records.iter().map(|(id, _)| *id).collect();
                let reports_items = mapping.settings.reports_items;
                let (verdict, state) = match (&outcome.function_error, frame.map(|frame| frame.occasion)) {
                    (Some(_), _) => (Verdict::AllFailed, None),
                    (None, Some(Occasion::Records)) => windowed(&outcome.payload, &ids, reports_items),
                    // There is nothing left to say at a window's end.
                    (None, Some(Occasion::End | Occasion::EarlyEnd)) => (Verdict::Done, None),
                    (None, None) if reports_items => (verdict(&outcome.payload, &ids), None),
                    (None, None) => (Verdict::Done, None),
                };
                let failure = Failure {
                    request_id,
                    executed_version: outcome.executed_version,
                    function_error: UNHANDLED,
                };
                match verdict {
                    Verdict::Done => Attempt::Done(state),
                    Verdict::SomeFailed(places) => Attempt::SomeFailed(places, failure, state),
                    Verdict::AllFailed => Attempt::Failed(failure),
                }
            }
            Err(FunctionsError::Invoke(InvokeError::InvalidCode(why))) => {
                tracing::warn!(function = mapping.function_arn, why, "a source's function cannot be run");
                Attempt::Failed(Failure {
                    request_id,
                    executed_version: String::new(),
                    function_error: UNHANDLED,
                })
            }
            Err(error) => Attempt::Unavailable(error.to_string()),
        }
    }
}
