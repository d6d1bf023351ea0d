use crate::BlobError;
use crate::store::Opened;
use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes of one chunk, at most.
pub const CHUNK_BYTES_MAX: usize = 256 * 1024;

/// The bytes of a range, in order, in chunks of at most [`CHUNK_BYTES_MAX`]; read as they are asked
/// for, one chunk ahead.
pub struct BlobStream {
    length: u64,
    pieces: BoxStream<'static, Result<Bytes, BlobError>>,
    /// What a store gave beyond one chunk.
    rest: Bytes,
}

impl BlobStream {
    pub(crate) fn new(opened: Opened) -> Self {
        BlobStream { length: opened.length, pieces: opened.pieces, rest: Bytes::new() }
    }

    /// Bytes in all, known before the first is read.
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl Stream for BlobStream {
    type Item = Result<Bytes, BlobError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while self.rest.is_empty() {
            match ready!(self.pieces.poll_next_unpin(cx)) {
                Some(Ok(piece)) => self.rest = piece,
                other => return Poll::Ready(other),
            }
        }
        let length = self.rest.len().min(CHUNK_BYTES_MAX);
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}
