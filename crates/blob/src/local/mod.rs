//! Blobs as files: `DIRECTORY/ab/<id>`, where `ab` are the id's last two digits, and `DIRECTORY/tmp/<id>`
//! while they are written.
//!
//! Durable means: file fsynced, renamed, its directory fsynced.

mod directory;
mod read;
mod write;

use crate::error::io_failed;
use crate::store::{Found, IsEnded, Opened, Sink, Store};
use crate::{BlobError, BlobId};
use directory::Directory;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, BoxStream, StreamExt};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};

/// A reader learns a blob's id from a record and then opens the file; once it is open, removing it
/// does not matter. The two steps follow one another within one request.
const GRACE: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(crate) struct Local(Arc<Directory>);

impl Local {
    pub(crate) fn open(path: PathBuf) -> Result<Self, BlobError> {
        let directory = Directory::open(path).map_err(io_failed("making the directory of blobs"))?;
        Ok(Local(Arc::new(directory)))
    }

    pub(crate) fn path(&self, id: &BlobId) -> PathBuf {
        self.0.finished(id)
    }
}

impl Store for Local {
    fn sink(&self, id: BlobId) -> Box<dyn Sink> {
        Box::new(write::FileSink::new(Arc::clone(&self.0), id))
    }

    fn open(&self, id: BlobId, range: Range<u64>) -> BoxFuture<'_, Result<Opened, BlobError>> {
        read::open(self.0.finished(&id), id, range).boxed()
    }

    fn delete(&self, id: BlobId) -> BoxFuture<'_, Result<(), BlobError>> {
        let path = self.0.finished(&id);
        let removed = move || match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        async { done(spawn_blocking(removed)).await.map_err(io_failed("removing a blob")) }.boxed()
    }

    fn list(&self) -> BoxStream<'_, Result<Vec<Found>, BlobError>> {
        // One group per directory: of n blobs about n / 256.
        let listed = stream::iter(0..=u8::MAX).then(|shard| {
            let directory = Arc::clone(&self.0);
            done(spawn_blocking(move || directory.list(shard)))
        });
        let found = |ids: Vec<BlobId>| ids.into_iter().map(|id| Found { id, finished: None }).collect();
        listed.map(move |ids| ids.map(found).map_err(io_failed("listing blobs"))).boxed()
    }

    fn sweep_unfinished(&self, is_ended: IsEnded) -> BoxFuture<'_, Result<u64, BlobError>> {
        let directory = Arc::clone(&self.0);
        let swept = move || directory.sweep_unfinished(is_ended);
        async { done(spawn_blocking(swept)).await.map_err(io_failed("removing unfinished blobs")) }.boxed()
    }

    fn grace(&self) -> Duration {
        GRACE
    }
}

/// File work on a thread that may block.
type Work<T> = JoinHandle<io::Result<T>>;

async fn done<T>(work: Work<T>) -> io::Result<T> {
    work.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
