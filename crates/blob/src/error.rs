use crate::BlobId;
use kv::KvError;
use std::io;

/// Why bytes could not be kept or found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// No such blob: never finished, or swept.
    #[error("there is no blob {0}")]
    NotFound(BlobId),
    /// The asked range does not lie within the blob.
    #[error("bytes {start} to {end} were asked of a blob of {length}")]
    OutOfRange { start: u64, end: u64, length: u64 },
    /// [`Blobs::read_all`](crate::Blobs::read_all) of more than the caller allows.
    #[error("a blob of {length} bytes is over the limit of {max}")]
    TooLarge { length: u64, max: u64 },
    /// The disk has no room; nothing of the blob was kept.
    #[error("no space left for blobs")]
    Full,
    /// Fewer bytes came than the blob had when it was opened.
    #[error("blob {0} ended early")]
    Truncated(BlobId),
    #[error("not a blob id")]
    NotAnId,
    #[error("{doing}: {reason}")]
    Io { doing: &'static str, reason: String },
    #[error(transparent)]
    Kv(#[from] KvError),
}

pub(crate) fn io_failed(doing: &'static str) -> impl Fn(io::Error) -> BlobError {
    move |error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::Full,
        _ => BlobError::Io { doing, reason: error.to_string() },
    }
}
