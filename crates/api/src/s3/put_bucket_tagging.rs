use super::error::about;
use super::model::PutBucketTaggingRequest;
use super::model::operation::PutBucketTagging;
use super::place::{bucket, bucket_resource};
use super::tagging::tags;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use http::StatusCode;
use objects::TagSet;

impl Operation for PutBucketTagging {
    const ACTION: &'static str = "s3:PutBucketTagging";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["Bucket", "ContentMD5", "ChecksumAlgorithm", "Tagging", "ExpectedBucketOwner"];

    async fn resources(call: &Call, input: &PutBucketTaggingRequest) -> Result<Vec<Resource>, ApiError> {
        bucket_resource(call, &input.bucket, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(call: Call, input: PutBucketTaggingRequest) -> Result<Reply<()>, ApiError> {
        let bucket = bucket(&call, &input.bucket)?;
        let tags = TagSet::for_bucket(tags(input.tagging))?;
        let put = call.services.objects.put_bucket_tagging(bucket, tags).await;
        put.map_err(about(&input.bucket, None))?;
        Ok(Reply::new(()).with_status(StatusCode::NO_CONTENT))
    }
}
