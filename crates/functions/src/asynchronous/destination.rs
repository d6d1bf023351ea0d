use super::queue::{EVENT_BYTES_MAX, InvocationRecord};
use bytes::Bytes;
use clock::Timestamp;
use names::Qualifier;
use pool::Outcome;
use serde_json::{Value, json};

/// Why a destination is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Condition {
    Success,
    RetriesExhausted,
    EventAgeExceeded,
}

impl Condition {
    fn as_str(self) -> &'static str {
        match self {
            Condition::Success => "Success",
            Condition::RetriesExhausted => "RetriesExhausted",
            Condition::EventAgeExceeded => "EventAgeExceeded",
        }
    }
}

/// What tells a destination of an outcome, in the shape of
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>.
///
/// A record over the size of an event is sent without its payloads rather than not at all.
pub(super) fn record(
    request_id: &str,
    record: &InvocationRecord,
    payload: &Bytes,
    condition: Condition,
    outcome: Option<&Outcome>,
    now: Timestamp,
) -> Bytes {
    let of = record.qualifier.clone().unwrap_or(Qualifier::Latest);
    let tried = match condition {
        Condition::Success | Condition::RetriesExhausted => record.failures + 1,
        Condition::EventAgeExceeded => record.failures,
    };
    let mut told = json!({
        "version": "1.0",
        "timestamp": now.to_iso8601(),
        "requestContext": {
            "requestId": request_id,
            "functionArn": record.id.qualified_arn(of).to_string(),
            "condition": condition.as_str(),
            "approximateInvokeCount": tried,
        },
        "requestPayload": as_json(payload),
    });
    if let (Some(outcome), Some(told)) = (outcome, told.as_object_mut()) {
        let mut context = json!({ "statusCode": 200, "executedVersion": outcome.executed_version });
        if let (Some(error), Some(context)) = (outcome.function_error, context.as_object_mut()) {
            context.insert("functionError".to_owned(), json!(error.as_str()));
        }
        told.insert("responseContext".to_owned(), context);
        told.insert("responsePayload".to_owned(), as_json(&outcome.payload));
    }
    let mut bytes = told.to_string();
    if bytes.len() > EVENT_BYTES_MAX
        && let Some(told) = told.as_object_mut()
    {
        told.insert("requestPayload".to_owned(), Value::Null);
        told.insert("responsePayload".to_owned(), Value::Null);
        bytes = Value::Object(std::mem::take(told)).to_string();
    }
    Bytes::from(bytes)
}

fn as_json(bytes: &Bytes) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}
