use crate::store::Sink;
use crate::{BlobError, BlobId};
use bytes::Bytes;

/// Bytes gathered before they are handed to the store.
pub const FLUSH_BYTES: usize = 1024 * 1024;
/// Pieces gathered, at most: bounds the bookkeeping for one-byte pieces, and is what one writev takes.
const FLUSH_PIECES_MAX: usize = 1024;

/// A blob under construction. Dropped before [`BlobWriter::finish`] it leaves nothing behind.
pub struct BlobWriter {
    id: BlobId,
    sink: Box<dyn Sink>,
    pieces: Vec<Bytes>,
    gathered: usize,
    written: u64,
}

impl BlobWriter {
    pub(crate) fn new(id: BlobId, sink: Box<dyn Sink>) -> Self {
        BlobWriter { id, sink, pieces: Vec::new(), gathered: 0, written: 0 }
    }

    /// Waits while the store is more than [`FLUSH_BYTES`] behind. Not cancel-safe: when dropped
    /// before it returns, the blob must be given up.
    ///
    /// # Errors
    /// `Full`, `Io`: the blob must be given up.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.gathered += bytes.len();
        self.written += bytes.len() as u64;
        self.pieces.push(bytes);
        if self.gathered < FLUSH_BYTES && self.pieces.len() < FLUSH_PIECES_MAX {
            return Ok(());
        }
        self.gathered = 0;
        self.sink.write(std::mem::take(&mut self.pieces)).await
    }

    /// Bytes written so far.
    pub fn length(&self) -> u64 {
        self.written
    }

    /// Returns once the bytes are durable under the id. Nobody knows of the blob yet: a blob that is
    /// not named soon is an orphan.
    ///
    /// # Errors
    /// `Full`, `Io`: nothing of the blob is left.
    pub async fn finish(self) -> Result<BlobId, BlobError> {
        self.sink.finish(self.pieces).await?;
        Ok(self.id)
    }
}
