use super::{ObjectInfo, existing};
use crate::record::{Body, PartRecord};
use crate::{BucketRef, Checksum, ObjectKey, Objects, ObjectsError, PAGE_MAX, PARTS_MAX, keys};
use kv::Snapshot;

/// The parts of an object that came in parts, one page of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectParts {
    pub total: usize,
    pub parts: Vec<PartInfo>,
    pub truncated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartInfo {
    /// From 1 up, in the order of the completed upload.
    pub number: u16,
    pub size: u64,
    pub checksum: Checksum,
}

impl Objects {
    /// With the parts after number `after`, `max` at most (more than [`PAGE_MAX`] counts as that).
    ///
    /// # Errors
    /// `NoSuchKey`, `NoSuchBucket`, `NotTheOwner`.
    pub async fn get_object_attributes(
        &self,
        bucket: BucketRef,
        key: ObjectKey,
        after: u16,
        max: usize,
    ) -> Result<(ObjectInfo, Option<ObjectParts>), ObjectsError> {
        self.kv
            .read(async move |read: &Snapshot| {
                let object = existing(read, &bucket, &key).await?;
                let info = ObjectInfo::of(&object);
                let Body::Parts(upload) = &object.body else { return Ok((info, None)) };
                let range = keys::parts(upload).range();
                let all = kv::range_records::<PartRecord>(read, &range, PARTS_MAX).await?;
                let total = all.len();
                let numbered = (1..).zip(all).skip_while(|(number, _)| *number <= after);
                let mut parts: Vec<PartInfo> = numbered
                    .map(|(number, (_, part))| PartInfo { number, size: part.size, checksum: part.checksum })
                    .collect();
                let max = max.min(PAGE_MAX);
                let truncated = parts.len() > max;
                parts.truncate(max);
                Ok((info, Some(ObjectParts { total, parts, truncated })))
            })
            .await
    }
}
