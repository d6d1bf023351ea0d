use super::{ObjectInfo, existing};
use crate::body::{OutgoingBody, Segment, open};
use crate::record::{Body, ObjectRecord, PartRecord};
use crate::{
    BucketRef, ByteRange, Checksum, ChecksumKind, ObjectKey, Objects, ObjectsError, PARTS_MAX,
    ReadConditions, keys,
};
use kv::{Read, Snapshot};
use std::ops::Range;

#[derive(Debug, Clone)]
pub struct GetObject {
    pub bucket: BucketRef,
    pub key: ObjectKey,
    pub conditions: ReadConditions,
    pub wanted: Wanted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Whole,
    Range(ByteRange),
    /// From 1 up, in the order of the completed upload. An object that came whole is its own part 1.
    Part(u16),
}

#[derive(Debug, Clone)]
pub struct Found {
    pub info: ObjectInfo,
    /// The bytes that were wanted, of [`ObjectInfo::size`].
    pub range: Range<u64>,
    /// A range or a part was asked for, even if it is the whole.
    pub partial: bool,
    /// Of the wanted bytes, where one is known.
    pub checksum: Option<Checksum>,
}

/// An object overwritten between looking it up and opening its blob is looked up again this often.
const ATTEMPTS_MAX: usize = 3;

impl Objects {
    /// # Errors
    /// `NoSuchKey`, `NoSuchBucket`, `NotTheOwner`, `PreconditionFailed`, `NotModified`, `InvalidRange`,
    /// `InvalidPartNumber`.
    pub async fn get_object(&self, request: GetObject) -> Result<(Found, OutgoingBody), ObjectsError> {
        let mut attempt = 1;
        loop {
            let request = request.clone();
            let look_up = async move |read: &Snapshot| {
                let (object, found) = select(read, &request).await?;
                let segments = Segment::of(read, &object, found.range.clone()).await?;
                Ok::<_, ObjectsError>((found, segments))
            };
            let (found, segments) = self.kv.read(look_up).await?;
            let length = found.range.end - found.range.start;
            match open(self, segments, length).await {
                Ok(body) => return Ok((found, body)),
                Err(ObjectsError::Blob(blob::BlobError::NotFound(_))) if attempt < ATTEMPTS_MAX => {
                    attempt += 1
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// # Errors
    /// As [`Objects::get_object`].
    pub async fn head_object(&self, request: GetObject) -> Result<Found, ObjectsError> {
        self.kv
            .read(async move |read: &Snapshot| {
                let (_, found) = select(read, &request).await?;
                Ok(found)
            })
            .await
    }
}

async fn select(read: &impl Read, request: &GetObject) -> Result<(ObjectRecord, Found), ObjectsError> {
    let object = existing(read, &request.bucket, &request.key).await?;
    request.conditions.check(&object)?;
    let (range, checksum) = match request.wanted {
        Wanted::Whole => (0..object.size, Some(object.checksum.clone())),
        Wanted::Range(range) => {
            let range = range.within(object.size)?;
            let whole = range == (0..object.size) && object.checksum.kind == ChecksumKind::FullObject;
            (range, whole.then(|| object.checksum.clone()))
        }
        Wanted::Part(number) => part(read, &object, number).await?,
    };
    let partial = request.wanted != Wanted::Whole;
    let found = Found { info: ObjectInfo::of(&object), range, partial, checksum };
    Ok((object, found))
}

async fn part(
    read: &impl Read,
    object: &ObjectRecord,
    number: u16,
) -> Result<(Range<u64>, Option<Checksum>), ObjectsError> {
    let Body::Parts(upload) = &object.body else {
        return match number {
            1 => Ok((0..object.size, Some(object.checksum.clone()))),
            requested => Err(ObjectsError::InvalidPartNumber { requested, count: 1 }),
        };
    };
    let parts = keys::parts(upload).range();
    let parts = kv::range_records::<PartRecord>(read, &parts, PARTS_MAX).await?;
    let mut start = 0;
    for (position, (_, part)) in parts.iter().enumerate() {
        let end = start + part.size;
        if position + 1 == usize::from(number) {
            return Ok((start..end, Some(part.checksum.clone())));
        }
        start = end;
    }
    Err(ObjectsError::InvalidPartNumber { requested: number, count: parts.len() })
}
