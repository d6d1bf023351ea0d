use super::error::about;
use super::model::operation::GetObject;
use super::model::{GetObjectOutput, GetObjectRequest};
use super::place::object_resource;
use super::reading::{asked, status, told};
use crate::{AccessLevel, ApiError, Call, Operation, Reply, ReplyBody};
use access::Resource;
use futures_util::TryStreamExt;

impl Operation for GetObject {
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

    async fn resources(call: &Call, input: &GetObjectRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(call: Call, input: GetObjectRequest) -> Result<Reply<GetObjectOutput>, ApiError> {
        let (request, overrides) = asked!(call, input);
        let got = call.services.objects.get_object(request).await;
        let (found, body) = got.map_err(about(&input.bucket, Some(&input.key)))?;
        let status = status(&found);
        let told = told!(GetObjectOutput, input, found, overrides);
        let body = ReplyBody::stream(body.length, body.stream.map_err(ApiError::from));
        Ok(Reply::new(told).with_body(body).with_status(status))
    }
}
