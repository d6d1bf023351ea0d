use super::error::about;
use super::listing::{Encoding, count, owner, page_size};
use super::listing_conditions::listing_conditions;
use super::model::operation::ListObjects;
use super::model::{ListObjectsOutput, ListObjectsRequest};
use super::place::{bucket, bucket_resource};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for ListObjects {
    const ACTION: &'static str = "s3:ListBucket";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &["s3:prefix", "s3:delimiter", "s3:max-keys"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "Bucket",
        "Delimiter",
        "EncodingType",
        "Marker",
        "MaxKeys",
        "Prefix",
        "RequestPayer",
        "ExpectedBucketOwner",
    ];

    async fn resources(call: &Call, input: &ListObjectsRequest) -> Result<Vec<Resource>, ApiError> {
        bucket_resource(call, &input.bucket, input.expected_bucket_owner.as_ref()).await
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(listing_conditions(input.prefix.as_deref(), input.delimiter.as_deref(), input.max_keys))
    }

    async fn call(call: Call, input: ListObjectsRequest) -> Result<Reply<ListObjectsOutput>, ApiError> {
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let max = page_size("max-keys", input.max_keys)?;
        let request = objects::ListObjects {
            bucket: bucket(&call, &input.bucket)?,
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: input.marker.clone(),
            max,
        };
        let page = call.services.objects.list_objects(request).await;
        let page = page.map_err(about(&input.bucket, None))?;
        // Only with a delimiter: without, the last key says it.
        let next = page.next.as_ref().filter(|_| input.delimiter.is_some());
        Ok(Reply::new(ListObjectsOutput {
            is_truncated: Some(page.next.is_some()),
            marker: Some(encoding.write(&input.marker.unwrap_or_default())),
            next_marker: next.map(|next| encoding.write(next)),
            common_prefixes: encoding.common_prefixes(&page.common_prefixes),
            contents: encoding.objects(page.objects, owner(&call).as_ref()),
            name: Some(input.bucket),
            prefix: Some(encoding.write(&input.prefix.unwrap_or_default())),
            delimiter: encoding.write_given(input.delimiter.as_ref()),
            max_keys: count(max),
            encoding_type: input.encoding_type,
            request_charged: None,
        }))
    }
}
