//! The calls of the Extensions, Telemetry and Logs APIs.

use super::Extensions;
use super::state::{Refused, Wanted};
use crate::api::respond::{self, HttpReply};
use crate::telemetry::{self, Rejected, Subscription};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

const EXTENSION: &str = "/2020-01-01/extension";
const TELEMETRY: &str = "/2022-07-01/telemetry";
const LOGS: &str = "/2020-08-15/logs";

/// A request's body; error reports with their stacks are the largest.
const BODY_BYTES_MAX: usize = 256 << 10;

const IDENTIFIER: &str = "lambda-extension-identifier";

/// `Err` gives back what is for another API.
pub(crate) async fn answer(
    extensions: &Extensions,
    request: Request<Incoming>,
) -> Result<HttpReply, Request<Incoming>> {
    let path = request.uri().path();
    if let Some(call) = path.strip_prefix(EXTENSION).map(str::to_owned) {
        return Ok(extension_call(extensions, &call, request).await);
    }
    for (base, parse) in [
        (TELEMETRY, telemetry::parse_telemetry as fn(&[u8]) -> Result<Subscription, Rejected>),
        (LOGS, telemetry::parse_logs),
    ] {
        if path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest == "/") {
            return Ok(subscribe(extensions, request, parse).await);
        }
    }
    Err(request)
}

async fn extension_call(extensions: &Extensions, call: &str, request: Request<Incoming>) -> HttpReply {
    match (request.method(), call) {
        (&Method::POST, "/register") => register(extensions, request).await,
        (&Method::GET, "/event/next") => next(extensions, request.headers()).await,
        (&Method::POST, "/init/error" | "/exit/error") => {
            let at_start = call == "/init/error";
            error(extensions, request, at_start).await
        }
        (_, "/register" | "/event/next" | "/init/error" | "/exit/error") => {
            respond::plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        }
        _ => respond::plain(StatusCode::NOT_FOUND, "404 page not found"),
    }
}

#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    events: Vec<String>,
}

async fn register(extensions: &Extensions, request: Request<Incoming>) -> HttpReply {
    let headers = request.headers().clone();
    let body = match read(request).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let registration: Registration = match serde_json::from_slice(&body) {
        Ok(registration) => registration,
        Err(error) => {
            return respond::error(StatusCode::BAD_REQUEST, "InvalidRequestFormat", &error.to_string());
        }
    };
    let mut wanted = Wanted::default();
    for event in &registration.events {
        match event.as_str() {
            "INVOKE" => wanted.invoke = true,
            "SHUTDOWN" => wanted.shutdown = true,
            other => {
                let message = format!("{other:?} is no event: there are INVOKE and SHUTDOWN");
                return refusal(&Refused { error_type: "Extension.InvalidEventType", message });
            }
        }
    }
    let name = text(&headers, "lambda-extension-name").unwrap_or_default();
    let id = extensions.0.clock.uuid();
    if let Err(refused) = extensions.change(|state| state.register(name, wanted, id.clone())) {
        return refusal(&refused);
    }
    let facts = &extensions.0.facts;
    let mut document = json!({
        "functionName": facts.function_name,
        "functionVersion": facts.function_version,
        "handler": facts.handler,
    });
    let features = text(&headers, "lambda-extension-accept-feature").unwrap_or_default();
    if features.split(',').any(|feature| feature.trim() == "accountId")
        && let Some(document) = document.as_object_mut()
    {
        document.insert("accountId".to_owned(), json!(facts.account_id));
    }
    with_header(respond::json_reply(StatusCode::OK, &document), IDENTIFIER, &id)
}

async fn next(extensions: &Extensions, headers: &HeaderMap) -> HttpReply {
    let id = match identifier(headers) {
        Ok(id) => id,
        Err(refused) => return refusal(&refused),
    };
    let mut changes = extensions.0.changes.subscribe();
    let mut found = extensions.change(|state| state.next(id));
    loop {
        match found {
            Err(refused) => return refusal(&refused),
            Ok(Some(event)) => {
                let event_id = extensions.0.clock.uuid();
                let reply = respond::json_text(StatusCode::OK, Bytes::copy_from_slice(event.as_bytes()));
                return with_header(reply, "lambda-extension-event-identifier", &event_id);
            }
            // The sender is in `extensions`, so this cannot fail.
            Ok(None) => drop(changes.changed().await),
        }
        found = fetch(extensions, id);
    }
}

/// Tells the others only when something was fetched: else everybody who waits would wake everybody.
fn fetch(extensions: &Extensions, id: &str) -> Result<Option<Arc<str>>, Refused> {
    let found = extensions.lock().fetch(id);
    if matches!(found, Ok(Some(_))) {
        extensions.0.changes.send_replace(());
    }
    found
}

async fn error(extensions: &Extensions, request: Request<Incoming>, at_start: bool) -> HttpReply {
    let headers = request.headers().clone();
    let id = match identifier(&headers) {
        Ok(id) => id,
        Err(refused) => return refusal(&refused),
    };
    let Some(error_type) = text(&headers, "lambda-extension-function-error-type") else {
        let message = "Lambda-Extension-Function-Error-Type is missing".to_owned();
        return refusal(&Refused { error_type: "Extension.MissingHeader", message });
    };
    if let Err(reply) = read(request).await {
        return reply;
    }
    let error_type = one_line(error_type);
    let reported = extensions.change(|state| match at_start {
        true => state.init_error(id, &error_type),
        false => state.exit_error(id, &error_type),
    });
    match reported {
        Ok(()) => with_header(respond::accepted(), IDENTIFIER, id),
        Err(refused) => refusal(&refused),
    }
}

async fn subscribe(
    extensions: &Extensions,
    request: Request<Incoming>,
    parse: fn(&[u8]) -> Result<Subscription, Rejected>,
) -> HttpReply {
    if request.method() != Method::PUT {
        return respond::plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    }
    let headers = request.headers().clone();
    let name = identifier(&headers).and_then(|id| extensions.lock().name_of(id));
    let name = match name {
        Ok(name) => name,
        Err(refused) => return refusal(&refused),
    };
    let body = match read(request).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    // Until the initialisation ends, which is later than the runtime's first question for an event: that
    // comes at once where the runtime was started ahead.
    let subscribed =
        parse(&body).and_then(|subscription| extensions.0.telemetry.subscribe(&name, subscription));
    match subscribed {
        Ok(()) => respond::json_text(StatusCode::OK, Bytes::from_static(b"\"OK\"")),
        Err(rejected) => respond::error(StatusCode::BAD_REQUEST, rejected.error_type, &rejected.message),
    }
}

fn identifier(headers: &HeaderMap) -> Result<&str, Refused> {
    let refused = |error_type, message: &str| Refused { error_type, message: message.to_owned() };
    let id = text(headers, IDENTIFIER).filter(|id| !id.is_empty()).ok_or_else(|| {
        refused("Extension.MissingExtensionIdentifier", "Lambda-Extension-Identifier is missing")
    })?;
    if !is_uuid(id) {
        return Err(refused("Extension.InvalidExtensionIdentifier", "the identifier is no UUID"));
    }
    Ok(id)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// It ends up in a line of the log.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(256).collect()
}

async fn read(request: Request<Incoming>) -> Result<Bytes, HttpReply> {
    let mut body = request.into_body();
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(respond::error(
                StatusCode::BAD_REQUEST,
                "TruncatedHTTPRequest",
                "the request ended early",
            ));
        };
        let Ok(data) = frame.into_data() else { continue };
        if kept.len() + data.len() > BODY_BYTES_MAX {
            let message = format!("the body has more than {BODY_BYTES_MAX} bytes");
            return Err(respond::error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message));
        }
        kept.extend_from_slice(&data);
    }
    Ok(kept.freeze())
}

fn refusal(refused: &Refused) -> HttpReply {
    respond::error(StatusCode::FORBIDDEN, refused.error_type, &refused.message)
}

fn with_header(mut reply: HttpReply, name: &'static str, value: &str) -> HttpReply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
