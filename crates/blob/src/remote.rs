//! Blobs as objects of an object store: `PREFIX/<id>`.
//!
//! A process that is killed while it uploads may leave parts that no listing shows; stores that bill
//! them have a rule for incomplete uploads, which should be set.

use crate::store::{Found, IsEnded, Opened, Sink, Store, within};
use crate::{BlobError, BlobId};
use bytes::Bytes;
use clock::Timestamp;
use futures_util::future::{self, BoxFuture, FutureExt};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Bytes of one part: S3 takes 10,000 parts of at least 5 MiB.
const PART_BYTES: usize = 16 * 1024 * 1024;
/// Here a removed object fails those who still read it, so they are given time.
const GRACE: Duration = Duration::from_secs(60 * 60);
/// Objects of one listed group.
const GROUP_LENGTH: usize = 1000;

pub(crate) struct Remote {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Remote {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Remote { store, prefix: Path::from(prefix) }
    }

    fn path(&self, id: &BlobId) -> Path {
        self.prefix.clone().join(id.to_string())
    }

    async fn open(&self, id: BlobId, range: Range<u64>) -> Result<Opened, BlobError> {
        let nothing = || Opened { length: 0, pieces: stream::empty().boxed() };
        if range.start == range.end {
            within(&range, self.length(id).await?)?;
            return Ok(nothing());
        }
        let asked = match range.end {
            u64::MAX if range.start == 0 => None,
            u64::MAX => Some(GetRange::Offset(range.start)),
            end => Some(GetRange::Bounded(range.start..end)),
        };
        let options = GetOptions { range: asked, ..GetOptions::default() };
        match self.store.get_opts(&self.path(&id), options).await {
            Ok(object) => {
                let given = within(&range, object.meta.size)?;
                let pieces = object.into_stream().map_err(failed("reading a blob", id));
                Ok(Opened { length: given.end - given.start, pieces: pieces.boxed() })
            }
            Err(error @ object_store::Error::NotFound { .. }) => Err(failed("opening a blob", id)(error)),
            // A range without a byte in it is refused in each store's own words; the length tells.
            Err(error) => match within(&range, self.length(id).await?)?.is_empty() {
                true => Ok(nothing()),
                false => Err(failed("opening a blob", id)(error)),
            },
        }
    }

    async fn length(&self, id: BlobId) -> Result<u64, BlobError> {
        let head = self.store.head(&self.path(&id)).await;
        Ok(head.map_err(failed("opening a blob", id))?.size)
    }

    async fn delete(&self, id: BlobId) -> Result<(), BlobError> {
        match self.store.delete(&self.path(&id)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            deleted => deleted.map_err(failed("removing a blob", id)),
        }
    }
}

impl Store for Remote {
    fn sink(&self, id: BlobId) -> Box<dyn Sink> {
        let (store, path) = (Arc::clone(&self.store), self.path(&id));
        Box::new(ObjectSink { id, store, path, pieces: Vec::new(), gathered: 0, upload: None })
    }

    fn open(&self, id: BlobId, range: Range<u64>) -> BoxFuture<'_, Result<Opened, BlobError>> {
        Remote::open(self, id, range).boxed()
    }

    fn delete(&self, id: BlobId) -> BoxFuture<'_, Result<(), BlobError>> {
        Remote::delete(self, id).boxed()
    }

    fn list(&self) -> BoxStream<'_, Result<Vec<Found>, BlobError>> {
        let objects = self
            .store
            .list(Some(&self.prefix))
            .map_err(|error| BlobError::Io { doing: "listing blobs", reason: error.to_string() });
        let found = objects.try_filter_map(|object| {
            let id = object.location.filename().and_then(|name| name.parse().ok());
            let finished = Some(Timestamp::from_ms(object.last_modified.timestamp_millis()));
            future::ready(Ok(id.map(|id| Found { id, finished })))
        });
        found.try_chunks(GROUP_LENGTH).map_err(|error| error.1).boxed()
    }

    fn sweep_unfinished(&self, _is_ended: IsEnded) -> BoxFuture<'_, Result<u64, BlobError>> {
        // An object store shows an object only once it is finished.
        future::ready(Ok(0)).boxed()
    }

    fn grace(&self) -> Duration {
        GRACE
    }
}

/// A small blob is one put; a larger one is uploaded in parts, one under way while the next gathers.
struct ObjectSink {
    id: BlobId,
    store: Arc<dyn ObjectStore>,
    path: Path,
    pieces: Vec<Bytes>,
    gathered: usize,
    upload: Option<Upload>,
}

struct Upload {
    parts: Box<dyn MultipartUpload>,
    under_way: Option<object_store::UploadPart>,
}

impl ObjectSink {
    async fn upload_part(&mut self) -> object_store::Result<()> {
        let mut upload = match self.upload.take() {
            Some(upload) => upload,
            None => Upload { parts: self.store.put_multipart(&self.path).await?, under_way: None },
        };
        let before = upload.under_way.take();
        let part = upload.parts.put_part(PutPayload::from_iter(self.pieces.drain(..)));
        self.gathered = 0;
        self.upload = Some(upload);
        if let Some(before) = before {
            before.await?;
        }
        if let Some(upload) = &mut self.upload {
            upload.under_way = Some(part);
        }
        Ok(())
    }

    async fn complete(&mut self) -> object_store::Result<()> {
        if self.upload.is_none() {
            let whole = PutPayload::from_iter(self.pieces.drain(..));
            return self.store.put(&self.path, whole).await.map(drop);
        }
        if self.gathered > 0 {
            self.upload_part().await?;
        }
        if let Some(upload) = &mut self.upload {
            if let Some(last) = upload.under_way.take() {
                last.await?;
            }
            upload.parts.complete().await?;
        }
        self.upload = None;
        Ok(())
    }
}

impl Sink for ObjectSink {
    fn write(&mut self, pieces: Vec<Bytes>) -> BoxFuture<'_, Result<(), BlobError>> {
        async move {
            self.gathered += pieces.iter().map(Bytes::len).sum::<usize>();
            self.pieces.extend(pieces);
            if self.gathered < PART_BYTES {
                return Ok(());
            }
            self.upload_part().await.map_err(failed("writing a blob", self.id))
        }
        .boxed()
    }

    fn finish(mut self: Box<Self>, pieces: Vec<Bytes>) -> BoxFuture<'static, Result<(), BlobError>> {
        async move {
            self.write(pieces).await?;
            let id = self.id;
            self.complete().await.map_err(failed("finishing a blob", id))
        }
        .boxed()
    }
}

impl Drop for ObjectSink {
    fn drop(&mut self) {
        if let Some(mut upload) = self.upload.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                if let Err(error) = upload.parts.abort().await {
                    tracing::warn!(%error, "the parts of an unfinished blob were not removed");
                }
            });
        }
    }
}

fn failed(doing: &'static str, id: BlobId) -> impl Fn(object_store::Error) -> BlobError {
    move |error| match error {
        object_store::Error::NotFound { .. } => BlobError::NotFound(id),
        error => BlobError::Io { doing, reason: error.to_string() },
    }
}
