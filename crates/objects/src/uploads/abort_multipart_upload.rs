use super::UploadRef;
use crate::body::forget;
use crate::record::Body;
use crate::{Objects, ObjectsError, UploadId};
use clock::Timestamp;
use kv::Transaction;

impl Objects {
    /// # Errors
    /// `NoSuchUpload`, `NoSuchBucket`, `NotTheOwner`.
    pub async fn abort_multipart_upload(&self, upload: UploadRef) -> Result<(), ObjectsError> {
        let now = self.clock.now();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                upload.record(tx).await?;
                abort(tx, &upload.place(), &upload.id, now).await
            })
            .await
    }
}

/// Removes the upload at `place` with all its parts.
pub(crate) async fn abort(
    tx: &mut Transaction,
    place: &[u8],
    upload: &UploadId,
    now: Timestamp,
) -> Result<(), ObjectsError> {
    tx.delete(place);
    forget(tx, &Body::Parts(upload.clone()), now).await?;
    Ok(())
}
