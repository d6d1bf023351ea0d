//! Why a request is refused, in the words that clients match on.

use thiserror::Error;

/// The kinds are those a front door answers differently; the text is what the client reads.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// `ValidationException`: readable, but not what the service accepts.
    #[error("{0}")]
    Validation(String),
    /// `SerializationException`: not JSON, or of another JSON type than the member has.
    #[error("{0}")]
    Serialization(String),
}

impl Refusal {
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Refusal::Validation(message.into())
    }

    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Refusal::Serialization(message.into())
    }

    pub fn message(&self) -> &str {
        match self {
            Refusal::Validation(text) | Refusal::Serialization(text) => text,
        }
    }
}

/// Stored bytes that this code never wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a stored item cannot be read")]
pub struct Corrupt;
