use crate::{BlobError, BlobId};
use bytes::Bytes;
use clock::Timestamp;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use std::ops::Range;
use std::time::Duration;

/// Where blobs are kept.
pub(crate) trait Store: Send + Sync {
    /// Begins a blob; does nothing yet.
    fn sink(&self, id: BlobId) -> Box<dyn Sink>;

    /// The bytes of `range`, in pieces of any size. `range.end` of `u64::MAX` means the blob's end.
    fn open(&self, id: BlobId, range: Range<u64>) -> BoxFuture<'_, Result<Opened, BlobError>>;

    /// Deleting what is not there is no error.
    fn delete(&self, id: BlobId) -> BoxFuture<'_, Result<(), BlobError>>;

    /// Every finished blob, in groups of bounded size, in no order.
    fn list(&self) -> BoxStream<'_, Result<Vec<Found>, BlobError>>;

    /// Removes what ended writers left unfinished and answers how many there were. `is_ended` says
    /// whether a blob belongs to such a writer.
    fn sweep_unfinished(&self, is_ended: IsEnded) -> BoxFuture<'_, Result<u64, BlobError>>;

    /// How long a forgotten blob stays for those who learnt of it before it was forgotten.
    fn grace(&self) -> Duration;
}

pub(crate) type IsEnded = Box<dyn Fn(&BlobId) -> bool + Send>;

/// One blob being written. Dropping it leaves nothing behind.
pub(crate) trait Sink: Send {
    /// Returns once there is room for more, not once the bytes are written.
    fn write(&mut self, pieces: Vec<Bytes>) -> BoxFuture<'_, Result<(), BlobError>>;

    /// Writes the last pieces and makes all of it durable.
    fn finish(self: Box<Self>, pieces: Vec<Bytes>) -> BoxFuture<'static, Result<(), BlobError>>;
}

pub(crate) struct Opened {
    /// Bytes that will come.
    pub(crate) length: u64,
    pub(crate) pieces: BoxStream<'static, Result<Bytes, BlobError>>,
}

pub(crate) struct Found {
    pub(crate) id: BlobId,
    /// When it was finished, where other processes may write to the same store.
    pub(crate) finished: Option<Timestamp>,
}

/// What of `0..length` was asked for.
pub(crate) fn within(range: &Range<u64>, length: u64) -> Result<Range<u64>, BlobError> {
    let end = if range.end == u64::MAX { length } else { range.end };
    if range.start > end || end > length {
        return Err(BlobError::OutOfRange { start: range.start, end: range.end, length });
    }
    Ok(range.start..end)
}
