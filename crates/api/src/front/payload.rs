//! From the connection's bytes to a verified payload.

use super::RawBody;
use crate::{ApiError, Body};
use bytes::Bytes;
use clock::Clock;
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http_body_util::BodyExt;
use protocol::model::{Dialect, Protocol, Service};
use protocol::payload::{BodyError, Trailers, VerifiedBody};
use protocol::sigv4::PayloadKind;
use std::time::Duration;

/// How long a client may send nothing in the middle of a body.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// The payload of a verified S3 request: decoded, and checked against its signature while it streams.
///
/// # Errors
/// The length that chunks must announce is missing or no number.
pub(super) fn verified(
    clock: &Clock,
    parts: &Parts,
    body: RawBody,
    kind: PayloadKind,
) -> Result<Body, ApiError> {
    let length = match kind {
        PayloadKind::Chunks { .. } => Some(decoded_length(parts)?),
        PayloadKind::Hash(_) | PayloadKind::Unsigned => content_length(parts),
    };
    let source = Box::pin(pieces(clock.clone(), body));
    let verified = VerifiedBody::new(source, kind, length, announced(parts));
    let trailers = verified.trailers();
    Ok(Body::new(verified.map(|piece| piece.map_err(refused)), length, trailers))
}

/// Our own refusals pass through the verifier as its source's errors.
fn refused(error: BodyError) -> ApiError {
    match error {
        BodyError::Source(source) => match source.downcast::<ApiError>() {
            Ok(own) => *own,
            Err(other) => BodyError::Source(other).into_wire().into(),
        },
        other => other.into_wire().into(),
    }
}

/// The trailers that the request says will follow its chunks, in lower case.
fn announced(parts: &Parts) -> Vec<String> {
    let lines = parts.headers.get_all("x-amz-trailer").iter().filter_map(|value| value.to_str().ok());
    let names = lines.flat_map(|line| line.split(',')).map(|name| name.trim().to_ascii_lowercase());
    names.filter(|name| !name.is_empty()).collect()
}

fn decoded_length(parts: &Parts) -> Result<u64, ApiError> {
    let value = parts.headers.get("x-amz-decoded-content-length").and_then(|value| value.to_str().ok());
    value.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let message = "You must provide the Content-Length HTTP header.";
        ApiError::new(StatusCode::LENGTH_REQUIRED, "MissingContentLength", message)
    })
}

/// The body as it is sent, neither decoded nor verified; fit only to be hashed or decoded.
pub(crate) fn raw(clock: &Clock, parts: &Parts, body: RawBody) -> Body {
    Body::new(pieces(clock.clone(), body), content_length(parts), Trailers::default())
}

/// As [`raw`], as a stream.
fn pieces(clock: Clock, body: RawBody) -> impl Stream<Item = Result<Bytes, ApiError>> + Send {
    let pieces = body.into_data_stream();
    futures_util::stream::unfold(Some((clock, pieces)), |state| async move {
        let (clock, mut pieces) = state?;
        match clock.timeout(IDLE_MAX, pieces.next()).await {
            Some(None) => None,
            Some(Some(Ok(piece))) => Some((Ok(piece), Some((clock, pieces)))),
            Some(Some(Err(error))) => Some((Err(incomplete(&error)), None)),
            None => Some((Err(too_slow()), None)),
        }
    })
}

fn incomplete(error: &std::io::Error) -> ApiError {
    ApiError::invalid("IncompleteBody", format!("The request body ended early: {error}"))
}

fn too_slow() -> ApiError {
    let message = format!("The request body did not go on for {} s.", IDLE_MAX.as_secs());
    ApiError::invalid("RequestTimeout", message)
}

/// What the client announced; nothing is said of chunked bodies.
fn content_length(parts: &Parts) -> Option<u64> {
    parts.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The service's word for a request document over its bound.
pub(crate) fn too_large(service: &Service, max: usize) -> ApiError {
    let message = format!("The request is longer than {max} bytes.");
    match (service.dialect, service.protocol) {
        (Dialect::S3, _) => ApiError::invalid("MaxMessageLengthExceeded", message),
        (_, Protocol::Query) => {
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
        }
        _ => ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::StreamBody;

    #[tokio::test]
    async fn a_body_that_stalls_is_given_up() {
        let clock = Clock::simulated(clock::Timestamp::EPOCH, 1);
        let first = Ok(http_body::Frame::data(Bytes::from_static(b"a")));
        let stalled = futures_util::stream::iter([first]).chain(futures_util::stream::pending());
        let body: RawBody = StreamBody::new(stalled).boxed_unsync();
        let mut pieces = Box::pin(pieces(clock.clone(), body));
        assert_eq!(pieces.next().await.unwrap().unwrap(), "a");
        let waiting = tokio::spawn(async move { pieces.next().await });
        tokio::task::yield_now().await;
        clock.advance(IDLE_MAX);
        let error = waiting.await.unwrap().unwrap().unwrap_err();
        assert_eq!(error.code, "RequestTimeout");
    }
}
