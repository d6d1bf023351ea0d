//! From an operation's reply, or an error, to the response.

use super::ResponseBody;
use crate::error::ErrorKind;
use crate::{ApiError, Reply, ReplyBody, sns, sqs};
use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use futures_util::{Stream, StreamExt};
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full, StreamBody};
use protocol::RequestId;
use protocol::error::WireError;
use protocol::model::{Operation, Protocol, Service};
use serde_json::Value;
use std::fmt::Display;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The response to a success.
///
/// # Errors
/// The output is not what the model allows: a bug, answered with a 500.
pub(crate) fn success(
    operation: &'static Operation,
    reply: Reply<Value>,
    request_id: RequestId,
) -> Result<Response<ResponseBody>, ApiError> {
    let encoded = protocol::encode::encode(operation, &reply.output, &request_id);
    let (mut head, document) = encoded.map_err(ApiError::internal)?.into_parts();
    if let Some(status) = reply.status {
        head.status = status;
    }
    for (name, value) in &reply.headers {
        head.headers.insert(name, value.clone());
    }
    let body = match reply.body {
        ReplyBody::Empty | ReplyBody::Bytes(_) => {
            let bytes = match reply.body {
                ReplyBody::Bytes(bytes) => bytes,
                _ => document,
            };
            if sums(operation.service) {
                head.headers.insert(CRC32, sum(&bytes));
            }
            whole(bytes)
        }
        ReplyBody::Stream { length, stream } => {
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            Exactly { remaining: length, stream }.boxed_unsync()
        }
        ReplyBody::Open(stream) => open(stream),
    };
    Ok(Response::from_parts(head, body))
}

/// The response to a failure, as a client of the service reads it.
pub(crate) fn failure(service: &Service, error: ApiError, request_id: RequestId) -> Response<ResponseBody> {
    rendered(service, &wire(service, error), request_id)
}

pub(crate) fn rendered(
    service: &Service,
    error: &WireError,
    request_id: RequestId,
) -> Response<ResponseBody> {
    let mut error = error.clone();
    sqs::error::finish(service, &mut error);
    sns::error::finish(service, &mut error);
    let mut response = error.render(service, &request_id);
    if sums(service) {
        let sum = sum(response.body());
        response.headers_mut().insert(CRC32, sum);
    }
    response.map(whole)
}

/// DynamoDB's answers carry their body's CRC-32, which its clients may compare.
const CRC32: &str = "x-amz-crc32";

fn sums(service: &Service) -> bool {
    service.name == crate::dynamodb::model::SERVICE.name
}

fn sum(body: &[u8]) -> HeaderValue {
    HeaderValue::from(crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, body))
}

/// What the SDKs of each protocol take for a request to try again.
fn throttled(protocol: Protocol, message: String) -> WireError {
    match protocol {
        Protocol::RestXml => {
            WireError::new("SlowDown", StatusCode::SERVICE_UNAVAILABLE, "Please reduce your request rate.")
        }
        Protocol::RestJson => {
            WireError::new("TooManyRequestsException", StatusCode::TOO_MANY_REQUESTS, message)
                .field("Reason", "CallerRateLimitExceeded")
                .field("Type", "User")
                .header(http::header::RETRY_AFTER, HeaderValue::from_static("1"))
        }
        Protocol::Json10 | Protocol::Json11 => {
            WireError::new("ThrottlingException", StatusCode::BAD_REQUEST, message)
        }
        Protocol::Query => WireError::new("Throttling", StatusCode::BAD_REQUEST, message),
    }
}

/// The answer to a panic, when not even the service may be known.
pub(crate) fn panicked(request_id: RequestId) -> Response<ResponseBody> {
    let service = &crate::s3::model::SERVICE;
    WireError::internal(service).render(service, &request_id).map(whole)
}

pub(crate) fn whole(bytes: Bytes) -> ResponseBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// Gives the kinds that are not the service's own their protocol's words.
pub(crate) fn wire(service: &Service, error: ApiError) -> WireError {
    let code = match (error.kind, service.protocol) {
        (ErrorKind::Service, _) => error.code,
        (ErrorKind::Internal, _) => return WireError::internal(service),
        (ErrorKind::Throttled, protocol) => return throttled(protocol, error.message),
        (ErrorKind::Denied, Protocol::RestXml | Protocol::Query) => "AccessDenied".into(),
        (ErrorKind::Denied, _) => "AccessDeniedException".into(),
        (ErrorKind::Unsupported, Protocol::RestXml) => "NotImplemented".into(),
        (ErrorKind::Unsupported, Protocol::Query) => "ValidationError".into(),
        (ErrorKind::Unsupported, _) => match service.error("InvalidParameterValueException") {
            Some(declared) => declared.code.into(),
            None => "ValidationException".into(),
        },
    };
    // The JSON protocols have one status for whatever a caller did wrong.
    let status = match (error.kind, service.protocol) {
        (ErrorKind::Denied, Protocol::Json10 | Protocol::Json11) => StatusCode::BAD_REQUEST,
        _ => error.status,
    };
    let mut wire = WireError::new(code, status, error.message);
    wire.headers = error.headers;
    wire.json = error.json;
    // The JSON documents of other services have no place for it; the message names it anyway.
    let keeps_fields = error.kind != ErrorKind::Unsupported || service.protocol == Protocol::RestXml;
    if keeps_fields {
        wire.fields = error.fields;
    }
    wire
}

/// A body of exactly `length` bytes.
pub(crate) fn stream(
    length: u64,
    stream: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static,
) -> ResponseBody {
    Exactly { remaining: length, stream: Box::pin(stream) }.boxed_unsync()
}

/// A body whose length nobody knows yet. When the stream fails, the connection is cut.
pub(crate) fn open<E: Display>(
    stream: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> ResponseBody {
    let frames =
        stream.map(|piece| piece.map(Frame::data).map_err(|error| io::Error::other(error.to_string())));
    StreamBody::new(frames).boxed_unsync()
}

/// A stream that must give exactly as many bytes as the head announced.
struct Exactly {
    remaining: u64,
    stream: Pin<Box<dyn Stream<Item = Result<Bytes, ApiError>> + Send>>,
}

impl Body for Exactly {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let cut = |reason: &str| {
            tracing::error!(reason, "a response body was cut");
            Poll::Ready(Some(Err(io::Error::other(reason.to_owned()))))
        };
        match self.stream.poll_next_unpin(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(bytes))) => match self.remaining.checked_sub(bytes.len() as u64) {
                Some(remaining) => {
                    self.remaining = remaining;
                    Poll::Ready(Some(Ok(Frame::data(bytes))))
                }
                None => cut("more bytes than announced"),
            },
            Poll::Ready(Some(Err(error))) => cut(&error.to_string()),
            Poll::Ready(None) => cut("fewer bytes than announced"),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

/// A status and a message for requests that belong to no service that we know the words of: JSON, which
/// every client can at least show.
pub(crate) fn plain(
    status: StatusCode,
    code: &str,
    message: &str,
    request_id: RequestId,
) -> Response<ResponseBody> {
    let document = serde_json::json!({ "__type": code, "message": message });
    let mut response = super::pages::answer(status, &document);
    for (name, value) in [("x-amzn-errortype", code), ("x-amzn-requestid", &request_id.uuid())] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response.map(whole)
}
