//! What batches of reads and of writes have in common.

use super::error::invalid;
use super::target;
use crate::{ApiError, Call};
use access::Resource;

/// The tables of a batch, in the order of their names.
///
/// # Errors
/// `ValidationException`.
pub(super) fn resources<'a>(
    call: &Call,
    names: impl Iterator<Item = &'a String>,
) -> Result<Vec<Resource>, ApiError> {
    let mut all = Vec::new();
    for name in names {
        all.extend(target::resources(&target::table(call, name)?));
    }
    Ok(all)
}

/// # Errors
/// `ValidationException`: there is no table, or there are more requests than `most`.
pub(super) fn check(operation: &str, tables: usize, requests: usize, most: usize) -> Result<(), ApiError> {
    if tables == 0 {
        return Err(invalid(
            "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have \
             length greater than or equal to 1",
        ));
    }
    if requests > most {
        return Err(invalid(format!("Too many items requested for the {operation} call")));
    }
    Ok(())
}
