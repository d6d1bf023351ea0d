pub(crate) mod bucket_owner;
pub(crate) mod bucket_tagging;
pub(crate) mod create_bucket;
pub(crate) mod delete_bucket;
pub(crate) mod head_bucket;
pub(crate) mod list_buckets;
pub(crate) mod notification_configuration;

use crate::record::BucketRecord;
use crate::{BucketName, ObjectsError, keys};
use clock::Timestamp;
use kv::Read;
use names::{AccountId, Region};

/// The bucket of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketRef {
    pub name: BucketName,
    /// The account that the bucket must belong to: the one for which permission was decided. Checked
    /// in the operation's own transaction, so that a bucket which changed hands in between is refused.
    pub expected_owner: Option<AccountId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketInfo {
    pub name: BucketName,
    pub owner: AccountId,
    pub region: Region,
    pub created: Timestamp,
}

impl BucketRef {
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`.
    pub(crate) async fn record(&self, read: &impl Read) -> Result<BucketRecord, ObjectsError> {
        let record: Option<BucketRecord> = kv::get_record(read, keys::bucket(&self.name)).await?;
        let record = record.ok_or(ObjectsError::NoSuchBucket)?;
        match &self.expected_owner {
            Some(owner) if *owner != record.owner => Err(ObjectsError::NotTheOwner),
            _ => Ok(record),
        }
    }
}

impl BucketInfo {
    fn of(name: BucketName, record: &BucketRecord) -> Self {
        BucketInfo {
            name,
            owner: record.owner.clone(),
            region: record.region.clone(),
            created: record.created,
        }
    }
}
