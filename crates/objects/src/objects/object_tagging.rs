use super::existing;
use crate::{BucketRef, ObjectKey, Objects, ObjectsError, TagSet, keys};
use kv::{Snapshot, Transaction};

impl Objects {
    /// # Errors
    /// `NoSuchKey`, `NoSuchBucket`, `NotTheOwner`.
    pub async fn get_object_tagging(
        &self,
        bucket: BucketRef,
        key: ObjectKey,
    ) -> Result<TagSet, ObjectsError> {
        self.kv.read(async move |read: &Snapshot| Ok(existing(read, &bucket, &key).await?.tags)).await
    }

    /// Replaces them all; an empty set deletes them. The object counts as not modified.
    ///
    /// # Errors
    /// `NoSuchKey`, `NoSuchBucket`, `NotTheOwner`.
    pub async fn put_object_tagging(
        &self,
        bucket: BucketRef,
        key: ObjectKey,
        tags: TagSet,
    ) -> Result<(), ObjectsError> {
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut object = existing(tx, &bucket, &key).await?;
                object.tags = tags.clone();
                kv::put_record(tx, keys::object(&bucket.name, &key), &object);
                Ok(())
            })
            .await
    }
}
