use crate::id::Mark;
use crate::local::Local;
use crate::pin::Pins;
use crate::remote::Remote;
use crate::store::Store;
use crate::{BlobError, BlobId, BlobStream, BlobWriter};
use bytes::{Bytes, BytesMut};
use clock::{Clock, Timestamp};
use futures_util::TryStreamExt;
use object_store::ObjectStore;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A store of blobs. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) mark: Mark,
    /// Since when this process has had the store to itself; none where others may read as well.
    pub(crate) alone_since: Option<Timestamp>,
    pub(crate) pins: Arc<Pins>,
    local: Option<Local>,
}

impl Blobs {
    /// Blobs as files in a directory, which is made when it is not there and holds nothing else. One
    /// process at a time may use it; `kv`'s lock on the data directory sees to that.
    ///
    /// # Errors
    /// `Io`: the directory cannot be made.
    pub fn local(directory: PathBuf, clock: Clock) -> Result<Blobs, BlobError> {
        let local = Local::open(directory)?;
        let mark = Mark::random(&clock);
        let alone_since = Some(clock.now());
        let pins = Arc::default();
        Ok(Blobs { store: Arc::new(local.clone()), clock, mark, alone_since, pins, local: Some(local) })
    }

    /// Blobs in an object store, their names beginning with `prefix` and a slash.
    pub fn remote(store: Arc<dyn ObjectStore>, prefix: &str, clock: Clock) -> Blobs {
        let mark = Mark::random(&clock);
        let (store, pins) = (Arc::new(Remote::new(store, prefix)), Arc::default());
        Blobs { store, clock, mark, alone_since: None, pins, local: None }
    }

    /// Begins a blob.
    ///
    /// # Errors
    /// None of its own today; writing tells.
    pub async fn writer(&self) -> Result<BlobWriter, BlobError> {
        let id = BlobId::random(self.mark, &self.clock);
        Ok(BlobWriter::new(id, self.store.sink(id)))
    }

    /// Streams the bytes of `range`; an end of `u64::MAX` means the blob's end.
    ///
    /// # Errors
    /// `NotFound`, `OutOfRange`, `Io`. Later failures come through the stream.
    pub async fn open(&self, id: &BlobId, range: Range<u64>) -> Result<BlobStream, BlobError> {
        Ok(BlobStream::new(self.store.open(*id, range).await?))
    }

    /// The whole blob, if it has at most `max` bytes.
    ///
    /// # Errors
    /// `TooLarge`, or as [`Blobs::open`].
    pub async fn read_all(&self, id: &BlobId, max: u64) -> Result<Bytes, BlobError> {
        let mut stream = self.open(id, 0..u64::MAX).await?;
        let length = stream.length();
        if length > max {
            return Err(BlobError::TooLarge { length, max });
        }
        let mut whole = BytesMut::with_capacity(usize::try_from(length).unwrap_or(0));
        while let Some(chunk) = stream.try_next().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// Removes a blob that no record names. Removing what is not there is no error.
    ///
    /// # Errors
    /// `Io`.
    pub async fn delete(&self, id: &BlobId) -> Result<(), BlobError> {
        self.store.delete(*id).await
    }

    /// The file that holds the blob, on a local store.
    pub fn path(&self, id: &BlobId) -> Option<PathBuf> {
        self.local.as_ref().map(|local| local.path(id))
    }
}
