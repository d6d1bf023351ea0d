use crate::record::BucketRecord;
use crate::{BucketName, Objects, ObjectsError, keys};
use kv::Snapshot;
use names::AccountId;

impl Objects {
    /// The account that a bucket belongs to, on which permission is decided; `None` when there is no such
    /// bucket.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn bucket_owner(&self, name: BucketName) -> Result<Option<AccountId>, ObjectsError> {
        self.kv
            .read(async move |read: &Snapshot| {
                let record: Option<BucketRecord> = kv::get_record(read, keys::bucket(&name)).await?;
                Ok(record.map(|record| record.owner))
            })
            .await
    }
}
