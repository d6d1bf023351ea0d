use super::checksums::set_checksum;
use super::copy_source::{Source, with_conditions};
use super::error::{about, argument};
use super::model::operation::UploadPartCopy;
use super::model::{CopyPartResult, UploadPartCopyOutput, UploadPartCopyRequest};
use super::place::{object_resource, quoted, upload};
use super::upload_part::part_number;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use objects::ByteRange;

impl Operation for UploadPartCopy {
    const ACTION: &'static str = "s3:PutObject";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "Bucket",
        "CopySource",
        "CopySourceIfMatch",
        "CopySourceIfModifiedSince",
        "CopySourceIfNoneMatch",
        "CopySourceIfUnmodifiedSince",
        "CopySourceRange",
        "Key",
        "PartNumber",
        "UploadId",
        "RequestPayer",
        "ExpectedBucketOwner",
        "ExpectedSourceBucketOwner",
    ];

    async fn resources(call: &Call, input: &UploadPartCopyRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn further(call: &Call, input: &UploadPartCopyRequest) -> Result<Vec<Further>, ApiError> {
        Source::reading(call, &input.copy_source, input.expected_source_bucket_owner.as_ref()).await
    }

    async fn call(call: Call, input: UploadPartCopyRequest) -> Result<Reply<UploadPartCopyOutput>, ApiError> {
        let source = Source::parse(&input.copy_source)?;
        let request = objects::UploadPartCopy {
            upload: upload(&call, &input.bucket, &input.key, &input.upload_id)?,
            number: part_number(input.part_number)?,
            source: with_conditions!(source, call, input),
            range: input.copy_source_range.as_deref().map(range).transpose()?,
        };
        let uploaded = call.services.objects.upload_part_copy(request).await;
        let uploaded = uploaded.map_err(about(&source.bucket, Some(&source.key)))?;
        let mut result = CopyPartResult {
            e_tag: Some(quoted(&uploaded.etag)),
            last_modified: Some(uploaded.last_modified.into()),
            ..CopyPartResult::default()
        };
        set_checksum!(result, &uploaded.checksum);
        Ok(Reply::new(UploadPartCopyOutput {
            copy_part_result: Some(result),
            ..UploadPartCopyOutput::default()
        }))
    }
}

/// Only `bytes=first-last` here.
fn range(header: &str) -> Result<ByteRange, ApiError> {
    match ByteRange::parse(header) {
        Some(range @ ByteRange::FromTo(..)) => Ok(range),
        _ => Err(argument(
            "x-amz-copy-source-range",
            header,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are \
             the zero-based offsets of the first and last bytes to copy",
        )),
    }
}
