use super::error::about;
use super::model::operation::AbortMultipartUpload;
use super::model::{AbortMultipartUploadOutput, AbortMultipartUploadRequest};
use super::place::{object_resource, upload};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for AbortMultipartUpload {
    const ACTION: &'static str = "s3:AbortMultipartUpload";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] =
        &["Bucket", "Key", "UploadId", "RequestPayer", "ExpectedBucketOwner"];

    async fn resources(call: &Call, input: &AbortMultipartUploadRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(
        call: Call,
        input: AbortMultipartUploadRequest,
    ) -> Result<Reply<AbortMultipartUploadOutput>, ApiError> {
        let upload = upload(&call, &input.bucket, &input.key, &input.upload_id)?;
        let aborted = call.services.objects.abort_multipart_upload(upload).await;
        aborted.map_err(about(&input.bucket, Some(&input.key)))?;
        Ok(Reply::new(AbortMultipartUploadOutput::default()))
    }
}
