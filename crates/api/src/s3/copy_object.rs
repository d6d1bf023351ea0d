use super::attributes::attributes_of;
use super::checksums::{algorithm, set_checksum};
use super::copy_source::{Source, with_conditions};
use super::error::about;
use super::model::operation::CopyObject;
use super::model::{CopyObjectOutput, CopyObjectRequest, CopyObjectResult};
use super::place::{bucket, caller, key, object_resource, quoted};
use super::write_conditions;
use super::{conditions, tagging, unsupported};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for CopyObject {
    const ACTION: &'static str = "s3:PutObject";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[
        "s3:RequestObjectTag/",
        "s3:RequestObjectTagKeys",
        "s3:x-amz-acl",
        "s3:x-amz-storage-class",
        "s3:x-amz-website-redirect-location",
        "s3:x-amz-copy-source",
        "s3:x-amz-metadata-directive",
    ];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "ACL",
        "Bucket",
        "CacheControl",
        "ChecksumAlgorithm",
        "ContentDisposition",
        "ContentEncoding",
        "ContentLanguage",
        "ContentType",
        "CopySource",
        "CopySourceIfMatch",
        "CopySourceIfModifiedSince",
        "CopySourceIfNoneMatch",
        "CopySourceIfUnmodifiedSince",
        "Expires",
        "IfMatch",
        "IfNoneMatch",
        "Key",
        "Metadata",
        "MetadataDirective",
        "TaggingDirective",
        "StorageClass",
        "WebsiteRedirectLocation",
        "RequestPayer",
        "Tagging",
        "ExpectedBucketOwner",
        "ExpectedSourceBucketOwner",
    ];

    async fn resources(call: &Call, input: &CopyObjectRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let headers = [
            ("s3:x-amz-acl", input.acl.as_ref()),
            ("s3:x-amz-storage-class", input.storage_class.as_ref()),
            ("s3:x-amz-website-redirect-location", input.website_redirect_location.as_ref()),
            ("s3:x-amz-copy-source", Some(&input.copy_source)),
            ("s3:x-amz-metadata-directive", input.metadata_directive.as_ref()),
        ];
        write_conditions::given(&headers, input.tagging.as_ref().filter(|_| replaces_tags(input)))
    }

    async fn further(call: &Call, input: &CopyObjectRequest) -> Result<Vec<Further>, ApiError> {
        let expected = input.expected_source_bucket_owner.as_ref();
        let mut further = Source::reading(call, &input.copy_source, expected).await?;
        let resources = Self::resources(call, input).await?;
        if replaces_tags(input) {
            let tags = tagging::from_header(input.tagging.as_ref())?;
            further.extend(write_conditions::tagging_too(resources, tags.tags()));
            return Ok(further);
        }
        // Tags that go along are read and written: what has none asks for neither.
        let source = Source::parse(&input.copy_source)?;
        let tags = source.tags(call).await?;
        if let Some(tagging) = write_conditions::tagging_too(resources, &tags) {
            further.push(source.reading_tags(call, expected).await?);
            further.push(tagging);
        }
        Ok(further)
    }

    async fn call(call: Call, input: CopyObjectRequest) -> Result<Reply<CopyObjectOutput>, ApiError> {
        unsupported::acl(input.acl.as_ref())?;
        unsupported::storage_class(input.storage_class.as_ref())?;
        let replaces_metadata = input.metadata_directive.as_deref() == Some("REPLACE");
        let replaces_tags = replaces_tags(&input);
        if input.website_redirect_location.is_some() && !replaces_metadata {
            return Err(ApiError::unsupported(
                "x-amz-website-redirect-location",
                "a copy takes it only with x-amz-metadata-directive: REPLACE",
            ));
        }
        let source = Source::parse(&input.copy_source)?;
        let tags = tagging::from_header(input.tagging.as_ref())?;
        let wanted = input.checksum_algorithm.as_deref();
        let request = objects::CopyObject {
            bucket: bucket(&call, &input.bucket)?,
            key: key(&input.key)?,
            source: with_conditions!(source, call, input),
            // Without REPLACE the request's own metadata do not count: that is what COPY means.
            attributes: if replaces_metadata { Some(attributes_of!(input)?) } else { None },
            tags: replaces_tags.then_some(tags),
            checksum_algorithm: wanted
                .map(|wanted| algorithm("x-amz-checksum-algorithm", wanted))
                .transpose()?,
            conditions: conditions::write(input.if_match.as_ref(), input.if_none_match.as_ref())?,
            caller: caller(&call),
        };
        let written = call.services.objects.copy_object(request).await;
        let written = written.map_err(about(&source.bucket, Some(&source.key)))?;
        let mut result = CopyObjectResult {
            e_tag: Some(quoted(&written.etag)),
            last_modified: Some(written.last_modified.into()),
            checksum_type: Some(written.checksum.kind.as_str().to_owned()),
            ..CopyObjectResult::default()
        };
        set_checksum!(result, &written.checksum);
        Ok(Reply::new(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() }))
    }
}

fn replaces_tags(input: &CopyObjectRequest) -> bool {
    input.tagging_directive.as_deref() == Some("REPLACE")
}
