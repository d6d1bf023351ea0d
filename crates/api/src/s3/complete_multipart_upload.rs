use super::checksums::{given_checksums, set_checksum};
use super::conditions;
use super::create_multipart_upload::checksum_kind;
use super::error::{about, argument};
use super::model::operation::CompleteMultipartUpload;
use super::model::{CompleteMultipartUploadOutput, CompleteMultipartUploadRequest, CompletedPart};
use super::place::{caller, object_resource, quoted, upload};
use super::upload_part::part_number;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for CompleteMultipartUpload {
    const ACTION: &'static str = "s3:PutObject";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "Bucket",
        "Key",
        "MultipartUpload",
        "UploadId",
        "ChecksumCRC32",
        "ChecksumCRC32C",
        "ChecksumCRC64NVME",
        "ChecksumSHA1",
        "ChecksumSHA256",
        "ChecksumType",
        "MpuObjectSize",
        "RequestPayer",
        "ExpectedBucketOwner",
        "IfMatch",
        "IfNoneMatch",
    ];
    /// Ten thousand parts with a checksum each.
    const BODY_MAX: usize = 8 * 1024 * 1024;

    async fn resources(
        call: &Call,
        input: &CompleteMultipartUploadRequest,
    ) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(
        call: Call,
        input: CompleteMultipartUploadRequest,
    ) -> Result<Reply<CompleteMultipartUploadOutput>, ApiError> {
        let mut given = given_checksums!(input);
        if given.len() > 1 {
            return Err(ApiError::invalid(
                "InvalidRequest",
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            ));
        }
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let request = objects::CompleteMultipartUpload {
            upload: upload(&call, &input.bucket, &input.key, &input.upload_id)?,
            parts: parts.iter().map(part).collect::<Result<_, _>>()?,
            checksum: given.pop(),
            checksum_kind: input.checksum_type.as_deref().map(checksum_kind).transpose()?,
            size: input.mpu_object_size.map(size).transpose()?,
            conditions: conditions::write(input.if_match.as_ref(), input.if_none_match.as_ref())?,
            caller: caller(&call),
        };
        let written = call.services.objects.complete_multipart_upload(request).await;
        let written = written.map_err(about(&input.bucket, Some(&input.key)))?;
        let mut output = CompleteMultipartUploadOutput {
            location: Some(location(&call.endpoint, &input.bucket, &input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(quoted(&written.etag)),
            checksum_type: Some(written.checksum.kind.as_str().to_owned()),
            ..CompleteMultipartUploadOutput::default()
        };
        set_checksum!(output, &written.checksum);
        Ok(Reply::new(output))
    }
}

fn part(part: &CompletedPart) -> Result<objects::CompletedPart, ApiError> {
    let incomplete = || {
        ApiError::invalid(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema: \
             a part needs a PartNumber and an ETag",
        )
    };
    Ok(objects::CompletedPart {
        number: part_number(part.part_number.ok_or_else(incomplete)?)?,
        etag: part.e_tag.as_deref().ok_or_else(incomplete)?.trim_matches('"').to_owned(),
        checksums: given_checksums!(part),
    })
}

fn size(size: i64) -> Result<u64, ApiError> {
    u64::try_from(size).map_err(|_| {
        argument("x-amz-mp-object-size", &size.to_string(), "The size of an object is not negative")
    })
}

fn location(endpoint: &str, bucket: &str, key: &str) -> String {
    format!("{endpoint}/{bucket}/{}", super::listing::Encoding::Url.write(key))
}
