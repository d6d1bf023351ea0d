use crate::ApiError;
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::fmt;
use std::pin::Pin;

/// What an operation answers: the members of its output and, where its output has a payload of
/// bytes, the body.
#[derive(Debug)]
pub struct Reply<T> {
    pub output: T,
    pub body: ReplyBody,
    /// Instead of the status that the model gives.
    pub status: Option<StatusCode>,
    /// Added to those that the output's members give, over them where they clash.
    pub headers: HeaderMap,
}

impl<T> Reply<T> {
    pub fn new(output: T) -> Self {
        Reply { output, body: ReplyBody::Empty, status: None, headers: HeaderMap::new() }
    }

    pub fn with_body(mut self, body: ReplyBody) -> Self {
        self.body = body;
        self
    }

    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Leaves the header out when `value` holds a byte that headers cannot carry.
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

type BytesStream = Pin<Box<dyn Stream<Item = Result<Bytes, ApiError>> + Send>>;

/// A payload of bytes. For operations whose output has none it must be `Empty`.
#[derive(Default)]
pub enum ReplyBody {
    #[default]
    Empty,
    Bytes(Bytes),
    /// Exactly `length` bytes. When the stream fails, or ends early, the connection is cut: the status
    /// is out by then, so this is the only way left to tell the client.
    Stream {
        length: u64,
        stream: BytesStream,
    },
    /// As many bytes as come until the stream ends; a failure cuts the connection as above.
    Open(BytesStream),
}

impl ReplyBody {
    pub fn stream(length: u64, stream: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static) -> Self {
        ReplyBody::Stream { length, stream: Box::pin(stream) }
    }

    pub fn open(stream: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static) -> Self {
        ReplyBody::Open(Box::pin(stream))
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplyBody::Empty => f.write_str("Empty"),
            ReplyBody::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            ReplyBody::Stream { length, .. } => write!(f, "Stream({length})"),
            ReplyBody::Open(_) => f.write_str("Open"),
        }
    }
}
