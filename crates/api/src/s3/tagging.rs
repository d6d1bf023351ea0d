use super::error::argument;
use super::model::{Tag, Tagging};
use crate::ApiError;
use objects::TagSet;

pub(super) fn tags(tagging: Tagging) -> Vec<objects::Tag> {
    tagging.tag_set.into_iter().map(|Tag { key, value }| objects::Tag { key, value }).collect()
}

pub(super) fn told(tags: &TagSet) -> Vec<Tag> {
    tags.tags().iter().map(|tag| Tag { key: tag.key.clone(), value: tag.value.clone() }).collect()
}

/// The header `x-amz-tagging`: `key=value` pairs as in a URL's query.
pub(super) fn from_header(value: Option<&String>) -> Result<TagSet, ApiError> {
    let Some(value) = value else { return Ok(TagSet::default()) };
    let pairs = form_urlencoded::parse(value.as_bytes());
    let tags: Vec<_> =
        pairs.map(|(key, value)| objects::Tag { key: key.into_owned(), value: value.into_owned() }).collect();
    TagSet::for_object(tags).map_err(|error| argument("x-amz-tagging", value, &error.to_string()))
}
