use crate::ApiError;
use objects::{EtagCondition, ReadConditions, WriteConditions};
use protocol::Timestamp;

pub(super) fn read(
    if_match: Option<&String>,
    if_none_match: Option<&String>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
) -> ReadConditions {
    ReadConditions {
        if_match: if_match.map(|value| EtagCondition::parse(value)),
        if_none_match: if_none_match.map(|value| EtagCondition::parse(value)),
        if_modified_since: if_modified_since.map(|time| time.0),
        if_unmodified_since: if_unmodified_since.map(|time| time.0),
    }
}

/// Writers may demand one entity tag, or that there be none at all.
pub(super) fn write(
    if_match: Option<&String>,
    if_none_match: Option<&String>,
) -> Result<WriteConditions, ApiError> {
    match if_none_match.map(|value| EtagCondition::parse(value)) {
        Some(EtagCondition::OneOf(_)) => {
            Err(ApiError::unsupported("If-None-Match", "a write knows only the value *"))
        }
        if_none_match => {
            Ok(WriteConditions { if_match: if_match.map(|value| EtagCondition::parse(value)), if_none_match })
        }
    }
}
