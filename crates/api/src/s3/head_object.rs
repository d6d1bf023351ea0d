use super::error::about;
use super::model::operation::HeadObject;
use super::model::{HeadObjectOutput, HeadObjectRequest};
use super::place::{object_resource, signed};
use super::reading::{asked, status, told};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for HeadObject {
    /// Whoever may read an object may ask about it.
    const ACTION: &'static str = "s3:GetObject";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &["s3:ExistingObjectTag/"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "Bucket",
        "IfMatch",
        "IfModifiedSince",
        "IfNoneMatch",
        "IfUnmodifiedSince",
        "Key",
        "Range",
        "ResponseCacheControl",
        "ResponseContentDisposition",
        "ResponseContentEncoding",
        "ResponseContentLanguage",
        "ResponseContentType",
        "ResponseExpires",
        "VersionId",
        "RequestPayer",
        "PartNumber",
        "ExpectedBucketOwner",
        "ChecksumMode",
    ];

    async fn resources(call: &Call, input: &HeadObjectRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(call: Call, input: HeadObjectRequest) -> Result<Reply<HeadObjectOutput>, ApiError> {
        let (request, overrides) = asked!(call, input);
        let found = call.services.objects.head_object(request).await;
        let found = found.map_err(about(&input.bucket, Some(&input.key)))?;
        let status = status(&found);
        let content_length = Some(signed(found.range.end - found.range.start));
        let told = told!(HeadObjectOutput, input, found, overrides);
        let told = HeadObjectOutput { content_length, ..told };
        Ok(Reply::new(told).with_status(status))
    }
}
