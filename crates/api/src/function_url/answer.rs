//! From what a function returned to an HTTP response: payload format 2.0.

use super::prelude;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use pool::Outcome;
use serde_json::{Map, Value};

/// Belong to one connection, or are set by the server from the body itself.
const NOT_FORWARDED: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
];

/// The response to a URL that answers whole. A streaming function may answer there too: its status and
/// headers stand in the stream's own prelude, if it wrote one.
///
/// `None`: it is no HTTP response, which the caller is told as a 502.
pub(super) fn answer(outcome: &Outcome) -> Option<Response<Bytes>> {
    if prelude::announced_by(&outcome.content_type) {
        let (head, body) = prelude::split(&outcome.payload)?;
        return Some(head.map(|()| body));
    }
    returned(&outcome.payload).or_else(|| outcome.streamed.then(|| raw(outcome)))
}

/// What the function gave, as it gave it.
pub(super) fn raw(outcome: &Outcome) -> Response<Bytes> {
    typed(outcome.payload.clone(), &outcome.content_type)
}

/// A 200 of the function's own content type.
pub(super) fn typed<B>(body: B, content_type: &str) -> Response<B> {
    let mut response = Response::new(body);
    let content_type = HeaderValue::from_str(content_type);
    let octets = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(CONTENT_TYPE, content_type.unwrap_or(octets));
    response
}

/// An object with `statusCode` is taken apart; any other JSON is itself the body of a 200.
fn returned(payload: &Bytes) -> Option<Response<Bytes>> {
    let value: Value = serde_json::from_slice(payload).ok()?;
    match value {
        Value::Object(members) if members.contains_key("statusCode") => structured(members),
        _ => {
            let mut response = Response::new(payload.clone());
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Some(response)
        }
    }
}

fn structured(mut members: Map<String, Value>) -> Option<Response<Bytes>> {
    let encoded = match members.get("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(value) => value.as_bool()?,
    };
    let body = match members.remove("body") {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if encoded => Bytes::from(STANDARD.decode(text).ok()?),
        Some(Value::String(text)) => Bytes::from(text),
        Some(_) => return None,
    };
    let mut response = head(&members)?.map(|()| body);
    if !response.headers().contains_key(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Some(response)
}

/// Status, headers and cookies, as a structured answer and the prelude of a stream say them.
pub(super) fn head(members: &Map<String, Value>) -> Option<Response<()>> {
    let status = match members.get("statusCode")? {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    if !(200..=599).contains(&status) {
        return None;
    }
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    set_headers(response.headers_mut(), members.get("headers"))?;
    if let Some(cookies) = members.get("cookies").filter(|cookies| !cookies.is_null()) {
        for cookie in cookies.as_array()? {
            response.headers_mut().append(SET_COOKIE, HeaderValue::from_str(cookie.as_str()?).ok()?);
        }
    }
    response.headers_mut().remove(CONTENT_LENGTH);
    Some(response)
}

fn set_headers(into: &mut HeaderMap, headers: Option<&Value>) -> Option<()> {
    let Some(headers) = headers.filter(|headers| !headers.is_null()) else { return Some(()) };
    for (name, value) in headers.as_object()? {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => return None,
        };
        let name: HeaderName = name.parse().ok()?;
        if !NOT_FORWARDED.contains(&name.as_str()) {
            into.insert(name, HeaderValue::from_str(&value).ok()?);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(payload: &str, expected: Option<(u16, &str, &str)>) {
        let response = returned(&Bytes::from(payload.to_owned()));
        let read = response.as_ref().map(|response| {
            (
                response.status().as_u16(),
                response.headers()[CONTENT_TYPE].to_str().unwrap(),
                std::str::from_utf8(response.body()).unwrap(),
            )
        });
        assert_eq!(read, expected, "{payload}");
    }

    #[test]
    fn every_form_of_answer_is_read() {
        check(
            r#"{"statusCode":201,"headers":{"Content-Type":"text/html"},"body":"<p>"}"#,
            Some((201, "text/html", "<p>")),
        );
        check(r#"{"statusCode":"204"}"#, Some((204, "application/json", "")));
        check(
            r#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#,
            Some((200, "application/json", "hi")),
        );
        check(r#"{"a":1}"#, Some((200, "application/json", r#"{"a":1}"#)));
        check(r#""hi""#, Some((200, "application/json", r#""hi""#)));
        check("null", Some((200, "application/json", "null")));
    }

    #[test]
    fn malformed_answers_are_none() {
        for payload in [
            "",
            "{",
            r#"{"statusCode":"x"}"#,
            r#"{"statusCode":99}"#,
            r#"{"statusCode":700}"#,
            r#"{"statusCode":200,"body":{}}"#,
            r#"{"statusCode":200,"headers":[]}"#,
            r#"{"statusCode":200,"headers":{"a b":"c"}}"#,
            r#"{"statusCode":200,"headers":{"a":"c\nd"}}"#,
            r#"{"statusCode":200,"cookies":"a"}"#,
            r#"{"statusCode":200,"body":"?","isBase64Encoded":true}"#,
        ] {
            check(payload, None);
        }
    }

    #[test]
    fn cookies_are_set_one_by_one_and_connection_headers_dropped() {
        let payload = r#"{"statusCode":200,"headers":{"Transfer-Encoding":"chunked","Content-Length":"9","X":1},"cookies":["a=1","b=2"]}"#;
        let response = returned(&Bytes::from_static(payload.as_bytes())).unwrap();
        let headers = response.headers();
        assert_eq!(headers.get_all(SET_COOKIE).iter().count(), 2);
        assert_eq!(headers["x"], "1");
        assert!(!headers.contains_key("transfer-encoding") && !headers.contains_key("content-length"));
    }
}
