use crate::ObjectsError;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

pub const OBJECT_TAGS_MAX: usize = 10;
pub const BUCKET_TAGS_MAX: usize = 50;
const KEY_CHARACTERS_MAX: usize = 128;
const VALUE_CHARACTERS_MAX: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// Tags with distinct keys, each within the published bounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TagSet(Vec<Tag>);

impl TagSet {
    /// # Errors
    /// `InvalidTag`, or `InvalidRequest` for more than [`OBJECT_TAGS_MAX`].
    pub fn for_object(tags: Vec<Tag>) -> Result<TagSet, ObjectsError> {
        if tags.len() > OBJECT_TAGS_MAX {
            return Err(ObjectsError::InvalidTag(format!(
                "Object tags cannot be greater than {OBJECT_TAGS_MAX}"
            )));
        }
        TagSet::checked(tags)
    }

    /// # Errors
    /// `InvalidTag`, or `InvalidRequest` for more than [`BUCKET_TAGS_MAX`].
    pub fn for_bucket(tags: Vec<Tag>) -> Result<TagSet, ObjectsError> {
        if tags.len() > BUCKET_TAGS_MAX {
            return Err(ObjectsError::InvalidTag(format!(
                "Bucket tag count cannot be greater than {BUCKET_TAGS_MAX}"
            )));
        }
        TagSet::checked(tags)
    }

    fn checked(tags: Vec<Tag>) -> Result<TagSet, ObjectsError> {
        let refused = |message: &str| Err(ObjectsError::InvalidTag(message.to_owned()));
        let mut keys = HashSet::new();
        for tag in &tags {
            if !within(&tag.key, 1, KEY_CHARACTERS_MAX) {
                return refused("The TagKey you have provided is invalid");
            }
            if !within(&tag.value, 0, VALUE_CHARACTERS_MAX) {
                return refused("The TagValue you have provided is invalid");
            }
            if tag.key.to_ascii_lowercase().starts_with("aws:") {
                return refused("System tags cannot be added/updated by requester");
            }
            if !keys.insert(tag.key.as_str()) {
                return refused("Cannot provide multiple Tags with the same key");
            }
        }
        Ok(TagSet(tags))
    }

    pub fn tags(&self) -> &[Tag] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Letters, digits, spaces and `+ - = . _ : / @`, counted in characters.
fn within(text: &str, min: usize, max: usize) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "+-=._:/@".contains(c);
    (min..=max).contains(&text.chars().count()) && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn tags_are_held_to_the_published_rules() {
        let good = [vec![], vec![tag("a", "")], vec![tag("größe", "+-=._:/@ 1"), tag("b", &"v".repeat(256))]];
        for tags in good {
            assert!(TagSet::for_object(tags.clone()).is_ok(), "{tags:?}");
        }
        let many = |count: usize| (0..count).map(|i| tag(&i.to_string(), "")).collect::<Vec<_>>();
        let bad = [
            vec![tag("", "v")],
            vec![tag(&"k".repeat(129), "v")],
            vec![tag("k", &"v".repeat(257))],
            vec![tag("k!", "v")],
            vec![tag("k", "<v>")],
            vec![tag("aws:k", "v")],
            vec![tag("k", "1"), tag("k", "2")],
            many(11),
        ];
        for tags in bad {
            assert!(TagSet::for_object(tags.clone()).is_err(), "{tags:?}");
        }
        assert!(TagSet::for_bucket(many(50)).is_ok());
        assert!(TagSet::for_bucket(many(51)).is_err());
    }
}
