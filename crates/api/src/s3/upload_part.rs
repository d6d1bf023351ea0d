use super::checksums::set_checksum;
use super::error::{about, argument};
use super::incoming;
use super::model::operation::UploadPart;
use super::model::{UploadPartOutput, UploadPartRequest};
use super::place::{object_resource, quoted, upload};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for UploadPart {
    const ACTION: &'static str = "s3:PutObject";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "Bucket",
        "ContentLength",
        "ContentMD5",
        "ChecksumAlgorithm",
        "ChecksumCRC32",
        "ChecksumCRC32C",
        "ChecksumCRC64NVME",
        "ChecksumSHA1",
        "ChecksumSHA256",
        "Key",
        "PartNumber",
        "UploadId",
        "RequestPayer",
        "ExpectedBucketOwner",
    ];

    async fn resources(call: &Call, input: &UploadPartRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(mut call: Call, input: UploadPartRequest) -> Result<Reply<UploadPartOutput>, ApiError> {
        let upload = upload(&call, &input.bucket, &input.key, &input.upload_id)?;
        let number = part_number(input.part_number)?;
        let body = incoming::body(&mut call)?;
        let uploaded = call.services.objects.upload_part(upload, number, body).await;
        let uploaded = uploaded.map_err(about(&input.bucket, Some(&input.key)))?;
        let mut output =
            UploadPartOutput { e_tag: Some(quoted(&uploaded.etag)), ..UploadPartOutput::default() };
        set_checksum!(output, &uploaded.checksum);
        Ok(Reply::new(output))
    }
}

/// # Errors
/// `InvalidArgument`.
pub(super) fn part_number(number: i32) -> Result<u16, ApiError> {
    u16::try_from(number).map_err(|_| {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        argument("partNumber", &number.to_string(), message)
    })
}
