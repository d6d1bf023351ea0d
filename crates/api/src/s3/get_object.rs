use super::attributes::chosen;
use super::checksums::set_checksum;
use super::error::{about, argument};
use super::model::operation::GetObject;
use super::model::{GetObjectOutput, GetObjectRequest};
use super::place::{bucket, key, object_resource, only_version, quoted};
use super::{conditions, listing};
use crate::{ApiError, Call, Operation, Reply, ReplyBody};
use access::Resource;
use futures_util::TryStreamExt;
use http::StatusCode;
use objects::{ByteRange, Found, Wanted};

impl Operation for GetObject {
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

    async fn resources(call: &Call, input: &GetObjectRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(call: Call, input: GetObjectRequest) -> Result<Reply<GetObjectOutput>, ApiError> {
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
        let got = call.services.objects.get_object(request).await;
        let (found, body) = got.map_err(about(&input.bucket, Some(&input.key)))?;
        let status = status(&found);
        let told = told(found, overrides, input.part_number.is_some(), input.checksum_mode.is_some());
        let body = ReplyBody::stream(body.length, body.stream.map_err(ApiError::from));
        Ok(Reply::new(told).with_body(body).with_status(status))
    }
}

/// Headers that a reader chose for the answer.
#[derive(Default)]
pub(super) struct Overrides {
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    pub content_type: Option<String>,
    pub expires: Option<String>,
}

/// # Errors
/// A range and a part at once, or a part that no object has.
pub(super) fn wanted(range: Option<&str>, part_number: Option<i32>) -> Result<Wanted, ApiError> {
    match (range.and_then(ByteRange::parse), part_number) {
        (None, None) => Ok(Wanted::Whole),
        (Some(range), None) => Ok(Wanted::Range(range)),
        (None, Some(number)) => match u16::try_from(number) {
            Ok(number) if (1..=objects::PART_NUMBER_MAX).contains(&number) => Ok(Wanted::Part(number)),
            _ => Err(argument(
                "partNumber",
                &number.to_string(),
                "Part number must be an integer between 1 and 10000, inclusive",
            )),
        },
        (Some(_), Some(_)) => Err(ApiError::invalid(
            "InvalidRequest",
            "Cannot specify both Range header and partNumber query parameter",
        )),
    }
}

/// A part of nothing is the whole.
pub(super) fn status(found: &Found) -> StatusCode {
    if found.partial && !found.range.is_empty() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK }
}

pub(super) fn content_range(found: &Found) -> Option<String> {
    let (range, size) = (&found.range, found.info.size);
    let last = range.end.checked_sub(1)?;
    (status(found) == StatusCode::PARTIAL_CONTENT).then(|| format!("bytes {}-{last}/{size}", range.start))
}

fn told(found: Found, overrides: Overrides, part_asked: bool, checksum_asked: bool) -> GetObjectOutput {
    let content_range = content_range(&found);
    let info = found.info;
    let content_type = info.attributes.content_type().to_owned();
    let attributes = info.attributes;
    let mut output = GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        last_modified: Some(info.last_modified.into()),
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
        ..GetObjectOutput::default()
    };
    if let Some(checksum) = found.checksum.filter(|_| checksum_asked) {
        set_checksum!(output, &checksum);
        output.checksum_type = Some(checksum.kind.as_str().to_owned());
    }
    output
}
