use super::error::about;
use super::model::operation::GetBucketTagging;
use super::model::{GetBucketTaggingOutput, GetBucketTaggingRequest};
use super::place::{bucket, bucket_resource};
use super::tagging::told;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for GetBucketTagging {
    const ACTION: &'static str = "s3:GetBucketTagging";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Bucket", "ExpectedBucketOwner"];

    async fn resources(call: &Call, input: &GetBucketTaggingRequest) -> Result<Vec<Resource>, ApiError> {
        bucket_resource(call, &input.bucket, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(
        call: Call,
        input: GetBucketTaggingRequest,
    ) -> Result<Reply<GetBucketTaggingOutput>, ApiError> {
        let bucket = bucket(&call, &input.bucket)?;
        let tags = call.services.objects.get_bucket_tagging(bucket).await;
        let tags = tags.map_err(about(&input.bucket, None))?;
        Ok(Reply::new(GetBucketTaggingOutput { tag_set: told(&tags) }))
    }
}
