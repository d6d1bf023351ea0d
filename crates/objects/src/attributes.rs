use crate::ObjectsError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names and values together, in bytes.
pub const USER_METADATA_BYTES_MAX: usize = 2048;
/// Each content header, in bytes. The front door's header bound is usually met first.
const CONTENT_HEADER_BYTES_MAX: usize = 8 * 1024;

pub const CONTENT_TYPE_DEFAULT: &str = "binary/octet-stream";

/// What a writer says about an object and a reader gets back unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// As the writer wrote it: S3 gives it back without reading it as a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website_redirect_location: Option<String>,
    /// `x-amz-meta-*`, the names without that beginning and in lower case.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub user: BTreeMap<String, String>,
}

impl Attributes {
    pub fn content_type(&self) -> &str {
        self.content_type.as_deref().unwrap_or(CONTENT_TYPE_DEFAULT)
    }

    /// # Errors
    /// `MetadataTooLarge`, or a content header over its bound.
    pub(crate) fn check(&self) -> Result<(), ObjectsError> {
        let bytes = self.user.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > USER_METADATA_BYTES_MAX {
            return Err(ObjectsError::MetadataTooLarge { bytes, max: USER_METADATA_BYTES_MAX });
        }
        let headers = [
            &self.content_type,
            &self.cache_control,
            &self.content_disposition,
            &self.content_encoding,
            &self.content_language,
            &self.expires,
            &self.website_redirect_location,
        ];
        match headers.into_iter().flatten().map(String::len).max() {
            Some(bytes) if bytes > CONTENT_HEADER_BYTES_MAX => {
                Err(ObjectsError::MetadataTooLarge { bytes, max: CONTENT_HEADER_BYTES_MAX })
            }
            _ => Ok(()),
        }
    }
}
