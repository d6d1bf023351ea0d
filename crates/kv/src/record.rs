//! Records: how services keep typed values in the store.
//!
//! On disk: the envelope's version, the record's version, the CRC-32C of all the rest
//! (little-endian), then JSON. The checksum is ours, since the engine has none over its pages.

use crate::{KvError, Read, Transaction};
use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use names::KeyRange;
use serde::Serialize;
use serde::de::DeserializeOwned;

const ENVELOPE: u8 = 1;
const HEADER_BYTES: usize = 6;

pub trait Record: Serialize + DeserializeOwned {
    /// What it is called in errors, such as `bucket`.
    const KIND: &'static str;
    /// From 1 up; raised with each change that older records cannot be read with as they are.
    const VERSION: u8;

    /// Turns the JSON of an older `version` into today's. `None` when that version is not known.
    fn upgrade(version: u8, value: serde_json::Value) -> Option<serde_json::Value> {
        let _ = (version, value);
        None
    }
}

/// # Errors
/// `Unencodable`: the record has no form in JSON (a map whose keys are no strings).
pub fn encode<R: Record>(record: &R) -> Result<Bytes, KvError> {
    let mut bytes = vec![ENVELOPE, R::VERSION, 0, 0, 0, 0];
    serde_json::to_writer(&mut bytes, record)
        .map_err(|error| KvError::Unencodable { kind: R::KIND, reason: error.to_string() })?;
    let checksum = checksum(R::VERSION, bytes.get(HEADER_BYTES..).unwrap_or_default());
    if let Some(place) = bytes.get_mut(2..HEADER_BYTES) {
        place.copy_from_slice(&checksum);
    }
    Ok(Bytes::from(bytes))
}

/// # Errors
/// `Corrupt` when the bytes are not what was written, `NewerVersion` when a newer program wrote them.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, KvError> {
    let corrupt = |reason: String| KvError::Corrupt { kind: R::KIND, reason };
    let (&[envelope, version, a, b, c, d], json) = bytes
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or_else(|| corrupt(format!("only {} bytes", bytes.len())))?;
    if envelope > ENVELOPE {
        return Err(KvError::NewerVersion { kind: R::KIND, found: envelope, known: ENVELOPE });
    }
    if envelope != ENVELOPE {
        return Err(corrupt(format!("unknown envelope {envelope}")));
    }
    if checksum(version, json) != [a, b, c, d] {
        return Err(corrupt("its checksum does not match".to_owned()));
    }
    if version > R::VERSION {
        return Err(KvError::NewerVersion { kind: R::KIND, found: version, known: R::VERSION });
    }
    let unreadable = |error: serde_json::Error| corrupt(error.to_string());
    if version == R::VERSION {
        return serde_json::from_slice(json).map_err(unreadable);
    }
    let old = serde_json::from_slice(json).map_err(unreadable)?;
    let new = R::upgrade(version, old).ok_or_else(|| corrupt(format!("no way up from version {version}")))?;
    serde_json::from_value(new).map_err(unreadable)
}

/// # Errors
/// As [`decode`], or the store could not be read.
pub async fn get_record<R: Record>(from: &impl Read, key: impl AsRef<[u8]>) -> Result<Option<R>, KvError> {
    from.get(key.as_ref()).await?.map(|bytes| decode(&bytes)).transpose()
}

/// A record that cannot be encoded fails the whole transaction.
pub fn put_record<R: Record>(transaction: &mut Transaction, key: impl AsRef<[u8]>, record: &R) {
    match encode(record) {
        Ok(bytes) => transaction.put(key, bytes),
        Err(error) => transaction.refuse(error),
    }
}

/// The first `limit` records of `range` with their keys, ascending.
///
/// # Errors
/// As [`decode`], or the store could not be read.
pub async fn range_records<R: Record>(
    from: &impl Read,
    range: &KeyRange,
    limit: usize,
) -> Result<Vec<(Bytes, R)>, KvError> {
    let entries = from.range(range, limit).await?;
    entries.into_iter().map(|(key, bytes)| Ok((key, decode(&bytes)?))).collect()
}

/// Over the record's version too, so that a flipped bit there cannot pass for an upgrade.
fn checksum(version: u8, json: &[u8]) -> [u8; 4] {
    let mut digest = crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(&[version]);
    digest.update(json);
    // A 32-bit CRC in a 64-bit return type.
    (digest.finalize() as u32).to_le_bytes()
}

#[cfg(test)]
mod tests;
