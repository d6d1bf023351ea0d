use super::BucketRef;
use crate::{Objects, ObjectsError, TagSet, keys};
use kv::{Snapshot, Transaction};

impl Objects {
    /// # Errors
    /// `NoSuchTagSet` when there are none; `NoSuchBucket`, `NotTheOwner`.
    pub async fn get_bucket_tagging(&self, bucket: BucketRef) -> Result<TagSet, ObjectsError> {
        self.kv
            .read(async move |read: &Snapshot| {
                let record = bucket.record(read).await?;
                if record.tags.is_empty() { Err(ObjectsError::NoSuchTagSet) } else { Ok(record.tags) }
            })
            .await
    }

    /// Replaces them all; an empty set deletes them.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`.
    pub async fn put_bucket_tagging(&self, bucket: BucketRef, tags: TagSet) -> Result<(), ObjectsError> {
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = bucket.record(tx).await?;
                record.tags = tags.clone();
                kv::put_record(tx, keys::bucket(&bucket.name), &record);
                Ok(())
            })
            .await
    }
}
