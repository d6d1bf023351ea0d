use crate::record::{Body, PartRecord};
use crate::{ObjectsError, keys};
use blob::BlobId;
use bytes::{BufMut, Bytes, BytesMut};
use clock::Timestamp;
use crc_fast::CrcAlgorithm;
use kv::{KvError, Read, Transaction};

/// The bytes of a body that a transaction is about to name.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    Empty,
    Inline { id: String, bytes: Bytes },
    Blob(BlobId),
}

impl Held {
    /// Stores what is inline, and names what is in a blob.
    pub(crate) fn store(&self, tx: &mut Transaction) -> Body {
        match self {
            Held::Empty => Body::Empty,
            Held::Inline { id, bytes } => {
                tx.put(keys::inline_body(id), encode(bytes));
                Body::Inline(id.clone())
            }
            Held::Blob(id) => {
                blob::name(tx, id);
                Body::Blob(*id)
            }
        }
    }
}

/// Lets go of a body, as part of the transaction that removes or replaces the record that names it.
/// Answers how many records it touched.
pub(crate) async fn forget(tx: &mut Transaction, body: &Body, now: Timestamp) -> Result<usize, ObjectsError> {
    match body {
        Body::Parts(upload) => {
            let parts = keys::parts(upload).range();
            let parts = kv::range_records::<PartRecord>(tx, &parts, crate::PARTS_MAX).await?;
            for (key, part) in &parts {
                forget_simple(tx, &part.body, now);
                tx.delete(key);
            }
            Ok(parts.len())
        }
        simple => {
            forget_simple(tx, simple, now);
            Ok(1)
        }
    }
}

/// A part's body is never itself made of parts.
pub(crate) fn forget_simple(tx: &mut Transaction, body: &Body, now: Timestamp) {
    match body {
        Body::Empty | Body::Parts(_) => {}
        Body::Inline(id) => tx.delete(keys::inline_body(id)),
        Body::Blob(id) => blob::forget(tx, id, now),
    }
}

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 5;

/// A version byte, the CRC-32C of the bytes (little-endian) and the bytes themselves.
fn encode(bytes: &[u8]) -> Bytes {
    let mut stored = BytesMut::with_capacity(HEADER_BYTES + bytes.len());
    stored.put_u8(VERSION);
    stored.put_slice(&crc(bytes));
    stored.put_slice(bytes);
    stored.freeze()
}

/// # Errors
/// `Corrupt` when the bytes are gone or not what was written.
pub(crate) async fn inline_bytes(read: &impl Read, id: &str) -> Result<Bytes, KvError> {
    const KIND: &str = "inline body";
    let corrupt = |reason: &str| KvError::Corrupt { kind: KIND, reason: reason.to_owned() };
    let stored = read.get(&keys::inline_body(id)).await?.ok_or_else(|| corrupt("it is missing"))?;
    let Some((&[version, a, b, c, d], bytes)) = stored.split_first_chunk::<HEADER_BYTES>() else {
        return Err(corrupt("it is cut short"));
    };
    if version > VERSION {
        return Err(KvError::NewerVersion { kind: KIND, found: version, known: VERSION });
    }
    if crc(bytes) != [a, b, c, d] {
        return Err(corrupt("its checksum does not match"));
    }
    Ok(stored.slice_ref(bytes))
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    // A 32-bit CRC in a 64-bit return type.
    (crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32).to_le_bytes()
}
