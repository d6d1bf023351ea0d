use super::conditions;
use super::error::about;
use super::model::operation::DeleteObjects;
use super::model::{DeleteObjectsOutput, DeleteObjectsRequest, DeletedObject, Error, ObjectIdentifier};
use super::place::{bucket, caller, key, object_resource, only_version};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use names::Arn;
use objects::DeleteEntry;

impl Operation for DeleteObjects {
    const ACTION: &'static str = "s3:DeleteObject";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] =
        &["Bucket", "Delete", "RequestPayer", "ExpectedBucketOwner", "ChecksumAlgorithm"];
    /// A thousand keys of a kilobyte each, escaped.
    const BODY_MAX: usize = 8 * 1024 * 1024;

    /// Each key is decided on by itself, and one that is denied does not keep the others.
    const PARTIAL: bool = true;

    async fn resources(call: &Call, input: &DeleteObjectsRequest) -> Result<Vec<Resource>, ApiError> {
        let owned = object_resource(call, &input.bucket, "*", input.expected_bucket_owner.as_ref()).await?;
        let Some(owner) = owned.first().map(|resource| resource.owner.clone()) else {
            return Ok(Vec::new());
        };
        if input.delete.objects.is_empty() {
            return Ok(owned);
        }
        let arn = |key: &str| Arn::s3(format!("{}/{key}", input.bucket));
        let named = input.delete.objects.iter().map(|object| arn(&object.key));
        Ok(named.map(|arn| Resource::owned_by(arn, owner.clone())).collect())
    }

    async fn call(call: Call, input: DeleteObjectsRequest) -> Result<Reply<DeleteObjectsOutput>, ApiError> {
        let bucket = bucket(&call, &input.bucket)?;
        let objects = input.delete.objects.iter().enumerate();
        let (denied, allowed): (Vec<_>, Vec<_>) = objects.partition(|(place, _)| call.denied.contains(place));
        let named: Vec<String> = allowed.iter().map(|(_, object)| object.key.clone()).collect();
        let entries = allowed.into_iter().map(|(_, object)| entry(object)).collect::<Result<Vec<_>, _>>()?;
        let refused = |object: &ObjectIdentifier| Error {
            key: Some(object.key.clone()),
            code: Some("AccessDenied".to_owned()),
            message: Some("Access Denied".to_owned()),
            version_id: None,
        };
        let mut errors: Vec<Error> = denied.into_iter().map(|(_, object)| refused(object)).collect();
        let results = call.services.objects.delete_objects(bucket, entries, caller(&call)).await;
        let results = results.map_err(about(&input.bucket, None))?;
        let quiet = input.delete.quiet.unwrap_or(false);
        let mut deleted = Vec::new();
        for (key, result) in named.into_iter().zip(results) {
            match result {
                Ok(()) if quiet => {}
                Ok(()) => deleted.push(DeletedObject { key: Some(key), ..DeletedObject::default() }),
                Err(error) => {
                    let ApiError { code, message, .. } = error.into();
                    let (code, message) = (Some(code.into_owned()), Some(message));
                    errors.push(Error { key: Some(key), code, message, version_id: None });
                }
            }
        }
        Ok(Reply::new(DeleteObjectsOutput {
            deleted: Some(deleted).filter(|deleted| !deleted.is_empty()),
            errors: Some(errors).filter(|errors| !errors.is_empty()),
            request_charged: None,
        }))
    }
}

fn entry(object: &ObjectIdentifier) -> Result<DeleteEntry, ApiError> {
    only_version(object.version_id.as_ref())?;
    if object.last_modified_time.is_some() || object.size.is_some() {
        return Err(ApiError::unsupported("LastModifiedTime, Size", "only the ETag of a key is compared"));
    }
    Ok(DeleteEntry { key: key(&object.key)?, conditions: conditions::write(object.e_tag.as_ref(), None)? })
}
