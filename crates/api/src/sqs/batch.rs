//! What all batches have in common.

use super::error::query_code;
use super::model::BatchResultErrorEntry;
use crate::ApiError;
use std::collections::HashSet;

/// Entries of one batch.
const ENTRIES_MAX: usize = 10;
const ID_LEN_MAX: usize = 80;

/// Room for messages of 1 MiB together, however they are escaped.
pub(super) const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// # Errors
/// The batch as a whole is refused.
pub(super) fn check<'a>(kind: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), ApiError> {
    let ids: Vec<&str> = ids.collect();
    if ids.is_empty() {
        let message = format!("There should be at least one {kind}RequestEntry in the request.");
        return Err(ApiError::invalid("EmptyBatchRequest", message));
    }
    if ids.len() > ENTRIES_MAX {
        let message =
            format!("Maximum number of entries per request are {ENTRIES_MAX}. You have sent {}.", ids.len());
        return Err(ApiError::invalid("TooManyEntriesInBatchRequest", message));
    }
    let mut seen = HashSet::new();
    for id in ids {
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if id.is_empty() || id.len() > ID_LEN_MAX || !is_plain {
            return Err(ApiError::invalid(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most \
                 80 letters long.",
            ));
        }
        if !seen.insert(id) {
            return Err(ApiError::invalid("BatchEntryIdsNotDistinct", format!("Id {id} repeated.")));
        }
    }
    Ok(())
}

pub(super) fn failed(id: String, error: ApiError) -> BatchResultErrorEntry {
    BatchResultErrorEntry {
        id,
        sender_fault: !error.status.is_server_error(),
        code: query_code(&error.code).to_owned(),
        message: Some(error.message),
    }
}
