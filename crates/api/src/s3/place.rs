//! Which bucket and key a request means, and who owns them.

use super::error::about;
use crate::trace::of_function;
use crate::{ApiError, Call};
use access::Resource;
use names::Arn;
use objects::{
    BucketName, BucketRef, Caller, InvalidBucketName, ObjectKey, ObjectsError, UploadId, UploadRef,
};

pub(super) fn bucket_name(text: &str) -> Result<BucketName, ApiError> {
    Ok(BucketName::parse(text).map_err(ObjectsError::from)?)
}

pub(super) fn key(text: &str) -> Result<ObjectKey, ApiError> {
    Ok(ObjectKey::parse(text).map_err(ObjectsError::from)?)
}

/// The bucket as the service is to find it: still of the account for which `access` allowed the
/// request. That is the caller's own for as long as no policy shares buckets between accounts.
pub(super) fn bucket(call: &Call, name: &str) -> Result<BucketRef, ApiError> {
    let known = BucketName::parse(name).map_err(|InvalidBucketName(name)| {
        // No bucket can have such a name, so there is none to be found.
        about(&name, None)(ObjectsError::NoSuchBucket)
    })?;
    Ok(BucketRef { name: known, expected_owner: Some(call.account.clone()) })
}

pub(super) fn upload(call: &Call, name: &str, object: &str, id: &str) -> Result<UploadRef, ApiError> {
    Ok(UploadRef { bucket: bucket(call, name)?, key: key(object)?, id: UploadId::parse(id)? })
}

/// On whose behalf, for the change log.
pub(super) fn caller(call: &Call) -> Caller {
    Caller {
        principal: call.principal.arn(),
        principal_id: call.principal.user_id(),
        source_ip: call.source_ip.to_string(),
        request_id: call.request_id.clone(),
        trace_id: of_function(&call.principal, &call.headers),
    }
}

/// What `access` decides on for an operation on a bucket. `expected_owner` is the header
/// `x-amz-expected-bucket-owner`.
pub(crate) async fn bucket_resource(
    call: &Call,
    bucket: &str,
    expected_owner: Option<&String>,
) -> Result<Vec<Resource>, ApiError> {
    resource(call, bucket, Arn::s3(bucket), expected_owner).await
}

/// What `access` decides on for an operation on an object.
pub(crate) async fn object_resource(
    call: &Call,
    bucket: &str,
    key: &str,
    expected_owner: Option<&String>,
) -> Result<Vec<Resource>, ApiError> {
    resource(call, bucket, Arn::s3(format!("{bucket}/{key}")), expected_owner).await
}

async fn resource(
    call: &Call,
    bucket: &str,
    arn: Arn,
    expected_owner: Option<&String>,
) -> Result<Vec<Resource>, ApiError> {
    let owner = match BucketName::parse(bucket) {
        Ok(name) => call.services.objects.bucket_owner(name).await?,
        Err(_) => None,
    };
    match (&owner, expected_owner) {
        (Some(owner), Some(expected)) if owner.as_str() != expected => {
            Err(ApiError::denied("Access Denied: the bucket does not belong to the expected owner."))
        }
        _ => Ok(vec![Resource::owned_by(arn, owner)]),
    }
}

/// Buckets have no versions yet, so that the only version of an object is the one S3 calls `null`.
pub(super) fn only_version(version_id: Option<&String>) -> Result<(), ApiError> {
    match version_id.map(String::as_str) {
        None | Some("null") => Ok(()),
        Some(other) => Err(super::error::argument("versionId", other, "Invalid version id specified")),
    }
}

pub(super) fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

/// Sizes and counts are signed on the wire.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
