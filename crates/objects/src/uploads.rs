pub(crate) mod abort_multipart_upload;
pub(crate) mod complete_multipart_upload;
pub(crate) mod create_multipart_upload;
pub(crate) mod list_multipart_uploads;
pub(crate) mod list_parts;
pub(crate) mod upload_part;
pub(crate) mod upload_part_copy;

use crate::record::UploadRecord;
use crate::{BucketRef, ObjectKey, ObjectsError, UploadId, keys};
use kv::{KvError, Read};
use names::key::KeyParts;
use names::{Key, Keyspace};

/// The upload of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRef {
    pub bucket: BucketRef,
    pub key: ObjectKey,
    pub id: UploadId,
}

impl UploadRef {
    fn place(&self) -> Key {
        keys::upload(&self.bucket.name, &self.key, &self.id)
    }

    /// # Errors
    /// `NoSuchUpload`; `NoSuchBucket` and `NotTheOwner` come before.
    async fn record(&self, read: &impl Read) -> Result<UploadRecord, ObjectsError> {
        self.bucket.record(read).await?;
        kv::get_record(read, self.place()).await?.ok_or(ObjectsError::NoSuchUpload)
    }
}

/// The object key and the upload id in a key of the store.
pub(crate) fn place_in(place: &[u8]) -> Result<(String, UploadId), ObjectsError> {
    let corrupt = |error: names::NameError| KvError::Corrupt { kind: "upload key", reason: error.0 };
    let mut parts = KeyParts::of(Keyspace::Upload, place).map_err(corrupt)?;
    parts.text().map_err(corrupt)?;
    let key = parts.text().map_err(corrupt)?;
    let id = UploadId::parse(&parts.text().map_err(corrupt)?)?;
    Ok((key, id))
}
