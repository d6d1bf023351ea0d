//! What became of an item within a while, as it is kept until it is written.
//!
//! ```text
//! version(1) checksum(u32) time(i64, ms) length(u32) old new      rows as the table had them; nothing: no item
//! ```
//!
//! The checksum is the CRC-32C of all behind it; integers are little-endian; the length is the old row's.

use crate::Corrupt;
use crate::service::TablesError;
use crate::service::history::Before;
use clock::Timestamp;
use crc_fast::CrcAlgorithm;
use kv::{Read, Transaction};

const VERSION: u8 = 1;
const HEADER: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Changed<'a> {
    /// Of the last change.
    pub at: Timestamp,
    /// Before the first change; `None`: it was not there.
    pub old: Option<&'a [u8]>,
    /// After the last change.
    pub new: Option<&'a [u8]>,
}

impl<'a> Changed<'a> {
    /// Adds a change at `place`. They are to come in their order.
    ///
    /// # Errors
    /// The store fails.
    pub async fn note(tx: &mut Transaction, place: &[u8], before: &Before<'_>) -> Result<(), TablesError> {
        let known = tx.get(place).await?;
        let known = known.as_deref().map(Changed::decode).transpose()?;
        let old = known.map_or(before.row, |known| known.old);
        tx.put(place, Changed { at: before.at, old, new: None }.encode());
        Ok(())
    }

    /// Says what is at `place` after the last change, where one was noted.
    ///
    /// # Errors
    /// The store fails.
    pub async fn amend(tx: &mut Transaction, place: &[u8], new: Option<&[u8]>) -> Result<(), TablesError> {
        let Some(known) = tx.get(place).await? else { return Ok(()) };
        tx.put(place, Changed { new, ..Changed::decode(&known)? }.encode());
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        let (old, new) = (self.old.unwrap_or_default(), self.new.unwrap_or_default());
        let mut body = self.at.as_ms().to_le_bytes().to_vec();
        body.extend_from_slice(&u32::try_from(old.len()).unwrap_or(u32::MAX).to_le_bytes());
        body.extend_from_slice(old);
        body.extend_from_slice(new);
        let mut stored = vec![VERSION];
        stored.extend_from_slice(&checksum(&body));
        stored.append(&mut body);
        stored
    }

    /// # Errors
    /// What is there is not what was written.
    pub fn decode(stored: &'a [u8]) -> Result<Self, Corrupt> {
        let ([version, sum @ ..], body) = stored.split_first_chunk::<HEADER>().ok_or(Corrupt)?;
        if *version != VERSION || *sum != checksum(body) {
            return Err(Corrupt);
        }
        let (at, rest) = body.split_first_chunk::<8>().ok_or(Corrupt)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(Corrupt)?;
        let (old, new) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(Corrupt)?;
        let row = |bytes: &'a [u8]| (!bytes.is_empty()).then_some(bytes);
        Ok(Changed { at: Timestamp::from_ms(i64::from_le_bytes(*at)), old: row(old), new: row(new) })
    }
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    // A 32-bit CRC in a 64-bit return type.
    (crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_an_item_comes_back_or_is_corrupt() {
        for (old, new) in
            [(None, None), (Some(&b"old"[..]), None), (None, Some(&b"new"[..])), (Some(b"o"), Some(b"n"))]
        {
            let changed = Changed { at: Timestamp::from_ms(7), old, new };
            let stored = changed.encode();
            assert_eq!(Changed::decode(&stored), Ok(changed));
            for place in 0..stored.len() {
                let mut broken = stored.clone();
                broken[place] ^= 1;
                assert!(
                    Changed::decode(&broken).is_err() && Changed::decode(&stored[..place]).is_err(),
                    "{place}"
                );
            }
        }
    }
}
