use super::error::about;
use super::model::operation::GetBucketLocation;
use super::model::{GetBucketLocationOutput, GetBucketLocationRequest};
use super::place::{bucket, bucket_resource};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use names::Region;

impl Operation for GetBucketLocation {
    const ACTION: &'static str = "s3:GetBucketLocation";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Bucket", "ExpectedBucketOwner"];

    async fn resources(call: &Call, input: &GetBucketLocationRequest) -> Result<Vec<Resource>, ApiError> {
        bucket_resource(call, &input.bucket, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(
        call: Call,
        input: GetBucketLocationRequest,
    ) -> Result<Reply<GetBucketLocationOutput>, ApiError> {
        let bucket = bucket(&call, &input.bucket)?;
        let found = call.services.objects.head_bucket(bucket).await.map_err(about(&input.bucket, None))?;
        // S3 names every region here but its first one.
        let named = found.region != Region::default_region();
        let location_constraint = named.then(|| found.region.to_string());
        Ok(Reply::new(GetBucketLocationOutput { location_constraint }))
    }
}
