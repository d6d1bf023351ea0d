use crate::body::forget;
use crate::change::{ChangeEvent, Happened, append};
use crate::record::{BucketRecord, ObjectRecord};
use crate::{BucketRef, Caller, ObjectKey, Objects, ObjectsError, WriteConditions, keys};
use clock::Timestamp;
use kv::Transaction;

impl Objects {
    /// Deleting what is not there succeeds, and is no change.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`; with conditions, `PreconditionFailed` and `NoSuchKey`.
    pub async fn delete_object(
        &self,
        bucket: BucketRef,
        key: ObjectKey,
        conditions: WriteConditions,
        caller: Caller,
    ) -> Result<(), ObjectsError> {
        let now = self.clock.now();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let record = bucket.record(tx).await?;
                delete(tx, &bucket, &record, &key, &conditions, &caller, now).await?;
                Ok(())
            })
            .await
    }
}

/// Answers how many records it touched.
pub(super) async fn delete(
    tx: &mut Transaction,
    bucket: &BucketRef,
    record: &BucketRecord,
    key: &ObjectKey,
    conditions: &WriteConditions,
    caller: &Caller,
    now: Timestamp,
) -> Result<usize, ObjectsError> {
    let place = keys::object(&bucket.name, key);
    let current: Option<ObjectRecord> = kv::get_record(tx, &place).await?;
    conditions.check(current.as_ref())?;
    let Some(current) = current else { return Ok(1) };
    let touched = forget(tx, &current.body, now).await?;
    tx.delete(&place);
    let happened = Happened {
        event: ChangeEvent::RemovedDelete,
        bucket: &bucket.name,
        key,
        caller,
        time: now,
        object: None,
    };
    append(tx, record, happened).await?;
    Ok(touched + 1)
}
