use crate::BlobError;
use clock::Clock;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The name of a blob: 16 random bytes, written as 32 hexadecimal digits. Never reused.
///
/// The first four bytes are the same for all blobs of one opened [`Blobs`](crate::Blobs): they tell
/// what is being written now from what an ended process left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct BlobId([u8; 16]);

/// The mark of one opened store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark([u8; 4]);

impl Mark {
    pub(crate) fn random(clock: &Clock) -> Self {
        let mut mark = [0; 4];
        clock.fill_random(&mut mark);
        Mark(mark)
    }
}

impl BlobId {
    pub(crate) fn random(mark: Mark, clock: &Clock) -> Self {
        let mut bytes = [0; 16];
        clock.fill_random(&mut bytes);
        if let Some(place) = bytes.first_chunk_mut::<4>() {
            *place = mark.0;
        }
        BlobId(bytes)
    }

    pub(crate) fn has_mark(&self, mark: Mark) -> bool {
        self.0.starts_with(&mark.0)
    }

    /// Spreads blobs evenly over 256 places.
    pub(crate) fn shard(&self) -> u8 {
        let [.., last] = self.0;
        last
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(BlobId)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for BlobId {
    type Err = BlobError;

    /// # Errors
    /// `NotAnId`: anything but 32 lowercase hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, BlobError> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| BlobError::NotAnId)?;
        let id = BlobId(bytes);
        // One blob, one name: upper case is refused.
        if id.to_string() == text { Ok(id) } else { Err(BlobError::NotAnId) }
    }
}

impl From<BlobId> for String {
    fn from(id: BlobId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for BlobId {
    type Error = BlobError;

    fn try_from(text: String) -> Result<Self, BlobError> {
        text.parse()
    }
}
