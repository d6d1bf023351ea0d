use super::BucketRef;
use crate::record::BucketRecord;
use crate::uploads::abort_multipart_upload::abort;
use crate::uploads::place_in;
use crate::{Objects, ObjectsError, keys};
use kv::{Read, Snapshot, Transaction};

impl Objects {
    /// Multipart uploads under way do not hold a bucket: they are aborted.
    ///
    /// # Errors
    /// `BucketNotEmpty`, `NoSuchBucket`, `NotTheOwner`.
    pub async fn delete_bucket(&self, bucket: BucketRef) -> Result<(), ObjectsError> {
        self.head_empty(bucket.clone()).await?;
        // An upload can have 10,000 parts, so each gets a transaction of its own. Every round removes
        // one upload; those that begin meanwhile only add rounds.
        while self.delete_step(bucket.clone()).await? {}
        Ok(())
    }

    /// Refuses early, before any upload is aborted.
    async fn head_empty(&self, bucket: BucketRef) -> Result<(), ObjectsError> {
        self.kv
            .read(async move |read: &Snapshot| {
                bucket.record(read).await?;
                refuse_with_objects(read, &bucket).await
            })
            .await
    }

    /// Aborts one upload (true: there may be more), or else removes the bucket.
    async fn delete_step(&self, bucket: BucketRef) -> Result<bool, ObjectsError> {
        let now = self.clock.now();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let BucketRecord { owner, .. } = bucket.record(tx).await?;
                refuse_with_objects(tx, &bucket).await?;
                let uploads = tx.range(&keys::uploads(&bucket.name).range(), 1).await?;
                if let Some((place, _)) = uploads.first() {
                    let (_, upload) = place_in(place)?;
                    abort(tx, place, &upload, now).await?;
                    return Ok(true);
                }
                tx.delete(keys::bucket(&bucket.name));
                tx.delete(keys::account_bucket(&owner, &bucket.name));
                Ok(false)
            })
            .await
    }
}

async fn refuse_with_objects(read: &impl Read, bucket: &BucketRef) -> Result<(), ObjectsError> {
    let objects = read.range(&keys::objects(&bucket.name).range(), 1).await?;
    if objects.is_empty() { Ok(()) } else { Err(ObjectsError::BucketNotEmpty) }
}
