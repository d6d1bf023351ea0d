//! Messages between the wire and the service, alone and in batches.

use super::model::{BatchResultErrorEntry, MessageAttributeValue};
use crate::ApiError;
use std::collections::{BTreeMap, HashSet};
use topics::{Attribute, AttributeValue, Attributes, TopicsError};

/// Room for messages of 256 KiB together, however they are escaped.
pub(super) const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Entries of one batch.
const ENTRIES_MAX: usize = 10;
const ID_LEN_MAX: usize = 80;

/// # Errors
/// A value is given twice, or not at all.
pub(super) fn attributes(
    given: Option<BTreeMap<String, MessageAttributeValue>>,
) -> Result<Attributes, ApiError> {
    let read = |(name, one): (String, MessageAttributeValue)| {
        let value = match (one.string_value, one.binary_value) {
            (Some(text), None) => AttributeValue::Text(text),
            (None, Some(bytes)) => AttributeValue::Bytes(bytes.0.to_vec()),
            // The service says what is wrong with an empty one.
            (None, None) => AttributeValue::Text(String::new()),
            (Some(_), Some(_)) => {
                let message = format!("The message attribute '{name}' has multiple values.");
                return Err(TopicsError::InvalidValue(message).into());
            }
        };
        Ok((name, Attribute { kind: one.data_type, value }))
    };
    given.unwrap_or_default().into_iter().map(read).collect()
}

/// # Errors
/// The batch as a whole is refused.
pub(super) fn check_batch<'a>(ids: impl Iterator<Item = &'a str>) -> Result<(), ApiError> {
    let ids: Vec<&str> = ids.collect();
    if ids.is_empty() {
        return Err(ApiError::invalid("EmptyBatchRequest", "The batch request doesn't contain any entries."));
    }
    if ids.len() > ENTRIES_MAX {
        let message = format!("The batch request contains more entries than permissible: {ENTRIES_MAX}.");
        return Err(ApiError::invalid("TooManyEntriesInBatchRequest", message));
    }
    let mut seen = HashSet::new();
    for id in ids {
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if id.is_empty() || id.len() > ID_LEN_MAX || !is_plain {
            return Err(ApiError::invalid(
                "InvalidBatchEntryId",
                "The Id of a batch entry in a batch request doesn't abide by the specification.",
            ));
        }
        if !seen.insert(id) {
            return Err(ApiError::invalid(
                "BatchEntryIdsNotDistinct",
                "Two or more batch entries in the request have the same Id.",
            ));
        }
    }
    Ok(())
}

pub(super) fn failed(id: String, error: ApiError) -> BatchResultErrorEntry {
    BatchResultErrorEntry {
        id,
        sender_fault: !error.status.is_server_error(),
        code: error.code.into_owned(),
        message: Some(error.message),
    }
}
