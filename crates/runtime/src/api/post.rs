//! What a process posts: answers, errors, and that it cannot start.

use super::conversation::Conversation;
use super::respond::{self, HttpReply};
use super::{ErrorReport, RESPONSE_BYTES_MAX, Reply, ResponseStream, StreamEnd, StreamWriter};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

pub(super) async fn response(conversation: &Conversation, id: &str, request: Request<Incoming>) -> HttpReply {
    let headers = request.headers().clone();
    let streamed = match text(&headers, "lambda-runtime-function-response-mode") {
        None => false,
        Some(mode) if mode.eq_ignore_ascii_case("streaming") => true,
        Some(_) => {
            return respond::error(
                StatusCode::BAD_REQUEST,
                "InvalidFunctionResponseMode",
                "Lambda-Runtime-Function-Response-Mode must be streaming or absent",
            );
        }
    };
    let mut answer = match conversation.begin_answer(id) {
        Ok(answer) => answer,
        Err(refused) => return respond::refusal(&refused),
    };
    let content_type = text(&headers, "content-type").unwrap_or("application/json").to_owned();
    // Some libraries do not say that they stream: they send a body of unknown size, which is passed on as it comes to
    // a caller who reads it so, as Lambda does.
    if streamed || (answer.takes_stream && request.body().size_hint().exact().is_none()) {
        let (writer, stream) = ResponseStream::new(content_type);
        answer.send(Reply::Stream(stream));
        return pass_on(request.into_body(), writer).await;
    }
    match read(request.into_body()).await {
        Collected::Whole(body) => {
            answer.send(Reply::Response { body, content_type });
            respond::accepted()
        }
        Collected::TooLarge(size) => {
            answer.send(Reply::TooLarge(size));
            respond::error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                &format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."),
            )
        }
        Collected::Truncated => {
            answer.send(Reply::Truncated);
            truncated()
        }
    }
}

pub(super) async fn error(conversation: &Conversation, id: &str, request: Request<Incoming>) -> HttpReply {
    let mut answer = match conversation.begin_answer(id) {
        Ok(answer) => answer,
        Err(refused) => return respond::refusal(&refused),
    };
    let (reply, response) = match read_error(request, "Function.Unknown").await {
        Ok(report) => (Reply::Error(report), respond::accepted()),
        Err((reply, response)) => (reply, response),
    };
    answer.send(reply);
    response
}

pub(super) async fn init_error(conversation: &Conversation, request: Request<Incoming>) -> HttpReply {
    if let Err(refused) = conversation.may_fail_to_start() {
        return respond::refusal(&refused);
    }
    match read_error(request, "Runtime.Unknown").await {
        Ok(report) => match conversation.failed_to_start(report) {
            Ok(()) => respond::accepted(),
            Err(refused) => respond::refusal(&refused),
        },
        Err((_, response)) => response,
    }
}

pub(super) async fn restore_error(conversation: &Conversation, request: Request<Incoming>) -> HttpReply {
    match read_error(request, "Runtime.Unknown").await {
        Ok(report) => match conversation.failed_to_restore(report) {
            Ok(()) => respond::accepted(),
            Err(refused) => respond::refusal(&refused),
        },
        Err((_, response)) => response,
    }
}

async fn read_error(request: Request<Incoming>, unknown: &str) -> Result<ErrorReport, (Reply, HttpReply)> {
    let headers = request.headers().clone();
    match read(request.into_body()).await {
        Collected::Whole(body) => {
            let given = text(&headers, "lambda-runtime-function-error-type");
            let content_type = text(&headers, "content-type").unwrap_or_default();
            Ok(ErrorReport::posted(body, given, content_type, unknown))
        }
        Collected::TooLarge(size) => Err((
            Reply::TooLarge(size),
            respond::error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "the error is too large"),
        )),
        Collected::Truncated => Err((Reply::Truncated, truncated())),
    }
}

/// Hands the body to whoever reads the stream, no faster than that one takes it.
async fn pass_on(mut body: Incoming, mut writer: StreamWriter) -> HttpReply {
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            writer.end(StreamEnd::Truncated);
            return truncated();
        };
        match frame.into_data() {
            Ok(data) => {
                writer.take(data);
                writer.flush().await;
            }
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    writer.end(broken_off(&trailers).map_or(StreamEnd::Complete, StreamEnd::BrokenOff));
    respond::accepted()
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

fn truncated() -> HttpReply {
    respond::error(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", "the request ended early")
}

enum Collected {
    Whole(Bytes),
    /// The whole size, in bytes.
    TooLarge(u64),
    Truncated,
}

/// Reads a body of at most [`RESPONSE_BYTES_MAX`]. A larger one is read to its end and thrown away, so
/// that the process hears the refusal and the invocation can state the size; the invocation's deadline
/// ends that.
async fn read(mut body: Incoming) -> Collected {
    let mut kept = BytesMut::with_capacity(kept_capacity(&body));
    let mut size: u64 = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Collected::Truncated };
        let Ok(data) = frame.into_data() else { continue };
        size = size.saturating_add(data.len() as u64);
        if size <= RESPONSE_BYTES_MAX as u64 {
            kept.extend_from_slice(&data);
        } else {
            kept = BytesMut::new();
        }
    }
    if size > RESPONSE_BYTES_MAX as u64 { Collected::TooLarge(size) } else { Collected::Whole(kept.freeze()) }
}

fn kept_capacity(body: &Incoming) -> usize {
    usize::try_from(body.size_hint().lower()).unwrap_or(0).min(RESPONSE_BYTES_MAX)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
