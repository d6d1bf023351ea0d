use super::attributes::attributes_of;
use super::checksums::set_checksum;
use super::error::about;
use super::model::operation::PutObject;
use super::model::{PutObjectOutput, PutObjectRequest};
use super::place::{bucket, caller, key, object_resource, quoted};
use super::write_conditions;
use super::{conditions, incoming, tagging, unsupported};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::policy::Context;
use objects::ChangeEvent;

impl Operation for PutObject {
    const ACTION: &'static str = "s3:PutObject";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[
        "s3:RequestObjectTag/",
        "s3:RequestObjectTagKeys",
        "s3:x-amz-acl",
        "s3:x-amz-storage-class",
        "s3:x-amz-website-redirect-location",
        "s3:if-match",
        "s3:if-none-match",
    ];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "ACL",
        "Bucket",
        "CacheControl",
        "ContentDisposition",
        "ContentEncoding",
        "ContentLanguage",
        "ContentLength",
        "ContentMD5",
        "ContentType",
        "ChecksumAlgorithm",
        "ChecksumCRC32",
        "ChecksumCRC32C",
        "ChecksumCRC64NVME",
        "ChecksumSHA1",
        "ChecksumSHA256",
        "Expires",
        "IfMatch",
        "IfNoneMatch",
        "Key",
        "Metadata",
        "StorageClass",
        "WebsiteRedirectLocation",
        "RequestPayer",
        "Tagging",
        "ExpectedBucketOwner",
    ];

    async fn resources(call: &Call, input: &PutObjectRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let headers = [
            ("s3:x-amz-acl", input.acl.as_ref()),
            ("s3:x-amz-storage-class", input.storage_class.as_ref()),
            ("s3:x-amz-website-redirect-location", input.website_redirect_location.as_ref()),
            ("s3:if-match", input.if_match.as_ref()),
            ("s3:if-none-match", input.if_none_match.as_ref()),
        ];
        write_conditions::given(&headers, input.tagging.as_ref())
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let tags = tagging::from_header(input.tagging.as_ref())?;
        Ok(Vec::from_iter(write_conditions::tagging_too(Self::resources(call, input).await?, tags.tags())))
    }

    async fn call(mut call: Call, input: PutObjectRequest) -> Result<Reply<PutObjectOutput>, ApiError> {
        unsupported::acl(input.acl.as_ref())?;
        unsupported::storage_class(input.storage_class.as_ref())?;
        let request = objects::PutObject {
            bucket: bucket(&call, &input.bucket)?,
            key: key(&input.key)?,
            attributes: attributes_of!(input)?,
            tags: tagging::from_header(input.tagging.as_ref())?,
            conditions: conditions::write(input.if_match.as_ref(), input.if_none_match.as_ref())?,
            caller: caller(&call),
            event: ChangeEvent::CreatedPut,
        };
        let body = incoming::body(&mut call)?;
        let written = call.services.objects.put_object(request, body).await;
        let written = written.map_err(about(&input.bucket, Some(&input.key)))?;
        let mut output = PutObjectOutput {
            e_tag: Some(quoted(&written.etag)),
            checksum_type: Some(written.checksum.kind.as_str().to_owned()),
            ..PutObjectOutput::default()
        };
        set_checksum!(output, &written.checksum);
        Ok(Reply::new(output))
    }
}
