use crate::ObjectsError;
use blob::{BlobId, BlobWriter, Blobs};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// A finished blob that no record names yet. Dropped, it takes the blob along: a request may be given up
/// at any moment, and what it wrote must not stay until the next start.
pub(crate) struct Unnamed {
    blobs: Blobs,
    /// None once it is decided what becomes of it.
    id: Option<BlobId>,
}

impl Unnamed {
    /// Finishes what `writer` wrote, whether or not the caller waits for it.
    ///
    /// # Errors
    /// The blob store's.
    pub(super) async fn finish(blobs: Blobs, writer: BlobWriter) -> Result<(Unnamed, BlobId), ObjectsError> {
        let (tell, told) = oneshot::channel();
        tokio::spawn(async move {
            let finished = writer.finish().await;
            // Comes back and is dropped when nobody waits any more.
            let _ = tell.send(finished.map(|id| (Unnamed { blobs, id: Some(id) }, id)));
        });
        match told.await {
            Ok(finished) => Ok(finished?),
            // The task was lost with its runtime.
            Err(_) => Err(kv::KvError::Closed.into()),
        }
    }

    /// A record names it now, or may: nobody knows.
    pub(crate) fn keep(mut self) {
        self.id = None;
    }

    pub(crate) async fn remove(mut self) {
        if let Some(id) = self.id.take() {
            remove(&self.blobs, &id).await;
        }
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        // Without a runtime the process ends, and the next start finds the blob.
        if let (Some(id), Ok(runtime)) = (self.id.take(), Handle::try_current()) {
            let blobs = self.blobs.clone();
            runtime.spawn(async move { remove(&blobs, &id).await });
        }
    }
}

async fn remove(blobs: &Blobs, id: &BlobId) {
    if let Err(error) = blobs.delete(id).await {
        tracing::warn!(blob = %id, %error, "the body of an upload that was not kept stays until the next start");
    }
}
