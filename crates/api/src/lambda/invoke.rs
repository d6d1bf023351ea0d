use super::error::invalid;
use super::model;
use super::target::{Target, target};
use crate::trace::{TRACE_HEADER, of_function, trace_id};
use crate::{ApiError, Call, Operation, Reply, ReplyBody};
use access::Resource;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use functions::{AsyncEvent, FunctionsError, Invocation, PAYLOAD_BYTES_MAX};
use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};
use pool::Outcome;
use serde::de::IgnoredAny;

impl Operation for model::operation::Invoke {
    const ACTION: &'static str = "lambda:InvokeFunction";
    const HONOURED: &'static [&'static str] =
        &["FunctionName", "InvocationType", "LogType", "ClientContext", "Qualifier"];
    const BODY_MAX: usize = PAYLOAD_BYTES_MAX;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, input.qualifier.as_deref()).map(|target| target.resources())
    }

    async fn call(mut call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target(&call, &input.function_name, input.qualifier.as_deref())?;
        let too_large = ApiError::from(FunctionsError::TooLarge(format!(
            "Request must be smaller than {PAYLOAD_BYTES_MAX} bytes for the InvokeFunction operation"
        )));
        let payload = call.take_body(PAYLOAD_BYTES_MAX, too_large).await?;
        let payload = checked(payload)?;
        let client_context = input.client_context.as_deref().map(client_context).transpose()?;
        let trace_id = of_function(&call.principal, &call.headers)
            .unwrap_or_else(|| trace_id(&call.headers, &call.services.clock));
        let trace_id = Some(trace_id);
        let Target { id, qualifier } = target;
        let functions = &call.services.functions;
        let request_id = call.request_id.clone();
        match input.invocation_type.as_deref() {
            None | Some("RequestResponse") => {
                let invocation = Invocation { id, qualifier, request_id, payload, client_context, trace_id };
                let trace = invocation.trace_id.clone().unwrap_or_default();
                let outcome = functions.invoke(invocation).await?;
                let reply = answer(outcome, input.log_type.as_deref() == Some("Tail"));
                Ok(reply.with_header(HeaderName::from_static(TRACE_HEADER), &trace))
            }
            Some("Event") => {
                let event =
                    AsyncEvent { request_id, id, qualifier, payload, client_context, trace_id, order: None };
                functions.invoke_async(event).await?;
                Ok(status(StatusCode::ACCEPTED))
            }
            Some("DryRun") => {
                functions.invoke_dry(id, qualifier).await?;
                Ok(status(StatusCode::NO_CONTENT))
            }
            Some(other) => Err(invalid(format!("InvocationType {other:?} is unknown"))),
        }
    }
}

/// Longest `ClientContext`, in base64.
const CLIENT_CONTEXT_CHARS_MAX: usize = 3583;

fn status(status: StatusCode) -> Reply<model::InvocationResponse> {
    Reply::new(model::InvocationResponse::default()).with_status(status)
}

fn answer(outcome: Outcome, tail: bool) -> Reply<model::InvocationResponse> {
    let content_type = outcome.content_type;
    let log_result = tail.then(|| STANDARD.encode(&outcome.log_tail));
    Reply::new(model::InvocationResponse {
        function_error: outcome.function_error.map(|error| error.as_str().to_owned()),
        log_result,
        executed_version: Some(outcome.executed_version),
        ..model::InvocationResponse::default()
    })
    .with_body(ReplyBody::Bytes(outcome.payload))
    .with_header(CONTENT_TYPE, &content_type)
}

/// No payload is an empty object. What is not JSON is refused before any code runs.
fn checked(payload: Bytes) -> Result<Bytes, ApiError> {
    if payload.iter().all(u8::is_ascii_whitespace) {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => Err(ApiError::invalid(
            "InvalidRequestContentException",
            format!("Could not parse request body into json: {error}"),
        )
        .field("Type", "User")),
    }
}

fn client_context(base64: &str) -> Result<String, ApiError> {
    let refused = |why: &str| {
        ApiError::invalid("InvalidRequestContentException", format!("Client context must be {why}"))
            .field("Type", "User")
    };
    if base64.len() > CLIENT_CONTEXT_CHARS_MAX {
        return Err(refused("at most 3583 characters"));
    }
    let bytes = STANDARD.decode(base64).map_err(|_| refused("a valid Base64-encoded JSON object"))?;
    let text = String::from_utf8(bytes).map_err(|_| refused("a valid Base64-encoded JSON object"))?;
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(serde_json::Value::Object(_)) => Ok(text),
        _ => Err(refused("a valid Base64-encoded JSON object")),
    }
}
