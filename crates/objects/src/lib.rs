//! Buckets, objects, multipart uploads, and the log of their changes. Spoken as S3, of which nothing
//! is known here: no HTTP, no XML, no permissions.
//!
//! What holds:
//! - An operation that answered is on disk, together with its entry in the change log.
//! - A body is verified (length, MD5, checksum) before any record names it; a refused upload leaves
//!   what was there.
//! - A reader sees one version of an object, whole, whatever is written meanwhile.
//! - A listing page is one snapshot.
//! - Memory in use does not grow with the size of a body.
//!
//! Stated bounds: [`OBJECT_BYTES_MAX`], [`UPLOAD_BYTES_MAX`], [`PARTS_MAX`], [`PART_BYTES_MIN`],
//! [`KEY_BYTES_MAX`], [`USER_METADATA_BYTES_MAX`], [`PAGE_MAX`], [`BUCKETS_MAX`].

mod attributes;
mod body;
mod bucket_name;
pub mod change;
mod checksum;
mod condition;
mod error;
mod keys;
mod notification;
mod object_key;
mod range;
mod record;
mod tags;
mod upload_id;

mod buckets;
mod objects;
mod uploads;

pub use attributes::{Attributes, CONTENT_TYPE_DEFAULT, USER_METADATA_BYTES_MAX};
pub use body::{BodyError, BodyPiece, DeclaredChecksum, ExpectedChecksum, IncomingBody, OutgoingBody};
pub use bucket_name::{BucketName, InvalidBucketName};
pub use buckets::create_bucket::{BUCKETS_MAX, CreateBucket};
pub use buckets::list_buckets::{BucketPage, ListBuckets};
pub use buckets::{BucketInfo, BucketRef};
pub use change::{ChangeEvent, Delivery, ObjectChange};
pub use checksum::{Checksum, ChecksumAlgorithm, ChecksumHasher, ChecksumKind};
pub use condition::{EtagCondition, ReadConditions, WriteConditions};
pub use error::ObjectsError;
pub use notification::{EventPattern, NOTIFICATIONS_MAX, Notification, NotificationConfiguration};
pub use object_key::{InvalidObjectKey, KEY_BYTES_MAX, ObjectKey};
pub use objects::copy_object::{CopyObject, CopySource};
pub use objects::delete_objects::{DELETE_KEYS_MAX, DeleteEntry};
pub use objects::get_object::{Found, GetObject, Wanted};
pub use objects::get_object_attributes::{ObjectParts, PartInfo};
pub use objects::list_objects::{ListObjects, ListedObject, ObjectPage};
pub use objects::put_object::PutObject;
pub use objects::{ObjectInfo, Written};
pub use range::ByteRange;
pub use tags::{BUCKET_TAGS_MAX, OBJECT_TAGS_MAX, Tag, TagSet};
pub use upload_id::UploadId;
pub use uploads::UploadRef;
pub use uploads::complete_multipart_upload::{CompleteMultipartUpload, CompletedPart};
pub use uploads::create_multipart_upload::{CreateMultipartUpload, Created};
pub use uploads::list_multipart_uploads::{ListUploads, ListedUpload, UploadPage};
pub use uploads::list_parts::{ListedPart, PartPage};
pub use uploads::upload_part::{PART_NUMBER_MAX, UploadedPart};
pub use uploads::upload_part_copy::UploadPartCopy;

use blob::Blobs;
use body::Unnamed;
use clock::Clock;
use kv::{Kv, Transaction};

/// Bytes of one upload (an object or a part), at most: 5 GiB.
pub const UPLOAD_BYTES_MAX: u64 = 5 << 30;
/// Bytes of one object, at most: 5 TiB.
pub const OBJECT_BYTES_MAX: u64 = 5 << 40;
/// Parts of one object, at most.
pub const PARTS_MAX: usize = 10_000;
/// Bytes of each part but the last, at least: 5 MiB.
pub const PART_BYTES_MIN: u64 = 5 << 20;
/// Entries of one page of any listing, at most.
pub const PAGE_MAX: usize = 1000;

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    kv: Kv,
    blobs: Blobs,
    clock: Clock,
}

/// Who asks, for the change log and for records of who began what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// ARN.
    pub principal: String,
    /// The user id, as `userIdentity.principalId` of an event carries it.
    pub principal_id: String,
    pub source_ip: String,
    pub request_id: String,
    /// The trace header of a function's own request: what it causes belongs to the same chain of events.
    pub trace_id: Option<String>,
}

impl Objects {
    pub fn new(kv: Kv, blobs: Blobs, clock: Clock) -> Self {
        Objects { kv, blobs, clock }
    }

    /// Runs `work`, which names the blob `unnamed`. When it refuses, the blob is removed at once.
    ///
    /// After a failure of the store nobody can say whether the transaction is on disk, so the blob is
    /// left to the sweep that knows. Nor could a caller that goes away meanwhile: so with a blob the
    /// transaction is seen through by a task of its own, whoever still waits.
    async fn commit<T, F>(&self, unnamed: Option<Unnamed>, work: F) -> Result<T, ObjectsError>
    where
        F: AsyncFn(&mut Transaction) -> Result<T, ObjectsError> + Send + 'static,
        T: Send + 'static,
    {
        let Some(unnamed) = unnamed else { return self.kv.transact(work).await };
        let kv = self.kv.clone();
        let seen_through = tokio::spawn(async move {
            let result = kv.transact(work).await;
            match &result {
                Ok(_) | Err(ObjectsError::Store(_)) => unnamed.keep(),
                Err(_) => unnamed.remove().await,
            }
            result
        });
        match seen_through.await {
            Ok(result) => result,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is going down.
                Err(_) => Err(kv::KvError::Closed.into()),
            },
        }
    }
}
