//! The five checksums an object can carry.

mod combine;
mod hasher;

pub use combine::{composite, full_object};
pub use hasher::ChecksumHasher;

use crate::ObjectsError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ChecksumAlgorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// Over what a checksum is: the bytes of the object, or the checksums of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChecksumKind {
    FullObject,
    Composite,
}

/// A checksum as the wire carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    pub algorithm: ChecksumAlgorithm,
    pub kind: ChecksumKind,
    /// Base64; a composite one ends with `-` and the number of parts.
    pub value: String,
}

impl ChecksumAlgorithm {
    pub const ALL: [ChecksumAlgorithm; 5] = [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32c,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ];

    /// What an object gets when its writer names none.
    pub const DEFAULT: ChecksumAlgorithm = ChecksumAlgorithm::Crc64Nvme;

    pub fn as_str(self) -> &'static str {
        match self {
            ChecksumAlgorithm::Crc32 => "CRC32",
            ChecksumAlgorithm::Crc32c => "CRC32C",
            ChecksumAlgorithm::Crc64Nvme => "CRC64NVME",
            ChecksumAlgorithm::Sha1 => "SHA1",
            ChecksumAlgorithm::Sha256 => "SHA256",
        }
    }

    /// Case does not matter, since header names carry it in lower case.
    pub fn parse(text: &str) -> Option<ChecksumAlgorithm> {
        ChecksumAlgorithm::ALL.into_iter().find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(text))
    }

    pub fn length_bytes(self) -> usize {
        match self {
            ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c => 4,
            ChecksumAlgorithm::Crc64Nvme => 8,
            ChecksumAlgorithm::Sha1 => 20,
            ChecksumAlgorithm::Sha256 => 32,
        }
    }

    pub fn is_crc(self) -> bool {
        !matches!(self, ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256)
    }

    /// What a multipart upload's checksum is over when its creator does not say.
    pub fn kind_default(self) -> ChecksumKind {
        match self {
            ChecksumAlgorithm::Crc64Nvme => ChecksumKind::FullObject,
            _ => ChecksumKind::Composite,
        }
    }

    /// Checksums of parts combine into one of the whole only for CRCs; CRC64NVME has no composite form.
    pub fn allows(self, kind: ChecksumKind) -> bool {
        match kind {
            ChecksumKind::FullObject => self.is_crc(),
            ChecksumKind::Composite => self != ChecksumAlgorithm::Crc64Nvme,
        }
    }

    /// Checks the form of a base64 `value` that a client sent.
    ///
    /// # Errors
    /// `InvalidDigest`.
    pub fn decode(self, value: &str) -> Result<Vec<u8>, ObjectsError> {
        STANDARD.decode(value).ok().filter(|bytes| bytes.len() == self.length_bytes()).ok_or_else(|| {
            ObjectsError::InvalidDigest(format!(
                "Value for x-amz-checksum-{} header is invalid.",
                self.as_str().to_ascii_lowercase()
            ))
        })
    }
}

impl fmt::Display for ChecksumAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ChecksumKind {
    pub fn as_str(self) -> &'static str {
        match self {
            ChecksumKind::FullObject => "FULL_OBJECT",
            ChecksumKind::Composite => "COMPOSITE",
        }
    }

    pub fn parse(text: &str) -> Option<ChecksumKind> {
        [ChecksumKind::FullObject, ChecksumKind::Composite].into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Checksum {
    pub fn full_object(algorithm: ChecksumAlgorithm, digest: &[u8]) -> Self {
        Checksum { algorithm, kind: ChecksumKind::FullObject, value: STANDARD.encode(digest) }
    }
}
