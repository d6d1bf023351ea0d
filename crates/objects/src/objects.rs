pub(crate) mod copy_object;
pub(crate) mod delete_object;
pub(crate) mod delete_objects;
pub(crate) mod get_object;
pub(crate) mod get_object_attributes;
pub(crate) mod list_objects;
pub(crate) mod object_tagging;
pub(crate) mod put_object;
pub(crate) mod walk;

use crate::body::forget;
use crate::change::{ChangeEvent, Happened, append};
use crate::condition::WriteConditions;
use crate::record::ObjectRecord;
use crate::{Attributes, BucketRef, Caller, Checksum, ObjectKey, ObjectsError, keys};
use clock::Timestamp;
use kv::{Read, Transaction};

/// What there is to know of an object without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Bytes of the whole object.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    pub last_modified: Timestamp,
    pub checksum: Checksum,
    pub attributes: Attributes,
    pub tag_count: usize,
    /// Of an object that came in parts.
    pub parts: Option<u16>,
}

/// What a writer is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Without quotes.
    pub etag: String,
    pub checksum: Checksum,
    pub size: u64,
    pub last_modified: Timestamp,
}

/// The object that an operation writes, and on whose behalf.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub bucket: BucketRef,
    pub key: ObjectKey,
    pub conditions: WriteConditions,
    pub caller: Caller,
    pub event: ChangeEvent,
}

impl ObjectInfo {
    fn of(record: &ObjectRecord) -> Self {
        ObjectInfo {
            size: record.size,
            etag: record.etag.clone(),
            last_modified: record.last_modified,
            checksum: record.checksum.clone(),
            attributes: record.attributes.clone(),
            tag_count: record.tags.len(),
            parts: record.parts,
        }
    }
}

impl Written {
    pub(crate) fn of(record: &ObjectRecord) -> Self {
        Written {
            etag: record.etag.clone(),
            checksum: record.checksum.clone(),
            size: record.size,
            last_modified: record.last_modified,
        }
    }
}

/// # Errors
/// `NoSuchKey`; `NoSuchBucket` and `NotTheOwner` come before.
pub(crate) async fn existing(
    read: &impl Read,
    bucket: &BucketRef,
    key: &ObjectKey,
) -> Result<ObjectRecord, ObjectsError> {
    bucket.record(read).await?;
    kv::get_record(read, keys::object(&bucket.name, key)).await?.ok_or(ObjectsError::NoSuchKey)
}

impl Destination {
    /// Puts the object in the place of what was there, lets go of that one's bytes and appends to the
    /// change log. `now` is to the millisecond.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`, `PreconditionFailed`, `NoSuchKey` (see [`WriteConditions`]).
    pub(crate) async fn write(
        &self,
        tx: &mut Transaction,
        object: &ObjectRecord,
        now: Timestamp,
    ) -> Result<Written, ObjectsError> {
        let bucket = self.bucket.record(tx).await?;
        let place = keys::object(&self.bucket.name, &self.key);
        let current: Option<ObjectRecord> = kv::get_record(tx, &place).await?;
        self.conditions.check(current.as_ref())?;
        if let Some(current) = current.filter(|current| current.body != object.body) {
            forget(tx, &current.body, now).await?;
        }
        kv::put_record(tx, &place, object);
        let happened = Happened {
            event: self.event,
            bucket: &self.bucket.name,
            key: &self.key,
            caller: &self.caller,
            time: now,
            object: Some((object.size, &object.etag)),
        };
        append(tx, &bucket, happened).await?;
        Ok(Written::of(object))
    }

    /// Finds out what can be found out before a body is read.
    ///
    /// # Errors
    /// As [`Destination::write`].
    pub(crate) async fn check(&self, read: &impl Read) -> Result<(), ObjectsError> {
        self.bucket.record(read).await?;
        if self.conditions.is_empty() {
            return Ok(());
        }
        let current: Option<ObjectRecord> =
            kv::get_record(read, keys::object(&self.bucket.name, &self.key)).await?;
        self.conditions.check(current.as_ref())
    }
}
