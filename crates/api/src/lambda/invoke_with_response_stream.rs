use super::error::invalid;
use super::invocation::{invocation, with_log};
use super::model;
use super::target::target;
use crate::trace::TRACE_HEADER;
use crate::{AccessLevel, ApiError, Call, Operation, Reply, ReplyBody};
use access::Resource;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use functions::{Answer, FunctionsError, PAYLOAD_BYTES_MAX, StreamedAnswer};
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderName, StatusCode};
use pool::Outcome;
use protocol::event_stream;

impl Operation for model::operation::InvokeWithResponseStream {
    /// The same as `Invoke`'s: there is no action of this operation's own name.
    const ACTION: &'static str = "lambda:InvokeFunction";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] =
        &["FunctionName", "InvocationType", "LogType", "ClientContext", "Qualifier"];
    const BODY_MAX: usize = PAYLOAD_BYTES_MAX;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, input.qualifier.as_deref()).map(|target| target.resources())
    }

    async fn call(mut call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target(&call, &input.function_name, input.qualifier.as_deref())?;
        let invocation =
            invocation(&mut call, target, input.client_context.as_deref(), input.log_type.as_deref()).await?;
        let functions = &call.services.functions;
        match input.invocation_type.as_deref() {
            None | Some("RequestResponse") => {
                let trace = invocation.trace_id.clone().unwrap_or_default();
                let answer = functions.invoke_streaming(invocation).await?;
                let output = model::InvokeWithResponseStreamResponse {
                    executed_version: Some(match &answer {
                        Answer::Whole(outcome) => outcome.executed_version.clone(),
                        Answer::Streamed(answer) => answer.executed_version().to_owned(),
                    }),
                    response_stream_content_type: Some(event_stream::CONTENT_TYPE.to_owned()),
                    ..model::InvokeWithResponseStreamResponse::default()
                };
                let events = events(answer, with_log(input.log_type.as_deref()));
                Ok(Reply::new(output)
                    .with_body(ReplyBody::open(events.map(Ok)))
                    .with_header(HeaderName::from_static(TRACE_HEADER), &trace))
            }
            Some("DryRun") => {
                functions.invoke_dry(invocation.id, invocation.qualifier).await?;
                let output = model::InvokeWithResponseStreamResponse::default();
                Ok(Reply::new(output).with_status(StatusCode::NO_CONTENT))
            }
            Some(other) => Err(invalid(format!("InvocationType {other:?} is unknown"))),
        }
    }
}

/// The messages: the payload as it comes, and how it ended.
fn events(answer: Answer, tail: bool) -> impl Stream<Item = Bytes> + Send {
    let (whole, streamed) = match answer {
        Answer::Whole(outcome) => (Some(outcome), None),
        Answer::Streamed(answer) => (None, Some(answer)),
    };
    let whole = whole.map(|outcome| stream::iter(of_whole(&outcome, tail)));
    let streamed = stream::unfold(streamed, move |answer| async move {
        let mut answer = answer?;
        match answer.next().await {
            Some(bytes) => Some((payload_chunk(&bytes), Some(answer))),
            None => Some((end(answer, tail).await, None)),
        }
    });
    stream::iter(whole).flatten().chain(streamed)
}

fn of_whole(outcome: &Outcome, tail: bool) -> Vec<Bytes> {
    let log = tail.then_some(outcome.log_tail.as_str());
    if outcome.function_error.is_some() {
        return vec![complete(Some((&outcome.payload, "Unhandled")), log)];
    }
    let payload = (!outcome.payload.is_empty()).then(|| payload_chunk(&outcome.payload));
    payload.into_iter().chain([complete(None, log)]).collect()
}

async fn end(answer: StreamedAnswer, tail: bool) -> Bytes {
    let ended = match answer.end().await {
        Ok(ended) => ended,
        Err(error) => return cut_off(error),
    };
    let broken_off = ended.broken_off.clone();
    let broken_off = broken_off.as_ref().map(|report| (&report.document, report.error_type.as_str()));
    if !tail {
        return complete(broken_off, None);
    }
    // The log is only complete when the invocation is, which may be later than the stream.
    match ended.outcome().await {
        Ok(outcome) => complete(broken_off, Some(&outcome.log_tail)),
        Err(error) => cut_off(error),
    }
}

fn payload_chunk(payload: &Bytes) -> Bytes {
    event_stream::event("PayloadChunk", "application/octet-stream", payload)
}

/// `error` is the document, and the kind to be named where the document names none.
fn complete(error: Option<(&Bytes, &str)>, log: Option<&str>) -> Bytes {
    let event = model::InvokeWithResponseStreamCompleteEvent {
        error_code: error.map(|(document, kind)| error_type(document).unwrap_or_else(|| kind.to_owned())),
        error_details: error.map(|(document, _)| String::from_utf8_lossy(document).into_owned()),
        log_result: log.map(|log| STANDARD.encode(log)),
    };
    let document = serde_json::to_vec(&event).unwrap_or_default();
    event_stream::event("InvokeComplete", "application/json", &document)
}

/// What the service names as the code of an error is the kind that the code itself gave it.
fn error_type(document: &Bytes) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(document).ok()?;
    Some(document.get("errorType")?.as_str()?.to_owned())
}

/// The head of the response is out: only an error inside the stream is left.
fn cut_off(error: FunctionsError) -> Bytes {
    let error = ApiError::from(error);
    event_stream::error(&error.code, &error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &'static [u8], expected: &str) {
        let event = complete(Some((&Bytes::from_static(document), "Unhandled")), None);
        let event = String::from_utf8_lossy(&event).into_owned();
        assert!(event.contains(expected), "{event}");
    }

    #[test]
    fn an_error_is_named_as_the_code_named_it() {
        check(
            br#"{"errorType":"TypeError","errorMessage":"no"}"#,
            r#"{"ErrorCode":"TypeError","ErrorDetails":"{"#,
        );
        check(b"{}", r#"{"ErrorCode":"Unhandled","#);
        check(b"not json", r#"{"ErrorCode":"Unhandled","ErrorDetails":"not json"}"#);
        let clean = complete(None, Some("log"));
        assert!(String::from_utf8_lossy(&clean).contains(r#"{"LogResult":"bG9n"}"#));
    }
}
