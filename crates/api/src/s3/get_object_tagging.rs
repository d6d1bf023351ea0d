use super::error::about;
use super::model::operation::GetObjectTagging;
use super::model::{GetObjectTaggingOutput, GetObjectTaggingRequest};
use super::place::{bucket, key, object_resource, only_version};
use super::tagging::told;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for GetObjectTagging {
    const ACTION: &'static str = "s3:GetObjectTagging";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &["s3:ExistingObjectTag/"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] =
        &["Bucket", "Key", "VersionId", "ExpectedBucketOwner", "RequestPayer"];

    async fn resources(call: &Call, input: &GetObjectTaggingRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(
        call: Call,
        input: GetObjectTaggingRequest,
    ) -> Result<Reply<GetObjectTaggingOutput>, ApiError> {
        only_version(input.version_id.as_ref())?;
        let (bucket, key) = (bucket(&call, &input.bucket)?, key(&input.key)?);
        let tags = call.services.objects.get_object_tagging(bucket, key).await;
        let tags = tags.map_err(about(&input.bucket, Some(&input.key)))?;
        Ok(Reply::new(GetObjectTaggingOutput { version_id: None, tag_set: told(&tags) }))
    }
}
