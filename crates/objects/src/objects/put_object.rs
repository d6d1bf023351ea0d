use super::{Destination, Written};
use crate::body::{INLINE_BYTES_MAX, IncomingBody, Limits};
use crate::record::ObjectRecord;
use crate::{
    Attributes, BucketRef, Caller, ChangeEvent, ChecksumAlgorithm, ObjectKey, Objects, ObjectsError, TagSet,
    UPLOAD_BYTES_MAX, WriteConditions,
};
use kv::{Snapshot, Transaction};

#[derive(Debug, Clone)]
pub struct PutObject {
    pub bucket: BucketRef,
    pub key: ObjectKey,
    pub attributes: Attributes,
    pub tags: TagSet,
    pub conditions: WriteConditions,
    pub caller: Caller,
    /// [`ChangeEvent::CreatedPut`], or [`ChangeEvent::CreatedPost`] for a form upload.
    pub event: ChangeEvent,
}

impl Objects {
    /// Replaces the object at the key, if there is one, when the whole body has come and is verified.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`, `PreconditionFailed`, `NoSuchKey` (see [`WriteConditions`]),
    /// `MetadataTooLarge`, and what is wrong with the body (see [`IncomingBody`]).
    pub async fn put_object(&self, request: PutObject, body: IncomingBody) -> Result<Written, ObjectsError> {
        let PutObject { bucket, key, attributes, tags, conditions, caller, event } = request;
        attributes.check()?;
        let destination = Destination { bucket, key, conditions, caller, event };
        // A large body is not worth reading when its end is known. A small one costs less than asking.
        if body.length.is_none_or(|length| length > INLINE_BYTES_MAX as u64) {
            let checking = destination.clone();
            self.kv.read(async move |read: &Snapshot| checking.check(read).await).await?;
        }

        let algorithm =
            body.checksum.as_ref().map_or(ChecksumAlgorithm::DEFAULT, |declared| declared.algorithm);
        let received = body.receive(self, Limits { size_max: UPLOAD_BYTES_MAX, algorithm }).await?;
        let held = received.held;
        let now = self.clock.now();
        self.commit(received.unnamed, async move |tx: &mut Transaction| {
            let object = ObjectRecord {
                size: received.size,
                etag: hex::encode(received.md5),
                last_modified: now.truncated_to_seconds(),
                body: held.store(tx),
                checksum: received.checksum.clone(),
                attributes: attributes.clone(),
                tags: tags.clone(),
                parts: None,
            };
            destination.write(tx, &object, now).await
        })
        .await
    }
}
