use crate::api::{ErrorReport, RESPONSE_BYTES_MAX, Reply};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response};
use serde_json::{Map, Value, json};

const JSON: &str = "application/json";

/// What a command wrote, as its answer: nothing is `null`.
pub fn output(output: Bytes) -> Reply {
    let body = if output.is_empty() { Bytes::from_static(b"null") } else { output };
    Reply::Response { body, content_type: JSON.to_owned() }
}

/// A handler's response, as the answer to an event that stood for a request or did not.
pub fn response(response: Response<Bytes>, is_web: bool) -> Reply {
    if is_web {
        let body = Bytes::from(format_2(&response).to_string());
        return if body.len() > RESPONSE_BYTES_MAX {
            Reply::TooLarge(body.len() as u64)
        } else {
            Reply::Response { body, content_type: JSON.to_owned() }
        };
    }
    let status = response.status();
    let (parts, body) = response.into_parts();
    if status.is_success() {
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let Reply::Response { body, .. } = output(body) else { return Reply::Truncated };
        return Reply::Response { body, content_type: content_type.unwrap_or(JSON).to_owned() };
    }
    Reply::Error(error(&body, status.as_u16()))
}

/// A handler that knows what it is called for may answer Lambda's own error document.
fn error(body: &Bytes, status: u16) -> ErrorReport {
    if let Ok(Value::Object(document)) = serde_json::from_slice(body)
        && document.contains_key("errorMessage")
    {
        let error_type = document.get("errorType").and_then(Value::as_str).unwrap_or("Function.Unknown");
        return ErrorReport { body: body.clone(), error_type: error_type.to_owned() };
    }
    ErrorReport::platform(&format!("HTTP{status}"), &String::from_utf8_lossy(body))
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-response-payload>
fn format_2(response: &Response<Bytes>) -> Value {
    let mut answer = json!({
        "statusCode": response.status().as_u16(),
        "headers": headers(response.headers()),
    });
    let cookies: Vec<String> = response.headers().get_all(SET_COOKIE).iter().map(text).collect();
    let (body, is_base64) = match std::str::from_utf8(response.body()) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(response.body()), true),
    };
    if let Some(answer) = answer.as_object_mut() {
        if !cookies.is_empty() {
            answer.insert("cookies".to_owned(), json!(cookies));
        }
        answer.insert("body".to_owned(), Value::String(body));
        answer.insert("isBase64Encoded".to_owned(), Value::Bool(is_base64));
    }
    answer
}

/// Values of the same name joined.
fn headers(from: &HeaderMap) -> Map<String, Value> {
    let names = from.keys().filter(|name| **name != SET_COOKIE);
    let joined = |name| from.get_all(name).iter().map(text).collect::<Vec<_>>().join(",");
    names.map(|name| (name.to_string(), Value::String(joined(name)))).collect()
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
