//! What is stored.

use crate::attributes::Attributes;
use crate::checksum::{Checksum, ChecksumAlgorithm, ChecksumKind};
use crate::notification::NotificationConfiguration;
use crate::tags::TagSet;
use crate::upload_id::UploadId;
use blob::BlobId;
use clock::Timestamp;
use kv::Record;
use names::{AccountId, Region};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BucketRecord {
    pub owner: AccountId,
    pub region: Region,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "TagSet::is_empty")]
    pub tags: TagSet,
    #[serde(default, skip_serializing_if = "NotificationConfiguration::is_empty")]
    pub notifications: NotificationConfiguration,
}

impl Record for BucketRecord {
    const KIND: &'static str = "bucket";
    const VERSION: u8 = 1;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ObjectRecord {
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// Whole seconds, since that is all that an HTTP date tells a reader.
    pub last_modified: Timestamp,
    pub body: Body,
    pub checksum: Checksum,
    #[serde(default)]
    pub attributes: Attributes,
    #[serde(default, skip_serializing_if = "TagSet::is_empty")]
    pub tags: TagSet,
    /// Of a completed multipart upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u16>,
}

impl Record for ObjectRecord {
    const KIND: &'static str = "object";
    const VERSION: u8 = 1;
}

/// Where an object's bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Body {
    /// Zero bytes.
    Empty,
    /// A record of [`names::Keyspace::InlineBody`].
    Inline(String),
    Blob(BlobId),
    /// The part records of a completed upload, in order of number: completing copies nothing.
    Parts(UploadId),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct UploadRecord {
    pub initiated: Timestamp,
    pub attributes: Attributes,
    #[serde(default, skip_serializing_if = "TagSet::is_empty")]
    pub tags: TagSet,
    pub checksum_algorithm: ChecksumAlgorithm,
    pub checksum_kind: ChecksumKind,
    /// The creator chose the algorithm, so parts must not come with another one.
    pub checksum_chosen: bool,
    /// ARN of the principal that created it.
    pub initiator: String,
}

impl Record for UploadRecord {
    const KIND: &'static str = "multipart upload";
    const VERSION: u8 = 1;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PartRecord {
    pub size: u64,
    /// Without quotes: the MD5 in hex.
    pub etag: String,
    pub last_modified: Timestamp,
    pub body: Body,
    /// By the upload's algorithm.
    pub checksum: Checksum,
    /// By the algorithm that the part came with, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum_declared: Option<Checksum>,
}

impl Record for PartRecord {
    const KIND: &'static str = "upload part";
    const VERSION: u8 = 1;
}
