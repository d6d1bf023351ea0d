use super::conditions;
use super::error::about;
use super::model::operation::DeleteObject;
use super::model::{DeleteObjectOutput, DeleteObjectRequest};
use super::place::{bucket, caller, key, object_resource, only_version};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for DeleteObject {
    const ACTION: &'static str = "s3:DeleteObject";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] =
        &["Bucket", "Key", "VersionId", "RequestPayer", "ExpectedBucketOwner", "IfMatch"];

    async fn resources(call: &Call, input: &DeleteObjectRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(call: Call, input: DeleteObjectRequest) -> Result<Reply<DeleteObjectOutput>, ApiError> {
        only_version(input.version_id.as_ref())?;
        let (bucket, key) = (bucket(&call, &input.bucket)?, key(&input.key)?);
        let conditions = conditions::write(input.if_match.as_ref(), None)?;
        let deleted = call.services.objects.delete_object(bucket, key, conditions, caller(&call)).await;
        deleted.map_err(about(&input.bucket, Some(&input.key)))?;
        Ok(Reply::new(DeleteObjectOutput::default()))
    }
}
