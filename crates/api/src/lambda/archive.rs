use super::error::invalid;
use crate::{ApiError, Call, Further};
use access::Resource;
use access::policy::Context;
use bytes::{Bytes, BytesMut};
use functions::{ARCHIVE_BYTES_MAX, INLINE_BYTES_MAX, NewCode};
use futures_util::StreamExt;
use http::StatusCode;
use names::Arn;
use objects::{BucketName, BucketRef, GetObject, ObjectKey, ObjectsError, ReadConditions, Wanted};
use protocol::Blob;

/// Where a request says that its code is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Source<'a> {
    pub zip_file: Option<&'a Blob>,
    pub bucket: Option<&'a str>,
    pub key: Option<&'a str>,
    pub object_version: Option<&'a str>,
    pub storage_mode: Option<&'a str>,
    pub image_uri: Option<&'a str>,
    pub kms_key: Option<&'a str>,
}

impl Source<'_> {
    /// The code for a function: an image's URI, or an archive's bytes.
    ///
    /// # Errors
    /// Not exactly one source, one that is not supported, an object that is not there, or too many bytes.
    pub async fn code(&self, call: &Call) -> Result<NewCode, ApiError> {
        match self.image_uri {
            None => self.read(call).await.map(NewCode::Zip),
            Some(_) if self.zip_file.is_some() || self.place()?.is_some() => {
                Err(invalid("Please provide either ImageUri, or ZipFile, or S3Bucket and S3Key."))
            }
            Some(_) if self.kms_key.is_some_and(|arn| !arn.is_empty()) => {
                Err(ApiError::unsupported("SourceKMSKeyArn", "there are no customer keys"))
            }
            Some(uri) => Ok(NewCode::Image(uri.to_owned())),
        }
    }

    /// The archive's bytes.
    ///
    /// # Errors
    /// As [`Source::code`].
    pub async fn read(&self, call: &Call) -> Result<Bytes, ApiError> {
        if self.kms_key.is_some_and(|arn| !arn.is_empty()) {
            return Err(ApiError::unsupported("SourceKMSKeyArn", "there are no customer keys"));
        }
        if self.object_version.is_some() {
            return Err(ApiError::unsupported("S3ObjectVersion", "buckets keep no versions"));
        }
        if self.storage_mode.is_some_and(|mode| mode != "COPY") {
            return Err(ApiError::unsupported("S3ObjectStorageMode", "only COPY is"));
        }
        match (self.zip_file, self.place()?) {
            (Some(_), Some(_)) => {
                Err(invalid("Please provide either ZipFile or S3Bucket and S3Key, not both."))
            }
            (None, None) => {
                Err(invalid("Please provide a source for function code: ZipFile, or S3Bucket and S3Key."))
            }
            (Some(Blob(archive)), None) if archive.len() as u64 > INLINE_BYTES_MAX => Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
                format!("ZipFile must be at most {INLINE_BYTES_MAX} bytes; put a larger archive in a bucket"),
            )),
            (Some(Blob(archive)), None) => Ok(archive.clone()),
            (None, Some((bucket, key))) => read_object(call, bucket, key).await,
        }
    }

    fn place(&self) -> Result<Option<(BucketName, ObjectKey)>, ApiError> {
        match (self.bucket, self.key) {
            (None, None) => Ok(None),
            (Some(bucket), Some(key)) => {
                let bucket = BucketName::parse(bucket).map_err(|error| invalid(error.to_string()))?;
                let key = ObjectKey::parse(key).map_err(|error| invalid(error.to_string()))?;
                Ok(Some((bucket, key)))
            }
            _ => Err(invalid("S3Bucket and S3Key must be given together.")),
        }
    }
}

/// Reading code out of a bucket, which is done for the caller.
pub(super) fn reading(call: &Call, bucket: Option<&str>, key: Option<&str>) -> Vec<Further> {
    let (Some(bucket), Some(key)) = (bucket, key) else { return Vec::new() };
    let resource = Resource::owned_by(Arn::s3(format!("{bucket}/{key}")), Some(call.account.clone()));
    vec![Further { action: "s3:GetObject", resources: vec![resource], conditions: Context::new() }]
}

/// Only from the caller's own buckets: those that `access` let the request act for.
async fn read_object(call: &Call, bucket: BucketName, key: ObjectKey) -> Result<Bytes, ApiError> {
    let bucket = BucketRef { name: bucket, expected_owner: Some(call.account.clone()) };
    let request = GetObject { bucket, key, conditions: ReadConditions::default(), wanted: Wanted::Whole };
    let (_, mut body) = call.services.objects.get_object(request).await.map_err(refused)?;
    if body.length > ARCHIVE_BYTES_MAX {
        return Err(invalid(format!("Unzipped size must be smaller than {ARCHIVE_BYTES_MAX} bytes")));
    }
    let mut archive = BytesMut::with_capacity(usize::try_from(body.length).unwrap_or(0));
    while let Some(piece) = body.stream.next().await {
        archive.extend_from_slice(&piece.map_err(ApiError::internal)?);
    }
    Ok(archive.freeze())
}

fn refused(error: ObjectsError) -> ApiError {
    let code = match error {
        ObjectsError::NoSuchBucket => "NoSuchBucket",
        ObjectsError::NoSuchKey => "NoSuchKey",
        ObjectsError::NotTheOwner => "AccessDenied",
        error => return ApiError::internal(error),
    };
    invalid(format!("Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {error}"))
}
