use super::conditions;
use super::error::about;
use super::model::operation::DeleteObjects;
use super::model::{DeleteObjectsOutput, DeleteObjectsRequest, DeletedObject, Error, ObjectIdentifier};
use super::place::{bucket, caller, key, object_resource, only_version};
use crate::{ApiError, Call, Operation, Reply};
use access::Resource;
use names::Arn;
use objects::DeleteEntry;

impl Operation for DeleteObjects {
    const ACTION: &'static str = "s3:DeleteObject";
    const HONOURED: &'static [&'static str] =
        &["Bucket", "Delete", "RequestPayer", "ExpectedBucketOwner", "ChecksumAlgorithm"];
    /// A thousand keys of a kilobyte each, escaped.
    const BODY_MAX: usize = 8 * 1024 * 1024;

    /// One resource for all keys: today's decisions depend on the bucket's owner alone. Policies that
    /// tell keys apart will have to name each.
    async fn resources(call: &Call, input: &DeleteObjectsRequest) -> Result<Vec<Resource>, ApiError> {
        let owned = object_resource(call, &input.bucket, "*", input.expected_bucket_owner.as_ref()).await?;
        let Some(owner) = owned.into_iter().next().map(|resource| resource.owner) else {
            return Ok(Vec::new());
        };
        let arn = |key: &str| Arn::s3(format!("{}/{key}", input.bucket));
        let named = input.delete.objects.iter().map(|object| arn(&object.key));
        Ok(named.map(|arn| Resource::owned_by(arn, owner.clone())).collect())
    }

    async fn call(call: Call, input: DeleteObjectsRequest) -> Result<Reply<DeleteObjectsOutput>, ApiError> {
        let bucket = bucket(&call, &input.bucket)?;
        let named: Vec<String> = input.delete.objects.iter().map(|object| object.key.clone()).collect();
        let entries = input.delete.objects.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let results = call.services.objects.delete_objects(bucket, entries, caller(&call)).await;
        let results = results.map_err(about(&input.bucket, None))?;
        let quiet = input.delete.quiet.unwrap_or(false);
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
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
