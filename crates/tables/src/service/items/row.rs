//! An item as a row of the store: its CRC-32C, little-endian, then its bytes.

use crate::Corrupt;
use crate::value::ItemRef;
use bytes::Bytes;
use crc_fast::CrcAlgorithm;

const HEADER: usize = 4;

pub(crate) fn encode(item: ItemRef<'_>) -> Bytes {
    let bytes = item.as_bytes();
    let mut row = Vec::with_capacity(HEADER + bytes.len());
    row.extend_from_slice(&checksum(bytes));
    row.extend_from_slice(bytes);
    row.into()
}

/// # Errors
/// What is there is not what was written.
pub(crate) fn decode(row: &[u8]) -> Result<ItemRef<'_>, Corrupt> {
    let (stored, bytes) = row.split_first_chunk::<HEADER>().ok_or(Corrupt)?;
    if *stored != checksum(bytes) {
        return Err(Corrupt);
    }
    ItemRef::from_stored(bytes)
}

fn checksum(bytes: &[u8]) -> [u8; HEADER] {
    // A 32-bit CRC in a 64-bit return type.
    (crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32).to_le_bytes()
}
