//! What reading an object and asking about it have in common: the requests have the same members, and so have
//! the answers, but are types of their own.

use super::error::argument;
use crate::ApiError;
use http::StatusCode;
use objects::{ByteRange, Found, Wanted};

/// The service's request and the headers that the reader chose for the answer.
macro_rules! asked {
    ($call:expr, $input:expr) => {{
        use $crate::s3::{attributes::chosen, conditions, place, reading};
        place::only_version($input.version_id.as_ref())?;
        let expires = $input.response_expires.map(|time| time.0.to_http_date());
        let overrides = reading::Overrides {
            cache_control: chosen("response-cache-control", $input.response_cache_control)?,
            content_disposition: chosen("response-content-disposition", $input.response_content_disposition)?,
            content_encoding: chosen("response-content-encoding", $input.response_content_encoding)?,
            content_language: chosen("response-content-language", $input.response_content_language)?,
            content_type: chosen("response-content-type", $input.response_content_type)?,
            expires,
        };
        let request = objects::GetObject {
            bucket: place::bucket(&$call, &$input.bucket)?,
            key: place::key(&$input.key)?,
            conditions: conditions::read(
                $input.if_match.as_ref(),
                $input.if_none_match.as_ref(),
                $input.if_modified_since,
                $input.if_unmodified_since,
            ),
            wanted: reading::wanted($input.range.as_deref(), $input.part_number)?,
        };
        (request, overrides)
    }};
}

/// The answer's members, but for the length.
macro_rules! told {
    ($output:ident, $input:expr, $found:expr, $overrides:expr) => {{
        let (found, overrides) = ($found, $overrides);
        let content_range = $crate::s3::reading::content_range(&found);
        let info = found.info;
        let content_type = info.attributes.content_type().to_owned();
        let attributes = info.attributes;
        let mut output = $output {
            accept_ranges: Some("bytes".to_owned()),
            last_modified: Some(info.last_modified.into()),
            e_tag: Some($crate::s3::place::quoted(&info.etag)),
            cache_control: overrides.cache_control.or(attributes.cache_control),
            content_disposition: overrides.content_disposition.or(attributes.content_disposition),
            content_encoding: overrides.content_encoding.or(attributes.content_encoding),
            content_language: overrides.content_language.or(attributes.content_language),
            content_range,
            content_type: Some(overrides.content_type.unwrap_or(content_type)),
            expires: overrides.expires.or(attributes.expires),
            website_redirect_location: attributes.website_redirect_location,
            metadata: Some(attributes.user),
            parts_count: info.parts.filter(|_| $input.part_number.is_some()).map(i32::from),
            tag_count: $crate::s3::listing::count(info.tag_count).filter(|count| *count > 0),
            ..$output::default()
        };
        if let Some(checksum) = found.checksum.filter(|_| $input.checksum_mode.is_some()) {
            $crate::s3::checksums::set_checksum!(output, &checksum);
            output.checksum_type = Some(checksum.kind.as_str().to_owned());
        }
        output
    }};
}

pub(super) use {asked, told};

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
