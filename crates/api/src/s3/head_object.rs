use super::attributes::chosen;
use super::checksums::set_checksum;
use super::error::about;
use super::get_object::{Overrides, content_range, status, wanted};
use super::model::operation::HeadObject;
use super::model::{HeadObjectOutput, HeadObjectRequest};
use super::place::{bucket, key, object_resource, only_version, quoted, signed};
use super::{conditions, listing};
use crate::{ApiError, Call, Operation, Reply};
use access::Resource;
use objects::Found;

impl Operation for HeadObject {
    /// Whoever may read an object may ask about it.
    const ACTION: &'static str = "s3:GetObject";
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
        only_version(input.version_id.as_ref())?;
        let expires = input.response_expires.map(|time| time.0.to_http_date());
        let overrides = Overrides {
            cache_control: chosen("response-cache-control", input.response_cache_control)?,
            content_disposition: chosen("response-content-disposition", input.response_content_disposition)?,
            content_encoding: chosen("response-content-encoding", input.response_content_encoding)?,
            content_language: chosen("response-content-language", input.response_content_language)?,
            content_type: chosen("response-content-type", input.response_content_type)?,
            expires,
        };
        let request = objects::GetObject {
            bucket: bucket(&call, &input.bucket)?,
            key: key(&input.key)?,
            conditions: conditions::read(
                input.if_match.as_ref(),
                input.if_none_match.as_ref(),
                input.if_modified_since,
                input.if_unmodified_since,
            ),
            wanted: wanted(input.range.as_deref(), input.part_number)?,
        };
        let found = call.services.objects.head_object(request).await;
        let found = found.map_err(about(&input.bucket, Some(&input.key)))?;
        let status = status(&found);
        let told = told(found, overrides, input.part_number.is_some(), input.checksum_mode.is_some());
        Ok(Reply::new(told).with_status(status))
    }
}

fn told(found: Found, overrides: Overrides, part_asked: bool, checksum_asked: bool) -> HeadObjectOutput {
    let content_range = content_range(&found);
    let content_length = Some(signed(found.range.end - found.range.start));
    let info = found.info;
    let content_type = info.attributes.content_type().to_owned();
    let attributes = info.attributes;
    let mut output = HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        last_modified: Some(info.last_modified.into()),
        content_length,
        e_tag: Some(quoted(&info.etag)),
        cache_control: overrides.cache_control.or(attributes.cache_control),
        content_disposition: overrides.content_disposition.or(attributes.content_disposition),
        content_encoding: overrides.content_encoding.or(attributes.content_encoding),
        content_language: overrides.content_language.or(attributes.content_language),
        content_range,
        content_type: Some(overrides.content_type.unwrap_or(content_type)),
        expires: overrides.expires.or(attributes.expires),
        website_redirect_location: attributes.website_redirect_location,
        metadata: Some(attributes.user),
        parts_count: info.parts.filter(|_| part_asked).map(i32::from),
        tag_count: listing::count(info.tag_count).filter(|count| *count > 0),
        ..HeadObjectOutput::default()
    };
    if let Some(checksum) = found.checksum.filter(|_| checksum_asked) {
        set_checksum!(output, &checksum);
        output.checksum_type = Some(checksum.kind.as_str().to_owned());
    }
    output
}
