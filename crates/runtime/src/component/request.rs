use super::facts::facts;
use crate::api::Invocation;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, uri};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What a handler is asked.
#[derive(Debug)]
pub struct Asked {
    pub request: Request<Bytes>,
    /// The event stood for a request: the response is told with its status and headers.
    pub is_web: bool,
}

/// An event of payload format 2.0
/// (<https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WebEvent<'a> {
    version: String,
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(borrow)]
    request_context: &'a RawValue,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    http: HttpContext,
    domain_name: Option<String>,
}

#[derive(Deserialize)]
struct HttpContext {
    method: String,
}

/// The event's `requestContext`, for handlers of the requests that it stands for.
const CONTEXT: &str = "x-amzn-request-context";

/// Headers that the platform alone sets.
const FACTS: &str = "lambda-runtime-";

const NOWHERE: &str = "localhost";

/// What to ask a handler for an event.
pub fn request(invocation: &Invocation) -> Asked {
    let web = web_request(&invocation.payload);
    let is_web = web.is_some();
    let mut request = web.unwrap_or_else(|| posted(invocation.payload.clone()));
    let headers = request.headers_mut();
    for (name, value) in facts(invocation) {
        // What cannot stand in a header is left out, as by the Runtime API.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Asked { request, is_web }
}

fn posted(event: Bytes) -> Request<Bytes> {
    let mut request = Request::new(event);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static("http://localhost/");
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

/// `None` for every other event, also for one that is nearly of the format.
fn web_request(payload: &[u8]) -> Option<Request<Bytes>> {
    let event: WebEvent = serde_json::from_slice(payload).ok()?;
    let context: Context = serde_json::from_str(event.request_context.get()).ok()?;
    if event.version != "2.0" || !event.raw_path.starts_with('/') {
        return None;
    }
    let body = match event.body {
        Some(text) if event.is_base64_encoded => Bytes::from(STANDARD.decode(text).ok()?),
        text => Bytes::from(text.unwrap_or_default()),
    };
    let target = match event.raw_query_string.as_str() {
        "" => event.raw_path,
        query => format!("{}?{query}", event.raw_path),
    };
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(context.http.method.as_bytes()).ok()?;
    let headers = request.headers_mut();
    for (name, value) in &event.headers {
        let name: HeaderName = name.parse().ok()?;
        if !name.as_str().starts_with(FACTS) && name != CONTEXT && name != CONTENT_LENGTH {
            headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
        }
    }
    if !event.cookies.is_empty() {
        headers.insert(COOKIE, HeaderValue::from_str(&event.cookies.join("; ")).ok()?);
    }
    if let Ok(context) = HeaderValue::from_bytes(event.request_context.get().as_bytes()) {
        headers.insert(HeaderName::from_static(CONTEXT), context);
    }
    *request.uri_mut() = uri(&target, request.headers(), context.domain_name.as_deref())?;
    Some(request)
}

fn uri(target: &str, headers: &HeaderMap, domain: Option<&str>) -> Option<Uri> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let forwarded = text(HeaderName::from_static("x-forwarded-proto"));
    let host = text(HOST).or(domain).unwrap_or(NOWHERE);
    let mut parts = uri::Parts::default();
    parts.scheme = Some(if forwarded == Some("http") { Scheme::HTTP } else { Scheme::HTTPS });
    parts.authority = Some(host.parse().unwrap_or(Authority::from_static(NOWHERE)));
    parts.path_and_query = Some(target.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}
