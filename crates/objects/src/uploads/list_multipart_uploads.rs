use super::place_in;
use crate::objects::walk::{Entry, Start, Walk};
use crate::record::UploadRecord;
use crate::{BucketRef, ChecksumAlgorithm, ChecksumKind, Objects, ObjectsError, PAGE_MAX, UploadId, keys};
use clock::Timestamp;
use kv::Snapshot;
use names::Keyspace;

#[derive(Debug, Clone)]
pub struct ListUploads {
    pub bucket: BucketRef,
    pub prefix: String,
    pub delimiter: Option<String>,
    /// Begins after this key or common prefix; with an upload id, after that upload of the key.
    pub after: Option<(String, Option<String>)>,
    /// More than [`PAGE_MAX`] counts as that. Zero gives none.
    pub max: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UploadPage {
    /// By key, then by time of creation.
    pub uploads: Vec<ListedUpload>,
    pub common_prefixes: Vec<String>,
    /// Where the next page begins after; `None` on the last page. The id is `None` after a common
    /// prefix.
    pub next: Option<(String, Option<UploadId>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUpload {
    pub key: String,
    pub id: UploadId,
    pub initiated: Timestamp,
    /// ARN.
    pub initiator: String,
    pub checksum_algorithm: ChecksumAlgorithm,
    pub checksum_kind: ChecksumKind,
}

impl Objects {
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`.
    pub async fn list_multipart_uploads(&self, request: ListUploads) -> Result<UploadPage, ObjectsError> {
        self.kv.read(async move |read: &Snapshot| page(read, &request).await).await
    }
}

async fn page(read: &Snapshot, request: &ListUploads) -> Result<UploadPage, ObjectsError> {
    request.bucket.record(read).await?;
    let mut page = UploadPage::default();
    if request.max == 0 {
        return Ok(page);
    }
    let bucket = &request.bucket.name;
    let start = match &request.after {
        None => Start::First,
        Some((key, None)) => Start::After(key),
        Some((key, Some(id))) => Start::AfterPlace(keys::uploads(bucket).text(key).text(id)),
    };
    let walk = Walk {
        keyspace: Keyspace::Upload,
        bucket,
        prefix: &request.prefix,
        delimiter: request.delimiter.as_deref(),
        start,
        max: request.max.min(PAGE_MAX),
    };
    let walked = walk.run(read).await?;
    let mut last = None;
    for entry in walked.entries {
        match entry {
            Entry::CommonPrefix(common) => {
                last = Some((common.clone(), None));
                page.common_prefixes.push(common);
            }
            Entry::Item { place, value, .. } => {
                let (key, id) = place_in(&place)?;
                last = Some((key.clone(), Some(id.clone())));
                let record: UploadRecord = kv::record::decode(&value)?;
                page.uploads.push(ListedUpload {
                    key,
                    id,
                    initiated: record.initiated,
                    initiator: record.initiator,
                    checksum_algorithm: record.checksum_algorithm,
                    checksum_kind: record.checksum_kind,
                });
            }
        }
    }
    page.next = last.filter(|_| walked.truncated);
    Ok(page)
}
