use super::get_object::{GetObject, Wanted};
use super::{Destination, ObjectInfo, Written, existing};
use crate::body::{IncomingBody, Limits};
use crate::record::{Body, ObjectRecord};
use crate::{
    Attributes, BucketRef, ByteRange, Caller, ChangeEvent, ChecksumAlgorithm, ObjectKey, Objects,
    ObjectsError, ReadConditions, TagSet, UPLOAD_BYTES_MAX, WriteConditions,
};
use kv::{Snapshot, Transaction};
use std::ops::Range;

#[derive(Debug, Clone)]
pub struct CopyObject {
    pub bucket: BucketRef,
    pub key: ObjectKey,
    pub source: CopySource,
    /// `None`: those of the source.
    pub attributes: Option<Attributes>,
    /// `None`: those of the source.
    pub tags: Option<TagSet>,
    /// `None`: that of the source.
    pub checksum_algorithm: Option<ChecksumAlgorithm>,
    /// On what is at the destination.
    pub conditions: WriteConditions,
    pub caller: Caller,
}

#[derive(Debug, Clone)]
pub struct CopySource {
    pub bucket: BucketRef,
    pub key: ObjectKey,
    pub conditions: ReadConditions,
}

impl Objects {
    /// Sources up to [`UPLOAD_BYTES_MAX`]. The copy is one piece, whatever parts the source had.
    ///
    /// # Errors
    /// `NoSuchKey` and `PreconditionFailed` of the source; `InvalidRequest` for a source too large, or
    /// for a copy onto itself that changes nothing; and those of [`Objects::put_object`].
    pub async fn copy_object(&self, request: CopyObject) -> Result<Written, ObjectsError> {
        let CopyObject { bucket, key, source, attributes, tags, checksum_algorithm, conditions, caller } =
            request;
        if let Some(attributes) = &attributes {
            attributes.check()?;
        }
        let event = ChangeEvent::CreatedCopy;
        let destination = Destination { bucket, key, conditions, caller, event };
        if destination.bucket.name == source.bucket.name && destination.key == source.key {
            let Some(attributes) = &attributes else {
                return Err(ObjectsError::InvalidRequest(
                    "This copy request is illegal because it is trying to copy an object to itself without \
                     changing the object's metadata, storage class, website redirect location or encryption \
                     attributes."
                        .to_owned(),
                ));
            };
            let changed = Changed { attributes: attributes.clone(), tags: tags.clone(), checksum_algorithm };
            if let Some(written) = self.rewrite(destination.clone(), source.clone(), changed).await? {
                return Ok(written);
            }
        }

        let checking = destination.clone();
        self.kv.read(async move |read: &Snapshot| checking.check(read).await).await?;
        let read = self.read_source(&source, None, UPLOAD_BYTES_MAX).await?;
        let algorithm = checksum_algorithm.unwrap_or(read.info.checksum.algorithm);
        let limits = Limits { size_max: UPLOAD_BYTES_MAX, algorithm };
        let received = read.body.receive(self, limits).await.map_err(unwrapped)?;
        let (held, now) = (received.held, self.clock.now());
        let attributes = attributes.unwrap_or_else(|| copied(read.info.attributes));
        let tags = tags.unwrap_or(read.tags);
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

    /// A copy onto itself only changes the record: its bytes stay where they are. `None` when the
    /// bytes must be read after all, for another checksum or to join parts.
    async fn rewrite(
        &self,
        destination: Destination,
        source: CopySource,
        changed: Changed,
    ) -> Result<Option<Written>, ObjectsError> {
        let now = self.clock.now();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut object = existing(tx, &source.bucket, &source.key).await?;
                source.conditions.check_source(&object)?;
                let other = |wanted: ChecksumAlgorithm| wanted != object.checksum.algorithm;
                if matches!(object.body, Body::Parts(_)) || changed.checksum_algorithm.is_some_and(other) {
                    return Ok(None);
                }
                object.attributes = changed.attributes.clone();
                if let Some(tags) = &changed.tags {
                    object.tags = tags.clone();
                }
                object.last_modified = now.truncated_to_seconds();
                destination.write(tx, &object, now).await.map(Some)
            })
            .await
    }

    /// # Errors
    /// `InvalidRequest` when more than `size_max` bytes are wanted; and those of the source.
    pub(crate) async fn read_source(
        &self,
        source: &CopySource,
        range: Option<ByteRange>,
        size_max: u64,
    ) -> Result<SourceRead, ObjectsError> {
        let (looking, size_of_range) = (source.clone(), range);
        let look_up = async move |read: &Snapshot| {
            let object = existing(read, &looking.bucket, &looking.key).await?;
            looking.conditions.check_source(&object)?;
            let length = wanted_of(size_of_range, object.size)?;
            if length.end - length.start > size_max {
                return Err(ObjectsError::InvalidRequest(format!(
                    "The specified copy source is larger than the maximum allowable size for a copy source: \
                     {size_max}"
                )));
            }
            Ok((object.etag, object.tags))
        };
        let (etag, tags) = self.kv.read(look_up).await?;
        // Read what was just examined, or nothing: an object replaced in between fails the copy.
        let conditions = ReadConditions {
            if_match: Some(crate::EtagCondition::OneOf(vec![etag])),
            ..ReadConditions::default()
        };
        let wanted = range.map_or(Wanted::Whole, Wanted::Range);
        let (bucket, key) = (source.bucket.clone(), source.key.clone());
        let (found, body) = self.get_object(GetObject { bucket, key, conditions, wanted }).await?;
        let body = IncomingBody::from_stream(body.length, body.stream);
        Ok(SourceRead { info: found.info, tags, body })
    }
}

struct Changed {
    attributes: Attributes,
    tags: Option<TagSet>,
    checksum_algorithm: Option<ChecksumAlgorithm>,
}

pub(crate) struct SourceRead {
    pub info: ObjectInfo,
    pub tags: TagSet,
    pub body: IncomingBody,
}

/// A redirect is never copied along.
fn copied(source: Attributes) -> Attributes {
    Attributes { website_redirect_location: None, ..source }
}

/// The range of a copy must lie within its source, unlike that of a reader.
fn wanted_of(range: Option<ByteRange>, size: u64) -> Result<Range<u64>, ObjectsError> {
    match range {
        None => Ok(0..size),
        Some(ByteRange::FromTo(_, last)) if last >= size => Err(ObjectsError::argument(
            "x-amz-copy-source-range",
            last.to_string(),
            format!("Range specified is not valid for source object of size: {size}"),
        )),
        Some(range) => range.within(size),
    }
}

/// What went wrong with the source of a copy is one of our own errors.
pub(crate) fn unwrapped(error: ObjectsError) -> ObjectsError {
    match error {
        ObjectsError::Body(body) => match body.0.downcast::<ObjectsError>() {
            Ok(own) => *own,
            Err(other) => ObjectsError::Body(crate::BodyError(other)),
        },
        other => other,
    }
}
