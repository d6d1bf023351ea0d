use serde::{Deserialize, Serialize};
use std::fmt;

/// An object's key: 1–1024 bytes of UTF-8, sorted by its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectKey(String);

pub const KEY_BYTES_MAX: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidObjectKey {
    #[error("A key must not be empty.")]
    Empty,
    #[error("Your key is too long")]
    TooLong { bytes: usize },
}

impl ObjectKey {
    /// # Errors
    /// The text is empty, or longer than [`KEY_BYTES_MAX`].
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidObjectKey> {
        let text = text.into();
        match text.len() {
            0 => Err(InvalidObjectKey::Empty),
            1..=KEY_BYTES_MAX => Ok(ObjectKey(text)),
            bytes => Err(InvalidObjectKey::TooLong { bytes }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
