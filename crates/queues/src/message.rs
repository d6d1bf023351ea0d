//! A message as it is kept: what it is, what became of it so far, and its body, which a long one has in a row of its own.

use crate::QueuesError;
use crate::attribute::{Attribute, Attributes};
use crate::keys::{self, Place};
use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use kv::{Read, Transaction};
use serde::{Deserialize, Serialize};

/// Longer bodies are kept apart, since the rest is written anew with each receive.
const INLINE_BYTES_MAX: usize = 2048;
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 9;

/// Everything but the body. Times are milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    pub id: String,
    pub sender: String,
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Attribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduplication: Option<String>,
    /// The ARN of the queue that it was moved from as a dead letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_of: Option<String>,
    /// Its place among those that nobody received.
    pub order: u64,
    /// How often it was received from this queue.
    pub count: u32,
    /// How often from those where it was before.
    #[serde(default)]
    pub count_before: u32,
    /// First received.
    pub first: u64,
    /// Last received.
    pub last: u64,
    /// When it may be received, or could.
    pub due: u64,
    pub body_bytes: u32,
}

impl Message {
    fn is_long(&self) -> bool {
        self.body_bytes as usize > INLINE_BYTES_MAX
    }

    /// Where it stands in the order of what may be received, of a standard queue.
    pub fn ready_key(&self, queue: u64, place: Place) -> names::Key {
        match self.count {
            0 => keys::ready(queue, keys::FRESH, self.order, place.sequence),
            _ => keys::ready(queue, keys::RETURNED, self.due, place.sequence),
        }
    }
}

/// A message with its body, where that was kept beside it.
pub(crate) struct Stored {
    pub message: Message,
    inline: Bytes,
}

impl Stored {
    pub async fn read(from: &impl Read, queue: u64, place: Place) -> Result<Option<Stored>, QueuesError> {
        let Some(bytes) = from.get(&keys::message(queue, place)).await? else { return Ok(None) };
        decode(&bytes).map(Some).ok_or(QueuesError::Corrupt("message"))
    }

    pub async fn body(&self, from: &impl Read, queue: u64, place: Place) -> Result<Bytes, QueuesError> {
        if !self.message.is_long() {
            return Ok(self.inline.clone());
        }
        let bytes = from.get(&keys::body(queue, place)).await?.ok_or(QueuesError::Corrupt("message"))?;
        let (sum, body) = bytes.split_first_chunk::<4>().ok_or(QueuesError::Corrupt("message"))?;
        if checksum(body) != *sum {
            return Err(QueuesError::Corrupt("message"));
        }
        Ok(bytes.slice(4..))
    }

    /// The message with its body as before.
    pub fn rewrite(&self, tx: &mut Transaction, queue: u64, place: Place) -> Result<(), QueuesError> {
        tx.put(keys::message(queue, place), encode(&self.message, &self.inline)?);
        Ok(())
    }
}

pub(crate) fn write(
    tx: &mut Transaction,
    queue: u64,
    place: Place,
    message: &Message,
    body: &[u8],
) -> Result<(), QueuesError> {
    if !message.is_long() {
        tx.put(keys::message(queue, place), encode(message, body)?);
        return Ok(());
    }
    tx.put(keys::message(queue, place), encode(message, &[])?);
    tx.put(keys::body(queue, place), [&checksum(body), body].concat());
    Ok(())
}

pub(crate) fn forget(tx: &mut Transaction, queue: u64, place: Place, message: &Message) {
    tx.delete(keys::message(queue, place));
    if message.is_long() {
        tx.delete(keys::body(queue, place));
    }
}

/// The version, a checksum of all that follows, the length of the JSON, the JSON, the body.
fn encode(message: &Message, body: &[u8]) -> Result<Vec<u8>, QueuesError> {
    let mut bytes = vec![0; HEADER_BYTES];
    serde_json::to_writer(&mut bytes, message).map_err(|_| QueuesError::Corrupt("message"))?;
    let length = (bytes.len() - HEADER_BYTES) as u32;
    bytes.extend_from_slice(body);
    if let Some(place) = bytes.get_mut(5..HEADER_BYTES) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    let sum = checksum(bytes.get(5..).unwrap_or_default());
    if let Some(place) = bytes.get_mut(..5) {
        place.copy_from_slice(&[VERSION, sum[0], sum[1], sum[2], sum[3]]);
    }
    Ok(bytes)
}

fn decode(bytes: &Bytes) -> Option<Stored> {
    let (&[VERSION, a, b, c, d], rest) = bytes.split_first_chunk::<5>()? else { return None };
    if checksum(rest) != [a, b, c, d] {
        return None;
    }
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let end = u32::from_le_bytes(*length) as usize;
    let (json, _) = rest.split_at_checked(end)?;
    let message = serde_json::from_slice(json).ok()?;
    Some(Stored { message, inline: bytes.slice(HEADER_BYTES + end..) })
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    // A 32-bit CRC in a 64-bit return type.
    (crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_as_it_went_and_no_bit_of_it_may_change() {
        let message = Message {
            id: "id".into(),
            sender: "me".into(),
            attributes: Attributes::new(),
            trace: None,
            group: Some("g".into()),
            deduplication: None,
            dead_of: None,
            order: 7,
            count: 2,
            count_before: 1,
            first: 3,
            last: 4,
            due: 5,
            body_bytes: 4,
        };
        let bytes = encode(&message, b"body").unwrap();
        let stored = decode(&Bytes::from(bytes.clone())).unwrap();
        assert_eq!((stored.message.order, stored.message.due, &stored.inline[..]), (7, 5, &b"body"[..]));
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            assert!(decode(&Bytes::from(changed)).is_none(), "{position}");
        }
    }
}
