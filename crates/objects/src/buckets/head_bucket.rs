use super::{BucketInfo, BucketRef};
use crate::{Objects, ObjectsError};
use kv::Snapshot;

impl Objects {
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`.
    pub async fn head_bucket(&self, bucket: BucketRef) -> Result<BucketInfo, ObjectsError> {
        self.kv
            .read(async move |read: &Snapshot| {
                let record = bucket.record(read).await?;
                Ok(BucketInfo::of(bucket.name.clone(), &record))
            })
            .await
    }
}
