use super::error::argument;
use super::listing::{owner, read_token, token};
use super::model::operation::ListBuckets;
use super::model::{Bucket, ListBucketsOutput, ListBucketsRequest};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use names::{Arn, Region};
use objects::{BUCKETS_MAX, BucketInfo};

impl Operation for ListBuckets {
    const ACTION: &'static str = "s3:ListAllMyBuckets";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["MaxBuckets", "ContinuationToken", "Prefix", "BucketRegion"];

    async fn resources(call: &Call, _: &ListBucketsRequest) -> Result<Vec<Resource>, ApiError> {
        Ok(vec![Resource::owned_by(Arn::s3("*"), Some(call.account.clone()))])
    }

    async fn call(call: Call, input: ListBucketsRequest) -> Result<Reply<ListBucketsOutput>, ApiError> {
        let region = input.bucket_region.as_deref().map(|name| {
            Region::parse(name).map_err(|error| argument("bucket-region", name, &error.to_string()))
        });
        let max = input.max_buckets.map_or(BUCKETS_MAX, |max| usize::try_from(max).unwrap_or(0));
        if !(1..=BUCKETS_MAX).contains(&max) {
            let message = "The max-buckets value must be between 1 and 10000";
            return Err(argument("max-buckets", &max.to_string(), message));
        }
        let request = objects::ListBuckets {
            owner: call.account.clone(),
            prefix: input.prefix.clone().unwrap_or_default(),
            region: region.transpose()?,
            after: input.continuation_token.as_deref().map(read_token).transpose()?,
            max,
        };
        let page = call.services.objects.list_buckets(request).await?;
        let last = page.buckets.last().filter(|_| page.truncated);
        Ok(Reply::new(ListBucketsOutput {
            continuation_token: last.map(|bucket| token(bucket.name.as_str())),
            buckets: Some(page.buckets.into_iter().map(told).collect()),
            owner: owner(&call),
            prefix: input.prefix,
        }))
    }
}

fn told(bucket: BucketInfo) -> Bucket {
    Bucket {
        bucket_arn: Some(Arn::s3(bucket.name.as_str()).to_string()),
        name: Some(bucket.name.to_string()),
        creation_date: Some(bucket.created.into()),
        bucket_region: Some(bucket.region.to_string()),
    }
}
