use super::attributes::attributes_of;
use super::checksums::algorithm;
use super::error::{about, argument};
use super::model::operation::CreateMultipartUpload;
use super::model::{CreateMultipartUploadOutput, CreateMultipartUploadRequest};
use super::place::{bucket, caller, key, object_resource};
use super::write_conditions;
use super::{tagging, unsupported};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::policy::Context;
use objects::ChecksumKind;

impl Operation for CreateMultipartUpload {
    const ACTION: &'static str = "s3:PutObject";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[
        "s3:RequestObjectTag/",
        "s3:RequestObjectTagKeys",
        "s3:x-amz-acl",
        "s3:x-amz-storage-class",
        "s3:x-amz-website-redirect-location",
    ];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "ACL",
        "Bucket",
        "CacheControl",
        "ContentDisposition",
        "ContentEncoding",
        "ContentLanguage",
        "ContentType",
        "Expires",
        "Key",
        "Metadata",
        "StorageClass",
        "WebsiteRedirectLocation",
        "RequestPayer",
        "Tagging",
        "ExpectedBucketOwner",
        "ChecksumAlgorithm",
        "ChecksumType",
    ];

    async fn resources(call: &Call, input: &CreateMultipartUploadRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let headers = [
            ("s3:x-amz-acl", input.acl.as_ref()),
            ("s3:x-amz-storage-class", input.storage_class.as_ref()),
            ("s3:x-amz-website-redirect-location", input.website_redirect_location.as_ref()),
        ];
        write_conditions::given(&headers, input.tagging.as_ref())
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let tags = tagging::from_header(input.tagging.as_ref())?;
        Ok(Vec::from_iter(write_conditions::tagging_too(Self::resources(call, input).await?, tags.tags())))
    }

    async fn call(
        call: Call,
        input: CreateMultipartUploadRequest,
    ) -> Result<Reply<CreateMultipartUploadOutput>, ApiError> {
        unsupported::acl(input.acl.as_ref())?;
        unsupported::storage_class(input.storage_class.as_ref())?;
        let wanted = input.checksum_algorithm.as_deref();
        let request = objects::CreateMultipartUpload {
            bucket: bucket(&call, &input.bucket)?,
            key: key(&input.key)?,
            attributes: attributes_of!(input)?,
            tags: tagging::from_header(input.tagging.as_ref())?,
            checksum_algorithm: wanted
                .map(|wanted| algorithm("x-amz-checksum-algorithm", wanted))
                .transpose()?,
            checksum_kind: input.checksum_type.as_deref().map(checksum_kind).transpose()?,
            caller: caller(&call),
        };
        let created = call.services.objects.create_multipart_upload(request).await;
        let created = created.map_err(about(&input.bucket, Some(&input.key)))?;
        Ok(Reply::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(created.id.to_string()),
            checksum_algorithm: created.checksum.map(|(algorithm, _)| algorithm.as_str().to_owned()),
            checksum_type: created.checksum.map(|(_, kind)| kind.as_str().to_owned()),
            ..CreateMultipartUploadOutput::default()
        }))
    }
}

/// # Errors
/// `InvalidArgument`.
pub(super) fn checksum_kind(value: &str) -> Result<ChecksumKind, ApiError> {
    ChecksumKind::parse(value).ok_or_else(|| {
        argument("x-amz-checksum-type", value, "Value for x-amz-checksum-type header is invalid.")
    })
}
