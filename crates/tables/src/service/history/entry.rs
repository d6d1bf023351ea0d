//! What an item was before a change, as it is kept.
//!
//! ```text
//! version(1) checksum(u32) time(i64, ms) length(u32) place row        the row as the table had it; nothing: no item
//! ```
//!
//! The checksum is the CRC-32C of all behind it; integers are little-endian; the place is the row's key behind what all
//! of its table have in common.

use crate::Corrupt;
use clock::Timestamp;
use crc_fast::CrcAlgorithm;

const VERSION: u8 = 1;
const HEADER: usize = 5;

/// An item before a change.
pub(crate) struct Before<'a> {
    pub at: Timestamp,
    pub place: &'a [u8],
    /// `None`: it was not there.
    pub row: Option<&'a [u8]>,
}

pub(super) fn encode(before: &Before<'_>) -> Vec<u8> {
    let mut body = before.at.as_ms().to_le_bytes().to_vec();
    body.extend_from_slice(&u32::try_from(before.place.len()).unwrap_or(u32::MAX).to_le_bytes());
    body.extend_from_slice(before.place);
    body.extend_from_slice(before.row.unwrap_or_default());
    let mut entry = vec![VERSION];
    entry.extend_from_slice(&checksum(&body));
    entry.append(&mut body);
    entry
}

/// # Errors
/// What is there is not what was written.
pub(crate) fn decode(entry: &[u8]) -> Result<Before<'_>, Corrupt> {
    let ([version, sum @ ..], body) = entry.split_first_chunk::<HEADER>().ok_or(Corrupt)?;
    if *version != VERSION || *sum != checksum(body) {
        return Err(Corrupt);
    }
    let (at, rest) = body.split_first_chunk::<8>().ok_or(Corrupt)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(Corrupt)?;
    let (place, row) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(Corrupt)?;
    let at = Timestamp::from_ms(i64::from_le_bytes(*at));
    Ok(Before { at, place, row: (!row.is_empty()).then_some(row) })
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    // A 32-bit CRC in a 64-bit return type.
    (crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back_or_is_corrupt() {
        for row in [None, Some(&b"row"[..])] {
            let written = encode(&Before { at: Timestamp::from_ms(-5), place: b"place", row });
            let read = decode(&written).unwrap();
            assert_eq!((read.at, read.place, read.row), (Timestamp::from_ms(-5), &b"place"[..], row));
            for place in 0..written.len() {
                let mut changed = written.clone();
                changed[place] ^= 1;
                assert!(decode(&changed).is_err() && decode(&written[..place]).is_err(), "{place}");
            }
        }
    }
}
