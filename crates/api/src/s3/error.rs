//! The one table from the words of `objects` to S3's error codes
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).

use crate::ApiError;
use http::StatusCode;
use http::header::{CONTENT_RANGE, ETAG, LAST_MODIFIED};
use objects::{InvalidObjectKey, ObjectsError};

/// Words an error about a bucket, or about a key in it.
pub(super) fn about(bucket: &str, key: Option<&str>) -> impl Fn(ObjectsError) -> ApiError {
    let (bucket, key) = (bucket.to_owned(), key.map(str::to_owned));
    move |error| {
        let of_bucket = matches!(
            error,
            ObjectsError::NoSuchBucket
                | ObjectsError::BucketAlreadyExists
                | ObjectsError::BucketAlreadyOwnedByYou
                | ObjectsError::BucketNotEmpty
                | ObjectsError::InvalidBucketName(_)
                | ObjectsError::NoSuchTagSet
        );
        let of_key = matches!(error, ObjectsError::NoSuchKey);
        let told = ApiError::from(error);
        match &key {
            _ if of_bucket => told.field("BucketName", &bucket),
            Some(key) if of_key => told.field("Key", key),
            _ => told,
        }
    }
}

impl From<ObjectsError> for ApiError {
    fn from(error: ObjectsError) -> Self {
        // The front door's own error went through the service and comes back as it was.
        let error = match error {
            ObjectsError::Body(body) => match body.0.downcast::<ApiError>() {
                Ok(own) => return *own,
                Err(other) => return ApiError::internal(other),
            },
            other => other,
        };
        let message = error.to_string();
        let (status, code) = code(&error);
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            return ApiError::internal(message);
        }
        details(ApiError::new(status, code, message), error)
    }
}

fn code(error: &ObjectsError) -> (StatusCode, &'static str) {
    use ObjectsError as E;
    let bad = StatusCode::BAD_REQUEST;
    match error {
        E::NoSuchBucket => (StatusCode::NOT_FOUND, "NoSuchBucket"),
        E::BucketAlreadyOwnedByYou => (StatusCode::CONFLICT, "BucketAlreadyOwnedByYou"),
        E::BucketAlreadyExists => (StatusCode::CONFLICT, "BucketAlreadyExists"),
        E::TooManyBuckets { .. } => (bad, "TooManyBuckets"),
        E::BucketNotEmpty => (StatusCode::CONFLICT, "BucketNotEmpty"),
        E::InvalidBucketName(_) => (bad, "InvalidBucketName"),
        E::NotTheOwner => (StatusCode::FORBIDDEN, "AccessDenied"),
        E::NoSuchKey => (StatusCode::NOT_FOUND, "NoSuchKey"),
        E::InvalidKey(InvalidObjectKey::Empty) => (bad, "UserKeyMustBeSpecified"),
        E::InvalidKey(InvalidObjectKey::TooLong { .. }) => (bad, "KeyTooLongError"),
        E::NoSuchUpload => (StatusCode::NOT_FOUND, "NoSuchUpload"),
        E::NoSuchTagSet => (StatusCode::NOT_FOUND, "NoSuchTagSet"),
        E::PreconditionFailed { .. } => (StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
        E::NotModified { .. } => (StatusCode::NOT_MODIFIED, "NotModified"),
        E::InvalidRange { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange"),
        E::InvalidPartNumber { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "InvalidPartNumber"),
        E::EntityTooLarge { .. } => (bad, "EntityTooLarge"),
        E::EntityTooSmall { .. } => (bad, "EntityTooSmall"),
        E::BadMd5 | E::BadChecksum { .. } => (bad, "BadDigest"),
        E::InvalidDigest(_) => (bad, "InvalidRequest"),
        E::IncompleteBody { .. } => (bad, "IncompleteBody"),
        E::MetadataTooLarge { .. } => (bad, "MetadataTooLarge"),
        E::InvalidPart { .. } => (bad, "InvalidPart"),
        E::InvalidPartOrder => (bad, "InvalidPartOrder"),
        E::SlowDown => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        E::InvalidTag(_) => (bad, "InvalidTag"),
        E::InvalidArgument { .. } => (bad, "InvalidArgument"),
        E::InvalidRequest(_) => (bad, "InvalidRequest"),
        E::MalformedXml(_) => (bad, "MalformedXML"),
        E::Body(_) | E::Store(_) | E::Blob(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
    }
}

/// The elements that S3 adds, and the headers that a client needs.
fn details(told: ApiError, error: ObjectsError) -> ApiError {
    use ObjectsError as E;
    match error {
        E::InvalidBucketName(name) => told.field("BucketName", name.0),
        E::PreconditionFailed { condition } => told.field("Condition", condition),
        E::NotModified { etag, last_modified } => {
            told.header(ETAG, &format!("\"{etag}\"")).header(LAST_MODIFIED, &last_modified.to_http_date())
        }
        E::InvalidRange { size } => {
            told.field("ActualObjectSize", size.to_string()).header(CONTENT_RANGE, &format!("bytes */{size}"))
        }
        E::InvalidPartNumber { requested, count } => told
            .field("PartNumberRequested", requested.to_string())
            .field("ActualPartCount", count.to_string()),
        E::InvalidKey(InvalidObjectKey::TooLong { bytes }) => {
            told.field("Size", bytes.to_string()).field("MaxSizeAllowed", objects::KEY_BYTES_MAX.to_string())
        }
        E::EntityTooLarge { size, max } => {
            told.field("ProposedSize", size.to_string()).field("MaxSizeAllowed", max.to_string())
        }
        E::EntityTooSmall { part_number, size, min } => told
            .field("PartNumber", part_number.to_string())
            .field("ProposedSize", size.to_string())
            .field("MinSizeAllowed", min.to_string()),
        E::MetadataTooLarge { bytes, max } => {
            told.field("Size", bytes.to_string()).field("MaxSizeAllowed", max.to_string())
        }
        E::InvalidPart { part_number } => told.field("PartNumber", part_number.to_string()),
        E::InvalidArgument { name, value, .. } => {
            told.field("ArgumentName", name).field("ArgumentValue", value)
        }
        _ => told,
    }
}

/// 400 `InvalidArgument`.
pub(super) fn argument(name: &str, value: &str, message: &str) -> ApiError {
    ApiError::invalid("InvalidArgument", message).field("ArgumentName", name).field("ArgumentValue", value)
}
