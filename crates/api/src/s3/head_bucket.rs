use super::error::about;
use super::model::operation::HeadBucket;
use super::model::{HeadBucketOutput, HeadBucketRequest};
use super::place::{bucket, bucket_resource};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use names::Arn;

impl Operation for HeadBucket {
    const ACTION: &'static str = "s3:ListBucket";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["Bucket", "ExpectedBucketOwner"];

    async fn resources(call: &Call, input: &HeadBucketRequest) -> Result<Vec<Resource>, ApiError> {
        bucket_resource(call, &input.bucket, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(call: Call, input: HeadBucketRequest) -> Result<Reply<HeadBucketOutput>, ApiError> {
        let bucket = bucket(&call, &input.bucket)?;
        let found = call.services.objects.head_bucket(bucket).await.map_err(about(&input.bucket, None))?;
        Ok(Reply::new(HeadBucketOutput {
            bucket_arn: Some(Arn::s3(input.bucket).to_string()),
            bucket_region: Some(found.region.to_string()),
            access_point_alias: Some(false),
            ..HeadBucketOutput::default()
        }))
    }
}
