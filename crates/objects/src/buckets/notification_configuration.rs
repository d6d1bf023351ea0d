use super::BucketRef;
use crate::{NotificationConfiguration, Objects, ObjectsError, keys};
use kv::{Snapshot, Transaction};

impl Objects {
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`.
    pub async fn get_bucket_notification_configuration(
        &self,
        bucket: BucketRef,
    ) -> Result<NotificationConfiguration, ObjectsError> {
        self.kv.read(async move |read: &Snapshot| Ok(bucket.record(read).await?.notifications)).await
    }

    /// Replaces it, for changes from here on; an empty one ends all notifications. That the functions
    /// exist and let S3 invoke them is for the caller to have found out: services do not know each
    /// other.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`.
    pub async fn put_bucket_notification_configuration(
        &self,
        bucket: BucketRef,
        notifications: NotificationConfiguration,
    ) -> Result<(), ObjectsError> {
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = bucket.record(tx).await?;
                record.notifications = notifications.clone();
                kv::put_record(tx, keys::bucket(&bucket.name), &record);
                Ok(())
            })
            .await
    }
}
