use super::conversation::{Conversation, Refused};
use super::{ErrorReport, Invocation, RESPONSE_BYTES_MAX, Reply};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Connections one sandbox may hold open here; further ones wait in the listener's backlog.
const CONNECTIONS_MAX: usize = 64;

/// Accepts until dropped; connections end with it.
pub(super) async fn serve(listener: TcpListener, conversation: Arc<Conversation>) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // A connection that died in the backlog is its client's affair. Anything else would
                // come back at once, for ever: better to stop and let the invocation time out.
                if matches!(error.kind(), std::io::ErrorKind::ConnectionAborted) {
                    continue;
                }
                tracing::warn!(%error, "runtime API: no more connections are accepted");
                while connections.join_next().await.is_some() {}
                return;
            }
        };
        // Answers are small and each waits for the other side: never hold one back to fill a packet.
        let _ = stream.set_nodelay(true);
        let conversation = conversation.clone();
        connections.spawn(async move {
            let _slot = slot;
            let service = service_fn(move |request| {
                let conversation = conversation.clone();
                async move { Ok::<_, Infallible>(answer(&conversation, request).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            if let Err(error) = connection.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "runtime API: connection ended");
            }
        });
    }
}

async fn answer(conversation: &Conversation, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    if is_for_extensions(&path) {
        return error_reply(
            StatusCode::FORBIDDEN,
            "Extension.NotSupported",
            "the Extensions, Telemetry and Logs APIs are not supported yet",
        );
    }
    let path = path.strip_prefix("/2018-06-01").unwrap_or(&path);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method(), parts.as_slice()) {
        (&Method::GET, ["ping"]) => plain(StatusCode::OK, "pong"),
        (&Method::GET, ["runtime", "invocation", "next"]) => match conversation.next().await {
            Ok(invocation) => event(invocation),
            Err(refused) => refusal(&refused),
        },
        (&Method::POST, ["runtime", "invocation", id, "response"]) => {
            let id = (*id).to_owned();
            post_response(conversation, &id, request).await
        }
        (&Method::POST, ["runtime", "invocation", id, "error"]) => {
            let id = (*id).to_owned();
            post_error(conversation, &id, request).await
        }
        (&Method::POST, ["runtime", "init", "error"]) => post_init_error(conversation, request).await,
        (_, ["runtime", "restore", "next" | "error"]) => error_reply(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            "restore is only for snapshot starts, and this is none",
        ),
        (_, ["ping"] | ["runtime", "invocation", "next"] | ["runtime", "init", "error"])
        | (_, ["runtime", "invocation", _, "response" | "error"]) => {
            plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        }
        _ => plain(StatusCode::NOT_FOUND, "404 page not found"),
    }
}

fn is_for_extensions(path: &str) -> bool {
    ["/2020-01-01/extension", "/2022-07-01/telemetry", "/2020-08-15/logs"]
        .iter()
        .any(|prefix| path.starts_with(prefix))
}

async fn post_response(
    conversation: &Conversation,
    id: &str,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let headers = request.headers().clone();
    let streamed = match text(&headers, "lambda-runtime-function-response-mode") {
        None => false,
        Some(mode) if mode.eq_ignore_ascii_case("streaming") => true,
        Some(_) => {
            return error_reply(
                StatusCode::BAD_REQUEST,
                "InvalidFunctionResponseMode",
                "Lambda-Runtime-Function-Response-Mode must be streaming or absent",
            );
        }
    };
    let answer = match conversation.begin_answer(id) {
        Ok(answer) => answer,
        Err(refused) => return refusal(&refused),
    };
    match read(request.into_body()).await {
        Collected::Whole(body, trailers) => {
            let content_type = text(&headers, "content-type").unwrap_or("application/json").to_owned();
            let broken_off = if streamed { broken_off(&trailers) } else { None };
            answer.send(Reply::Response { body, content_type, streamed, broken_off });
            accepted()
        }
        Collected::TooLarge(size) => {
            answer.send(Reply::TooLarge(size));
            error_reply(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                &format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."),
            )
        }
        Collected::Truncated => {
            answer.send(Reply::Truncated);
            error_reply(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", "the request ended early")
        }
    }
}

async fn post_error(
    conversation: &Conversation,
    id: &str,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let answer = match conversation.begin_answer(id) {
        Ok(answer) => answer,
        Err(refused) => return refusal(&refused),
    };
    let (reply, response) = match read_error(request, "Function.Unknown").await {
        Ok(report) => (Reply::Error(report), accepted()),
        Err((reply, response)) => (reply, response),
    };
    answer.send(reply);
    response
}

async fn post_init_error(conversation: &Conversation, request: Request<Incoming>) -> Response<Full<Bytes>> {
    if let Err(refused) = conversation.may_fail_to_start() {
        return refusal(&refused);
    }
    match read_error(request, "Runtime.Unknown").await {
        Ok(report) => match conversation.failed_to_start(report) {
            Ok(()) => accepted(),
            Err(refused) => refusal(&refused),
        },
        Err((_, response)) => response,
    }
}

async fn read_error(
    request: Request<Incoming>,
    unknown: &str,
) -> Result<ErrorReport, (Reply, Response<Full<Bytes>>)> {
    let headers = request.headers().clone();
    match read(request.into_body()).await {
        Collected::Whole(body, _) => {
            let given = text(&headers, "lambda-runtime-function-error-type");
            let content_type = text(&headers, "content-type").unwrap_or_default();
            Ok(ErrorReport::posted(body, given, content_type, unknown))
        }
        Collected::TooLarge(size) => Err((
            Reply::TooLarge(size),
            error_reply(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "the error is too large"),
        )),
        Collected::Truncated => Err((
            Reply::Truncated,
            error_reply(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", "the request ended early"),
        )),
    }
}

/// Reads the trailers that report an error inside a stream; the body's error document is base64.
fn broken_off(trailers: &HeaderMap) -> Option<ErrorReport> {
    let given = text(trailers, "lambda-runtime-function-error-type");
    let body = text(trailers, "lambda-runtime-function-error-body").map(base64_decoded);
    if given.is_none() && body.is_none() {
        return None;
    }
    let body = body.flatten().unwrap_or_default();
    Some(ErrorReport::posted(body.into(), given, "", "Function.Unknown"))
}

fn base64_decoded(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

enum Collected {
    Whole(Bytes, HeaderMap),
    /// The whole size, in bytes.
    TooLarge(u64),
    Truncated,
}

/// Reads a body of at most [`RESPONSE_BYTES_MAX`]. A larger one is read to its end and thrown away, so
/// that the process hears the refusal and the invocation can state the size; the invocation's deadline
/// ends that.
async fn read(mut body: Incoming) -> Collected {
    let mut kept = BytesMut::with_capacity(kept_capacity(&body));
    let mut trailers = HeaderMap::new();
    let mut size: u64 = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Collected::Truncated };
        match frame.into_data() {
            Ok(data) => {
                size = size.saturating_add(data.len() as u64);
                if size <= RESPONSE_BYTES_MAX as u64 {
                    kept.extend_from_slice(&data);
                } else {
                    kept = BytesMut::new();
                }
            }
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    if size > RESPONSE_BYTES_MAX as u64 {
        Collected::TooLarge(size)
    } else {
        Collected::Whole(kept.freeze(), trailers)
    }
}

fn kept_capacity(body: &Incoming) -> usize {
    usize::try_from(body.size_hint().lower()).unwrap_or(0).min(RESPONSE_BYTES_MAX)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn event(invocation: Invocation) -> Response<Full<Bytes>> {
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

fn accepted() -> Response<Full<Bytes>> {
    json_reply(StatusCode::ACCEPTED, &serde_json::json!({ "status": "OK" }))
}

fn refusal(refused: &Refused) -> Response<Full<Bytes>> {
    match refused {
        Refused::State(call) => error_reply(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            &format!("{call} is not allowed in the runtime's present state"),
        ),
        Refused::RequestId => {
            error_reply(StatusCode::BAD_REQUEST, "InvalidRequestID", "not the running invocation's id")
        }
    }
}

fn error_reply(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    json_reply(status, &serde_json::json!({ "errorMessage": message, "errorType": error_type }))
}

fn json_reply(status: StatusCode, document: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = plain(status, &document.to_string());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn plain(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *response.status_mut() = status;
    response
}
