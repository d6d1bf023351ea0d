use super::error::argument;
use crate::ApiError;
use http::HeaderValue;
use objects::Attributes;
use std::collections::BTreeMap;

/// The attributes of an object from the members that three requests share.
macro_rules! attributes_of {
    ($input:expr) => {
        $crate::s3::attributes::attributes(
            objects::Attributes {
                content_type: $input.content_type.clone(),
                cache_control: $input.cache_control.clone(),
                content_disposition: $input.content_disposition.clone(),
                content_encoding: $input.content_encoding.clone(),
                content_language: $input.content_language.clone(),
                expires: $input.expires.clone(),
                website_redirect_location: $input.website_redirect_location.clone(),
                user: std::collections::BTreeMap::new(),
            },
            $input.metadata.clone().unwrap_or_default(),
        )
    };
}

pub(super) use attributes_of;

/// Checks what can only be told here, where headers are known.
pub(super) fn attributes(
    attributes: Attributes,
    metadata: BTreeMap<String, String>,
) -> Result<Attributes, ApiError> {
    let user = metadata.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let content_encoding = attributes.content_encoding.as_deref().and_then(stored_encoding);
    if let Some(location) = &attributes.website_redirect_location {
        let known = ["/", "http://", "https://"].iter().any(|start| location.starts_with(start));
        if !known {
            return Err(ApiError::invalid(
                "InvalidRedirectLocation",
                "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
            ));
        }
    }
    Ok(Attributes { content_encoding, user, ..attributes })
}

/// Without `aws-chunked`, which told how the body came and not what it is.
fn stored_encoding(value: &str) -> Option<String> {
    let kept: Vec<&str> = value
        .split(',')
        .map(str::trim)
        .filter(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

/// A header that a reader chose for the answer.
pub(super) fn chosen(name: &str, value: Option<String>) -> Result<Option<String>, ApiError> {
    match value {
        Some(value) if HeaderValue::from_bytes(value.as_bytes()).is_err() => {
            Err(argument(name, &value, "Header value cannot be represented using ISO-8859-1."))
        }
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_a_body_came_is_not_stored() {
        let check = |value: &str, expected: Option<&str>| {
            assert_eq!(stored_encoding(value).as_deref(), expected, "{value}");
        };
        check("aws-chunked", None);
        check("gzip", Some("gzip"));
        check("aws-chunked, gzip", Some("gzip"));
        check("gzip,AWS-chunked,br", Some("gzip,br"));
        check("", None);
    }

    #[test]
    fn a_chosen_header_must_fit_into_one() {
        assert!(chosen("response-content-type", Some("text/plain\r\nX: y".to_owned())).is_err());
        assert!(chosen("response-content-type", Some("text/plain".to_owned())).is_ok());
    }
}
