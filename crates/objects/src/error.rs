use crate::body::BodyError;
use crate::checksum::ChecksumAlgorithm;
use crate::{InvalidBucketName, InvalidObjectKey};
use blob::BlobError;
use clock::Timestamp;
use kv::KvError;

/// Why an operation was not done. Nothing has changed when one of these is answered, except where a
/// variant says otherwise. The texts are fit to be shown to the caller.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    #[error("The specified bucket does not exist")]
    NoSuchBucket,
    #[error("Your previous request to create the named bucket succeeded and you already own it.")]
    BucketAlreadyOwnedByYou,
    #[error(
        "The requested bucket name is not available. The bucket namespace is shared by all users of the \
         system. Please select a different name and try again."
    )]
    BucketAlreadyExists,
    #[error("You have attempted to create more buckets than allowed ({max})")]
    TooManyBuckets { max: usize },
    #[error("The bucket you tried to delete is not empty")]
    BucketNotEmpty,
    #[error(transparent)]
    InvalidBucketName(#[from] InvalidBucketName),
    /// The bucket belongs to another account than the caller or the request said.
    #[error("Access Denied")]
    NotTheOwner,

    #[error("The specified key does not exist.")]
    NoSuchKey,
    #[error(transparent)]
    InvalidKey(#[from] InvalidObjectKey),
    #[error(
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
         aborted or completed."
    )]
    NoSuchUpload,
    #[error("The TagSet does not exist")]
    NoSuchTagSet,

    #[error("At least one of the pre-conditions you specified did not hold")]
    PreconditionFailed { condition: &'static str },
    /// The reader already has what there is.
    #[error("Not Modified")]
    NotModified { etag: String, last_modified: Timestamp },
    #[error("The requested range is not satisfiable")]
    InvalidRange { size: u64 },
    #[error("The requested partnumber is not satisfiable")]
    InvalidPartNumber { requested: u16, count: usize },

    #[error("Your proposed upload exceeds the maximum allowed object size.")]
    EntityTooLarge { size: u64, max: u64 },
    #[error("Your proposed upload is smaller than the minimum allowed size")]
    EntityTooSmall { part_number: u16, size: u64, min: u64 },
    #[error("The Content-MD5 you specified did not match what we received.")]
    BadMd5,
    #[error("The {algorithm} you specified did not match the calculated checksum.")]
    BadChecksum { algorithm: ChecksumAlgorithm },
    /// A checksum or digest is not of the right form: not base64, or of another length.
    #[error("{0}")]
    InvalidDigest(String),
    /// Fewer or more bytes came than were declared.
    #[error("You did not provide the number of bytes specified by the Content-Length HTTP header.")]
    IncompleteBody { declared: u64, received: u64 },
    #[error("Your metadata headers exceed the maximum allowed metadata size")]
    MetadataTooLarge { bytes: usize, max: usize },

    #[error(
        "One or more of the specified parts could not be found. The part may not have been uploaded, or \
         the specified entity tag may not match the part's entity tag."
    )]
    InvalidPart { part_number: u16 },
    #[error("The list of parts was not in ascending order. Parts must be ordered by part number.")]
    InvalidPartOrder,

    /// So many changes wait to be handed on that no further one is accepted in a bucket with notifications.
    #[error("Please reduce your request rate.")]
    SlowDown,

    #[error("{0}")]
    InvalidTag(String),
    #[error("{message}")]
    InvalidArgument { name: &'static str, value: String, message: String },
    /// The parts of the request are each valid, but not together or not on this object.
    #[error("{0}")]
    InvalidRequest(String),
    #[error("{0}")]
    MalformedXml(String),

    /// The source of a body failed. The cause is whatever the source gave.
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Store(#[from] KvError),
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl ObjectsError {
    pub(crate) fn argument(
        name: &'static str,
        value: impl Into<String>,
        message: impl Into<String>,
    ) -> ObjectsError {
        ObjectsError::InvalidArgument { name, value: value.into(), message: message.into() }
    }
}
