use super::walk::{Entry, Start, Walk};
use crate::record::ObjectRecord;
use crate::{BucketRef, Checksum, Objects, ObjectsError, PAGE_MAX};
use clock::Timestamp;
use kv::Snapshot;
use names::Keyspace;

#[derive(Debug, Clone)]
pub struct ListObjects {
    pub bucket: BucketRef,
    pub prefix: String,
    /// Keys that have it after the prefix are rolled up into one common prefix each.
    pub delimiter: Option<String>,
    /// Begins after this key, or after this common prefix with all that is under it.
    pub after: Option<String>,
    /// Entries, common prefixes included; more than [`PAGE_MAX`] counts as that. Zero gives none.
    pub max: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectPage {
    pub objects: Vec<ListedObject>,
    pub common_prefixes: Vec<String>,
    /// Where the next page begins after; `None` on the last page.
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    pub key: String,
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    pub last_modified: Timestamp,
    pub checksum: Checksum,
}

impl Objects {
    /// In the order of the keys' UTF-8 bytes.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`.
    pub async fn list_objects(&self, request: ListObjects) -> Result<ObjectPage, ObjectsError> {
        self.kv.read(async move |read: &Snapshot| page(read, &request).await).await
    }
}

async fn page(read: &Snapshot, request: &ListObjects) -> Result<ObjectPage, ObjectsError> {
    request.bucket.record(read).await?;
    let mut page = ObjectPage::default();
    if request.max == 0 {
        return Ok(page);
    }
    let walk = Walk {
        keyspace: Keyspace::Object,
        bucket: &request.bucket.name,
        prefix: &request.prefix,
        delimiter: request.delimiter.as_deref(),
        start: request.after.as_deref().map_or(Start::First, Start::After),
        max: request.max.min(PAGE_MAX),
    };
    let walked = walk.run(read).await?;
    if walked.truncated {
        page.next = walked.entries.last().map(|entry| match entry {
            Entry::Item { key, .. } | Entry::CommonPrefix(key) => key.clone(),
        });
    }
    for entry in walked.entries {
        match entry {
            Entry::CommonPrefix(common) => page.common_prefixes.push(common),
            Entry::Item { key, value, .. } => {
                let ObjectRecord { size, etag, last_modified, checksum, .. } = kv::record::decode(&value)?;
                page.objects.push(ListedObject { key, size, etag, last_modified, checksum });
            }
        }
    }
    Ok(page)
}
