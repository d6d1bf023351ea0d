//! What the operations that invoke have in common.

use super::target::Target;
use crate::trace::{of_function, trace_id};
use crate::{ApiError, Call};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use functions::{FunctionsError, Invocation, PAYLOAD_BYTES_MAX};
use serde::de::IgnoredAny;

/// Longest `ClientContext`, in base64.
const CLIENT_CONTEXT_CHARS_MAX: usize = 3583;

/// Reads the event and what goes with it.
///
/// # Errors
/// The payload is too long or no JSON, or `context` is not what it must be.
pub(super) async fn invocation(
    call: &mut Call,
    target: Target,
    context: Option<&str>,
    log_type: Option<&str>,
) -> Result<Invocation, ApiError> {
    let too_large = ApiError::from(FunctionsError::TooLarge(format!(
        "Request must be smaller than {PAYLOAD_BYTES_MAX} bytes for the InvokeFunction operation"
    )));
    let payload = checked(call.take_body(PAYLOAD_BYTES_MAX, too_large).await?)?;
    let trace_id = of_function(&call.principal, &call.headers)
        .unwrap_or_else(|| trace_id(&call.headers, &call.services.clock));
    Ok(Invocation {
        id: target.id,
        qualifier: target.qualifier,
        request_id: call.request_id.clone(),
        payload,
        client_context: context.map(client_context).transpose()?,
        trace_id: Some(trace_id),
        until_end: with_log(log_type),
    })
}

/// Whether the answer is to come with the end of its log, which is only whole when the invocation has ended.
pub(super) fn with_log(log_type: Option<&str>) -> bool {
    log_type == Some("Tail")
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
