use super::error::about;
use super::model::DeleteBucketRequest;
use super::model::operation::DeleteBucket;
use super::place::{bucket, bucket_resource};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for DeleteBucket {
    const ACTION: &'static str = "s3:DeleteBucket";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Bucket", "ExpectedBucketOwner"];

    async fn resources(call: &Call, input: &DeleteBucketRequest) -> Result<Vec<Resource>, ApiError> {
        bucket_resource(call, &input.bucket, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(call: Call, input: DeleteBucketRequest) -> Result<Reply<()>, ApiError> {
        let bucket = bucket(&call, &input.bucket)?;
        call.services.objects.delete_bucket(bucket).await.map_err(about(&input.bucket, None))?;
        Ok(Reply::new(()))
    }
}
