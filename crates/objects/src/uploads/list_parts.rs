use super::UploadRef;
use crate::record::PartRecord;
use crate::{Checksum, ChecksumAlgorithm, ChecksumKind, Objects, ObjectsError, PAGE_MAX, keys};
use clock::Timestamp;
use kv::{KvError, Snapshot};
use names::Keyspace;
use names::key::KeyParts;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartPage {
    /// In order of number.
    pub parts: Vec<ListedPart>,
    /// There are more after the last one.
    pub truncated: bool,
    /// ARN.
    pub initiator: String,
    /// As chosen when the upload was created, if it was.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumKind)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPart {
    pub number: u16,
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    pub last_modified: Timestamp,
    pub checksum: Checksum,
}

impl Objects {
    /// The parts after number `after`, `max` at most (more than [`PAGE_MAX`] counts as that).
    ///
    /// # Errors
    /// `NoSuchUpload`, `NoSuchBucket`, `NotTheOwner`.
    pub async fn list_parts(
        &self,
        upload: UploadRef,
        after: u16,
        max: usize,
    ) -> Result<PartPage, ObjectsError> {
        self.kv
            .read(async move |read: &Snapshot| {
                let record = upload.record(read).await?;
                let all = keys::parts(&upload.id);
                let range = all.range_after(&keys::part(&upload.id, after));
                let max = max.min(PAGE_MAX);
                let rows = kv::range_records::<PartRecord>(read, &range, max + 1).await?;
                let truncated = rows.len() > max;
                let parts = rows.into_iter().take(max).map(|(key, part)| listed(&key, part));
                Ok(PartPage {
                    parts: parts.collect::<Result<_, _>>()?,
                    truncated,
                    initiator: record.initiator,
                    checksum: record
                        .checksum_chosen
                        .then_some((record.checksum_algorithm, record.checksum_kind)),
                })
            })
            .await
    }
}

fn listed(key: &[u8], part: PartRecord) -> Result<ListedPart, ObjectsError> {
    let PartRecord { size, etag, last_modified, checksum, checksum_declared, .. } = part;
    let checksum = checksum_declared.unwrap_or(checksum);
    Ok(ListedPart { number: number_in(key)?, size, etag, last_modified, checksum })
}

/// The part number in a key of the store.
pub(super) fn number_in(key: &[u8]) -> Result<u16, ObjectsError> {
    let corrupt = |reason: String| KvError::Corrupt { kind: "part key", reason };
    let mut parts = KeyParts::of(Keyspace::Part, key).map_err(|error| corrupt(error.0))?;
    parts.text().map_err(|error| corrupt(error.0))?;
    let number = parts.number().map_err(|error| corrupt(error.0))?;
    Ok(u16::try_from(number).map_err(|_| corrupt(format!("part number {number}")))?)
}
