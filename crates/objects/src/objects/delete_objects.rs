use super::delete_object::delete;
use crate::{BucketRef, Caller, ObjectKey, Objects, ObjectsError, WriteConditions};
use kv::Transaction;
use std::sync::Arc;

/// Keys of one request, at most.
pub const DELETE_KEYS_MAX: usize = 1000;

/// Records that one transaction touches before the next one takes over, since one key can stand for
/// 10,000 parts.
const TOUCHED_MAX: usize = 20_000;

#[derive(Debug, Clone)]
pub struct DeleteEntry {
    pub key: ObjectKey,
    pub conditions: WriteConditions,
}

impl Objects {
    /// Answers one result per entry, in their order. Entries are deleted each for itself: some may be
    /// gone when the whole fails.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`, `MalformedXml` for more than [`DELETE_KEYS_MAX`] entries. Within the
    /// results: `PreconditionFailed`, `NoSuchKey` (only with conditions).
    pub async fn delete_objects(
        &self,
        bucket: BucketRef,
        entries: Vec<DeleteEntry>,
        caller: Caller,
    ) -> Result<Vec<Result<(), ObjectsError>>, ObjectsError> {
        if entries.is_empty() || entries.len() > DELETE_KEYS_MAX {
            return Err(ObjectsError::MalformedXml(
                "The XML you provided was not well-formed or did not validate against our published schema"
                    .to_owned(),
            ));
        }
        let entries = Arc::new(entries);
        let mut results = Vec::new();
        while results.len() < entries.len() {
            let done =
                self.delete_some(bucket.clone(), entries.clone(), results.len(), caller.clone()).await?;
            results.extend(done);
        }
        Ok(results)
    }

    /// At least one entry from `start` on.
    async fn delete_some(
        &self,
        bucket: BucketRef,
        entries: Arc<Vec<DeleteEntry>>,
        start: usize,
        caller: Caller,
    ) -> Result<Vec<Result<(), ObjectsError>>, ObjectsError> {
        let now = self.clock.now();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let record = bucket.record(tx).await?;
                let mut results = Vec::new();
                let mut touched = 0;
                for DeleteEntry { key, conditions } in entries.iter().skip(start) {
                    let result = delete(tx, &bucket, &record, key, conditions, &caller, now).await;
                    results.push(match result {
                        Ok(more) => {
                            touched += more;
                            Ok(())
                        }
                        // The store itself failed: nothing of this transaction will be kept.
                        Err(ObjectsError::Store(error)) => return Err(error.into()),
                        Err(refusal) => Err(refusal),
                    });
                    if touched >= TOUCHED_MAX {
                        break;
                    }
                }
                Ok(results)
            })
            .await
    }
}
