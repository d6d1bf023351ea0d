use super::error::about;
use super::listing::{Encoding, count, owner, page_size, read_token, token};
use super::listing_conditions::listing_conditions;
use super::model::operation::ListObjectsV2;
use super::model::{ListObjectsV2Output, ListObjectsV2Request};
use super::place::{bucket, bucket_resource};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for ListObjectsV2 {
    const ACTION: &'static str = "s3:ListBucket";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &["s3:prefix", "s3:delimiter", "s3:max-keys"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "Bucket",
        "Delimiter",
        "EncodingType",
        "MaxKeys",
        "Prefix",
        "ContinuationToken",
        "FetchOwner",
        "StartAfter",
        "RequestPayer",
        "ExpectedBucketOwner",
    ];

    async fn resources(call: &Call, input: &ListObjectsV2Request) -> Result<Vec<Resource>, ApiError> {
        bucket_resource(call, &input.bucket, input.expected_bucket_owner.as_ref()).await
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(listing_conditions(input.prefix.as_deref(), input.delimiter.as_deref(), input.max_keys))
    }

    async fn call(call: Call, input: ListObjectsV2Request) -> Result<Reply<ListObjectsV2Output>, ApiError> {
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let max = page_size("max-keys", input.max_keys)?;
        // A token goes before: it leads from the page that began at `start-after`.
        let after = match &input.continuation_token {
            Some(token) => Some(read_token(token)?),
            None => input.start_after.clone(),
        };
        let request = objects::ListObjects {
            bucket: bucket(&call, &input.bucket)?,
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after,
            max,
        };
        let page = call.services.objects.list_objects(request).await;
        let page = page.map_err(about(&input.bucket, None))?;
        let owner = owner(&call).filter(|_| input.fetch_owner == Some(true));
        Ok(Reply::new(ListObjectsV2Output {
            is_truncated: Some(page.next.is_some()),
            key_count: count(page.objects.len() + page.common_prefixes.len()),
            common_prefixes: encoding.common_prefixes(&page.common_prefixes),
            contents: encoding.objects(page.objects, owner.as_ref()),
            name: Some(input.bucket),
            prefix: Some(encoding.write(&input.prefix.unwrap_or_default())),
            delimiter: encoding.write_given(input.delimiter.as_ref()),
            max_keys: count(max),
            encoding_type: input.encoding_type,
            continuation_token: input.continuation_token,
            next_continuation_token: page.next.as_deref().map(token),
            start_after: encoding.write_given(input.start_after.as_ref()),
            request_charged: None,
        }))
    }
}
