//! What the Runtime API answers with.

use super::Invocation;
use super::conversation::Refused;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;

pub(crate) type HttpReply = Response<Full<Bytes>>;

pub(super) fn event(invocation: Invocation) -> HttpReply {
    let mut response = Response::new(Full::new(invocation.payload));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let deadline = invocation.deadline.as_ms().to_string();
    let mut set = |name: &'static str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()).and_then(header_value) {
            headers.insert(name, value);
        }
    };
    set("lambda-runtime-aws-request-id", Some(&invocation.request_id));
    set("lambda-runtime-deadline-ms", Some(&deadline));
    set("lambda-runtime-invoked-function-arn", Some(&invocation.invoked_arn));
    set("lambda-runtime-trace-id", Some(&invocation.trace_id));
    set("lambda-runtime-client-context", invocation.client_context.as_deref());
    set("lambda-runtime-cognito-identity", invocation.cognito_identity.as_deref());
    response
}

/// Control characters become spaces: in the JSON texts that callers supply they can only be white space.
fn header_value(text: &str) -> Option<HeaderValue> {
    let bytes: Vec<u8> = text.bytes().map(|b| if b < 0x20 || b == 0x7f { b' ' } else { b }).collect();
    HeaderValue::from_bytes(&bytes).ok()
}

pub(crate) fn accepted() -> HttpReply {
    json_reply(StatusCode::ACCEPTED, &serde_json::json!({ "status": "OK" }))
}

pub(super) fn refusal(refused: &Refused) -> HttpReply {
    match refused {
        Refused::State(call) => error(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            &format!("{call} is not allowed in the runtime's present state"),
        ),
        Refused::RequestId => {
            error(StatusCode::BAD_REQUEST, "InvalidRequestID", "not the running invocation's id")
        }
    }
}

pub(crate) fn error(status: StatusCode, error_type: &str, message: &str) -> HttpReply {
    json_reply(status, &serde_json::json!({ "errorMessage": message, "errorType": error_type }))
}

pub(crate) fn json_reply(status: StatusCode, document: &serde_json::Value) -> HttpReply {
    json_text(status, document.to_string().into())
}

pub(crate) fn json_text(status: StatusCode, text: Bytes) -> HttpReply {
    let mut response = Response::new(Full::new(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

pub(crate) fn plain(status: StatusCode, body: &str) -> HttpReply {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *response.status_mut() = status;
    response
}
