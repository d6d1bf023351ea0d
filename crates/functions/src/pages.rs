//! Lists in pages: the marker is the last entry's name as it stands in the key.

use crate::FunctionsError;
use kv::{Read, Record};
use names::Key;
use names::key::KeyParts;

/// One page of a list, and the marker that the next one starts after.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_marker: Option<String>,
}

/// The records under `prefix` that come after `marker`, whose keys end with one text part.
pub(crate) async fn by_text<R: Record>(
    from: &impl Read,
    prefix: &Key,
    marker: Option<&str>,
    max: usize,
) -> Result<Page<(String, R)>, FunctionsError> {
    let range = match marker {
        Some(marker) => prefix.range_after(&prefix.clone().text(marker)),
        None => prefix.range(),
    };
    // One more than asked tells whether there is a next page.
    let mut entries = kv::range_records::<R>(from, &range, max + 1).await?;
    let more = entries.len() > max;
    entries.truncate(max);
    let mut items = Vec::with_capacity(entries.len());
    for (key, record) in entries {
        let rest = key.get(prefix.len().saturating_sub(1)..).unwrap_or_default();
        items.push((last_text(rest)?, record));
    }
    let next_marker = if more { items.last().map(|(name, _)| name.clone()) } else { None };
    Ok(Page { items, next_marker })
}

/// Reads the one text part after any single byte, which stands where a keyspace would.
fn last_text(rest: &[u8]) -> Result<String, FunctionsError> {
    let mut bytes = rest.to_vec();
    if let Some(first) = bytes.first_mut() {
        *first = names::Keyspace::Function.byte();
    }
    KeyParts::of(names::Keyspace::Function, &bytes)
        .and_then(|mut parts| parts.text())
        .map_err(|error| FunctionsError::Internal(format!("a key cannot be read: {error}")))
}

/// How a number is written as a marker, and read back.
///
/// # Errors
/// `Invalid` when the caller's marker is none of ours.
pub(crate) fn number_of(marker: Option<&str>) -> Result<Option<u64>, FunctionsError> {
    marker
        .map(|text| text.parse().map_err(|_| FunctionsError::invalid(format!("Invalid marker: {text:?}"))))
        .transpose()
}
