use super::error::about;
use super::model::operation::DeleteObjectTagging;
use super::model::{DeleteObjectTaggingOutput, DeleteObjectTaggingRequest};
use super::place::{bucket, key, object_resource, only_version};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use objects::TagSet;

impl Operation for DeleteObjectTagging {
    const ACTION: &'static str = "s3:DeleteObjectTagging";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["s3:ExistingObjectTag/"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["Bucket", "Key", "VersionId", "ExpectedBucketOwner"];

    async fn resources(call: &Call, input: &DeleteObjectTaggingRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(
        call: Call,
        input: DeleteObjectTaggingRequest,
    ) -> Result<Reply<DeleteObjectTaggingOutput>, ApiError> {
        only_version(input.version_id.as_ref())?;
        let (bucket, key) = (bucket(&call, &input.bucket)?, key(&input.key)?);
        let put = call.services.objects.put_object_tagging(bucket, key, TagSet::default()).await;
        put.map_err(about(&input.bucket, Some(&input.key)))?;
        Ok(Reply::new(DeleteObjectTaggingOutput::default()))
    }
}
