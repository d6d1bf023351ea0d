use crate::ApiError;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use protocol::payload::Trailers;
use std::fmt;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

type BytesStream = Pin<Box<dyn Stream<Item = Result<Bytes, ApiError>> + Send>>;

/// A request's payload as it arrives: decoded (no aws-chunked frames) and verified as it streams.
///
/// What was read may be believed only after the stream ended without an error: a wrong hash or chunk
/// signature is an error in the place of the end.
#[derive(Default)]
pub struct Body {
    /// Never locked but for the type system's sake: it makes the body, and so a [`crate::Call`],
    /// shareable between threads though the stream is not.
    stream: Option<Mutex<BytesStream>>,
    length: Option<u64>,
    trailers: Trailers,
}

impl Body {
    /// `length` is that of the decoded payload, where the client announced it.
    pub(crate) fn new(
        stream: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static,
        length: Option<u64>,
        trailers: Trailers,
    ) -> Self {
        Body { stream: Some(Mutex::new(Box::pin(stream))), length, trailers }
    }

    /// The decoded payload's length, where the client announced it. Not yet verified.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The headers behind an aws-chunked body, such as its checksum. Keep this before reading the body,
    /// and ask it after the end.
    pub fn trailers(&self) -> Trailers {
        self.trailers.clone()
    }

    /// The whole payload.
    ///
    /// # Errors
    /// `too_large` when it is longer than `max` bytes; else why it could not be read or verified.
    pub async fn collect(mut self, max: usize, too_large: ApiError) -> Result<Bytes, ApiError> {
        let announced = self.length.unwrap_or(0);
        if announced > max as u64 {
            return Err(too_large);
        }
        let Some(first) = self.next().await.transpose()? else {
            return Ok(Bytes::new());
        };
        // Most documents come in one piece: then nothing is copied.
        let Some(second) = self.next().await.transpose()? else {
            return if first.len() > max { Err(too_large) } else { Ok(first) };
        };
        let mut whole = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&second);
        while whole.len() <= max {
            match self.next().await.transpose()? {
                Some(piece) => whole.extend_from_slice(&piece),
                None => return Ok(whole.freeze()),
            }
        }
        Err(too_large)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        let piece = (!bytes.is_empty()).then_some(Ok(bytes));
        Body::new(futures_util::stream::iter(piece), Some(length), Trailers::default())
    }
}

impl Stream for Body {
    type Item = Result<Bytes, ApiError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(stream) = self.stream.as_mut() else {
            return Poll::Ready(None);
        };
        let stream = stream.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let polled = stream.as_mut().poll_next(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.stream = None;
        }
        polled
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("length", &self.length).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(pieces: &[&'static str]) -> Body {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        Body::new(futures_util::stream::iter(pieces), None, Trailers::default())
    }

    async fn check(pieces: &[&'static str], max: usize, expected: Option<&str>) {
        let too_large = ApiError::invalid("TooLarge", "too large");
        let collected = body(pieces).collect(max, too_large).await;
        assert_eq!(collected.ok().as_deref(), expected.map(str::as_bytes), "{pieces:?} within {max}");
    }

    #[tokio::test]
    async fn a_body_is_collected_up_to_its_bound() {
        check(&[], 0, Some("")).await;
        check(&["abc"], 3, Some("abc")).await;
        check(&["abc"], 2, None).await;
        check(&["ab", "c"], 3, Some("abc")).await;
        check(&["ab", "c", "d"], 3, None).await;
        check(&["a", "b", "c", "d"], 4, Some("abcd")).await;
    }

    #[tokio::test]
    async fn an_error_ends_the_body() {
        let pieces = vec![Ok(Bytes::from_static(b"a")), Err(ApiError::invalid("IncompleteBody", "cut"))];
        let body = Body::new(futures_util::stream::iter(pieces), None, Trailers::default());
        let error = body.collect(10, ApiError::invalid("TooLarge", "")).await.unwrap_err();
        assert_eq!(error.code, "IncompleteBody");
    }
}
