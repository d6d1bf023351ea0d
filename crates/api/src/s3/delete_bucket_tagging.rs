use super::error::about;
use super::model::DeleteBucketTaggingRequest;
use super::model::operation::DeleteBucketTagging;
use super::place::{bucket, bucket_resource};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use objects::TagSet;

impl Operation for DeleteBucketTagging {
    /// There is no action of its own for it.
    const ACTION: &'static str = "s3:PutBucketTagging";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Bucket", "ExpectedBucketOwner"];

    async fn resources(call: &Call, input: &DeleteBucketTaggingRequest) -> Result<Vec<Resource>, ApiError> {
        bucket_resource(call, &input.bucket, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(call: Call, input: DeleteBucketTaggingRequest) -> Result<Reply<()>, ApiError> {
        let bucket = bucket(&call, &input.bucket)?;
        let put = call.services.objects.put_bucket_tagging(bucket, TagSet::default()).await;
        put.map_err(about(&input.bucket, None))?;
        Ok(Reply::new(()))
    }
}
