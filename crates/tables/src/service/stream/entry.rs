//! A change as it is kept.
//!
//! ```text
//! version(1) checksum(u32) created(i64, ms) event(1) actor(1) keys old new     each: length(u32) bytes
//! ```
//!
//! The checksum is the CRC-32C of all behind it; integers are little-endian; an image that is not there has the length
//! `FFFFFFFF`.

use crate::Corrupt;
use crate::value::{Item, ItemRef};
use clock::Timestamp;
use crc_fast::CrcAlgorithm;

const VERSION: u8 = 1;
const HEADER: usize = 5;
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Insert,
    Modify,
    Remove,
}

/// Who made a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    Caller,
    /// The service, of an item whose time had come.
    Expiry,
}

/// A change of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of its shard, from 1 up.
    pub sequence: u64,
    pub created: Timestamp,
    pub event: Event,
    pub by: Actor,
    pub keys: Item,
    /// As the stream's view has it.
    pub old: Option<Item>,
    pub new: Option<Item>,
}

impl Change {
    /// Bytes by DynamoDB's rules: of the key and of both images.
    pub fn size(&self) -> u64 {
        let images = self.old.iter().chain(&self.new).map(|image| u64::from(image.view().size()));
        u64::from(self.keys.view().size()) + images.sum::<u64>()
    }
}

pub(super) fn encode(
    created: Timestamp,
    event: Event,
    by: Actor,
    keys: ItemRef<'_>,
    old: Option<ItemRef<'_>>,
    new: Option<ItemRef<'_>>,
) -> Vec<u8> {
    let mut body = created.as_ms().to_le_bytes().to_vec();
    body.push(match event {
        Event::Insert => 1,
        Event::Modify => 2,
        Event::Remove => 3,
    });
    body.push(match by {
        Actor::Caller => 0,
        Actor::Expiry => 1,
    });
    for image in [Some(keys), old, new] {
        let bytes = image.map(|image| image.as_bytes());
        let length = bytes.map_or(NONE, |bytes| u32::try_from(bytes.len()).unwrap_or(NONE));
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(bytes.unwrap_or_default());
    }
    let mut entry = vec![VERSION];
    entry.extend_from_slice(&checksum(&body));
    entry.append(&mut body);
    entry
}

/// # Errors
/// What is there is not what was written.
pub(super) fn decode(sequence: u64, entry: &[u8]) -> Result<Change, Corrupt> {
    let (header, body) = entry.split_first_chunk::<HEADER>().ok_or(Corrupt)?;
    let [version, sum @ ..] = *header;
    if version != VERSION || sum != checksum(body) {
        return Err(Corrupt);
    }
    let (created, rest) = body.split_first_chunk::<8>().ok_or(Corrupt)?;
    let ([event, by], rest) = rest.split_first_chunk::<2>().ok_or(Corrupt)?;
    let (keys, rest) = image(rest)?;
    let (old, rest) = image(rest)?;
    let (new, _) = image(rest)?;
    Ok(Change {
        sequence,
        created: Timestamp::from_ms(i64::from_le_bytes(*created)),
        event: match event {
            1 => Event::Insert,
            2 => Event::Modify,
            3 => Event::Remove,
            _ => return Err(Corrupt),
        },
        by: match by {
            0 => Actor::Caller,
            1 => Actor::Expiry,
            _ => return Err(Corrupt),
        },
        keys: keys.ok_or(Corrupt)?,
        old,
        new,
    })
}

/// When an entry was written, without reading the rest of it.
pub(super) fn created(entry: &[u8]) -> Option<Timestamp> {
    let created = entry.get(HEADER..)?.first_chunk::<8>()?;
    Some(Timestamp::from_ms(i64::from_le_bytes(*created)))
}

fn image(rest: &[u8]) -> Result<(Option<Item>, &[u8]), Corrupt> {
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(Corrupt)?;
    let length = u32::from_le_bytes(*length);
    if length == NONE {
        return Ok((None, rest));
    }
    let (bytes, rest) = rest.split_at_checked(length as usize).ok_or(Corrupt)?;
    Ok((Some(ItemRef::from_stored(bytes)?.to_item()), rest))
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    // A 32-bit CRC in a 64-bit return type.
    (crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32).to_le_bytes()
}
