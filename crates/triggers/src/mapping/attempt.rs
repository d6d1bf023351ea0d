use super::answer::{Verdict, verdict};
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
    Done,
    /// Places in the batch.
    SomeFailed(Vec<usize>, Failure),
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
    /// `records`: their ids, and the records as JSON. `trace_id`: what the function is to carry on.
    pub(super) async fn attempt(
        &self,
        mapping: &Mapping,
        records: &[(&str, &str)],
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
        payload.push_str("]}");
        let request_id = self.0.clock.uuid();
        let failed = |executed_version: String| {
            Attempt::Failed(Failure {
                request_id: request_id.clone(),
                executed_version,
                function_error: UNHANDLED,
            })
        };
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
            Ok(outcome) => match outcome.function_error {
                None if mapping.settings.reports_items => {
                    let ids: Vec<&str> = records.iter().map(|(id, _)| *id).collect();
                    match verdict(&outcome.payload, &ids) {
                        Verdict::Done => Attempt::Done,
                        Verdict::SomeFailed(places) => Attempt::SomeFailed(
                            places,
                            Failure {
                                request_id: request_id.clone(),
                                executed_version: outcome.executed_version,
                                function_error: UNHANDLED,
                            },
                        ),
                        Verdict::AllFailed => failed(outcome.executed_version),
                    }
                }
                None => Attempt::Done,
                Some(_) => failed(outcome.executed_version),
            },
            Err(FunctionsError::Invoke(InvokeError::InvalidCode(why))) => {
                tracing::warn!(function = mapping.function_arn, why, "a source's function cannot be run");
                failed(String::new())
            }
            Err(error) => Attempt::Unavailable(error.to_string()),
        }
    }
}
