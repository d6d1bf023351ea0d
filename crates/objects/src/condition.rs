//! Conditional requests (RFC 9110 §13), as S3 applies them.

use crate::ObjectsError;
use crate::record::ObjectRecord;
use clock::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EtagCondition {
    /// `*`
    Any,
    /// Without quotes.
    OneOf(Vec<String>),
}

impl EtagCondition {
    /// Reads a header value: `*`, or entity tags between commas, quoted or not. S3 has no weak tags,
    /// and reads `W/"x"` as `"x"`.
    pub fn parse(value: &str) -> EtagCondition {
        if value.trim() == "*" {
            return EtagCondition::Any;
        }
        let bare = |tag: &str| {
            let tag = tag.trim();
            tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned()
        };
        EtagCondition::OneOf(value.split(',').map(bare).filter(|tag| !tag.is_empty()).collect())
    }

    fn holds(&self, etag: &str) -> bool {
        match self {
            EtagCondition::Any => true,
            EtagCondition::OneOf(tags) => tags.iter().any(|tag| tag == etag),
        }
    }
}

/// What a reader asks about the object before it wants the bytes. Times count in whole seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadConditions {
    pub if_match: Option<EtagCondition>,
    pub if_none_match: Option<EtagCondition>,
    pub if_modified_since: Option<Timestamp>,
    pub if_unmodified_since: Option<Timestamp>,
}

impl ReadConditions {
    /// # Errors
    /// `PreconditionFailed`, or `NotModified` where the reader's copy is still good.
    pub(crate) fn check(&self, object: &ObjectRecord) -> Result<(), ObjectsError> {
        match self.first_failed(object) {
            None => Ok(()),
            Some("If-None-Match" | "If-Modified-Since") => Err(ObjectsError::NotModified {
                etag: object.etag.clone(),
                last_modified: object.last_modified,
            }),
            Some(condition) => Err(ObjectsError::PreconditionFailed { condition }),
        }
    }

    /// For the source of a copy, where there is nothing to be "not modified".
    ///
    /// # Errors
    /// `PreconditionFailed`.
    pub(crate) fn check_source(&self, object: &ObjectRecord) -> Result<(), ObjectsError> {
        match self.first_failed(object) {
            None => Ok(()),
            Some("If-Match") => failed("x-amz-copy-source-If-Match"),
            Some("If-None-Match") => failed("x-amz-copy-source-If-None-Match"),
            Some("If-Modified-Since") => failed("x-amz-copy-source-If-Modified-Since"),
            Some(_) => failed("x-amz-copy-source-If-Unmodified-Since"),
        }
    }

    /// An entity tag condition, where given, hides the time condition of its kind (RFC 9110 §13.2.2).
    fn first_failed(&self, object: &ObjectRecord) -> Option<&'static str> {
        let modified_since = |time: Timestamp| object.last_modified > time.truncated_to_seconds();
        match (&self.if_match, self.if_unmodified_since) {
            (Some(tags), _) if !tags.holds(&object.etag) => return Some("If-Match"),
            (None, Some(time)) if modified_since(time) => return Some("If-Unmodified-Since"),
            _ => {}
        }
        match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) if tags.holds(&object.etag) => Some("If-None-Match"),
            (None, Some(time)) if !modified_since(time) => Some("If-Modified-Since"),
            _ => None,
        }
    }
}

/// What a writer demands of the object that it replaces or deletes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteConditions {
    pub if_match: Option<EtagCondition>,
    /// S3 knows only `*` here: "there must be none".
    pub if_none_match: Option<EtagCondition>,
}

impl WriteConditions {
    pub(crate) fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// # Errors
    /// `PreconditionFailed`; `NoSuchKey` for `If-Match` where there is nothing to match.
    pub(crate) fn check(&self, current: Option<&ObjectRecord>) -> Result<(), ObjectsError> {
        if let Some(tags) = &self.if_match {
            match current {
                None => return Err(ObjectsError::NoSuchKey),
                Some(object) if !tags.holds(&object.etag) => return failed("If-Match"),
                Some(_) => {}
            }
        }
        match (&self.if_none_match, current) {
            (Some(tags), Some(object)) if tags.holds(&object.etag) => failed("If-None-Match"),
            _ => Ok(()),
        }
    }
}

fn failed(condition: &'static str) -> Result<(), ObjectsError> {
    Err(ObjectsError::PreconditionFailed { condition })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::Attributes;
    use crate::checksum::{Checksum, ChecksumAlgorithm};
    use crate::record::Body;
    use crate::tags::TagSet;

    const MODIFIED: Timestamp = Timestamp::from_seconds(1000);

    fn object() -> ObjectRecord {
        ObjectRecord {
            size: 0,
            etag: "abc".to_owned(),
            last_modified: MODIFIED,
            body: Body::Empty,
            checksum: Checksum::full_object(ChecksumAlgorithm::Crc32, &[0; 4]),
            attributes: Attributes::default(),
            tags: TagSet::default(),
            parts: None,
        }
    }

    fn outcome(result: Result<(), ObjectsError>) -> u16 {
        match result {
            Ok(()) => 200,
            Err(ObjectsError::NotModified { .. }) => 304,
            Err(ObjectsError::PreconditionFailed { .. }) => 412,
            Err(ObjectsError::NoSuchKey) => 404,
            Err(other) => panic!("{other}"),
        }
    }

    /// (If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since) in seconds, and the answers
    /// to a reader and to a copy.
    #[test]
    fn reading() {
        let table = [
            (None, None, None, None, 200, 200),
            (Some("\"abc\""), None, None, None, 200, 200),
            (Some("abc"), None, None, None, 200, 200),
            (Some("\"x\", \"abc\""), None, None, None, 200, 200),
            (Some("*"), None, None, None, 200, 200),
            (Some("\"x\""), None, None, None, 412, 412),
            (None, Some("\"abc\""), None, None, 304, 412),
            (None, Some("W/\"abc\""), None, None, 304, 412),
            (None, Some("*"), None, None, 304, 412),
            (None, Some("\"x\""), None, None, 200, 200),
            (None, None, Some(999), None, 200, 200),
            (None, None, Some(1000), None, 304, 412),
            (None, None, Some(1001), None, 304, 412),
            (None, None, None, Some(999), 412, 412),
            (None, None, None, Some(1000), 200, 200),
            // A tag hides the time beside it, in both pairs.
            (Some("\"abc\""), None, None, Some(999), 200, 200),
            (None, Some("\"x\""), Some(1000), None, 200, 200),
            (None, Some("\"abc\""), Some(999), None, 304, 412),
            (Some("\"x\""), Some("\"abc\""), None, None, 412, 412),
        ];
        for (if_match, if_none_match, since, unmodified, reader, copy) in table {
            let conditions = ReadConditions {
                if_match: if_match.map(EtagCondition::parse),
                if_none_match: if_none_match.map(EtagCondition::parse),
                if_modified_since: since.map(Timestamp::from_seconds),
                if_unmodified_since: unmodified.map(Timestamp::from_seconds),
            };
            assert_eq!(outcome(conditions.check(&object())), reader, "{conditions:?}");
            assert_eq!(outcome(conditions.check_source(&object())), copy, "{conditions:?}");
        }
    }

    #[test]
    fn writing() {
        let there = object();
        let table = [
            (None, None, Some(&there), 200),
            (None, None, None, 200),
            (None, Some("*"), None, 200),
            (None, Some("*"), Some(&there), 412),
            (Some("\"abc\""), None, Some(&there), 200),
            (Some("\"x\""), None, Some(&there), 412),
            (Some("\"abc\""), None, None, 404),
            (Some("*"), None, Some(&there), 200),
        ];
        for (if_match, if_none_match, current, expected) in table {
            let conditions = WriteConditions {
                if_match: if_match.map(EtagCondition::parse),
                if_none_match: if_none_match.map(EtagCondition::parse),
            };
            assert_eq!(outcome(conditions.check(current)), expected, "{conditions:?}");
        }
    }
}
