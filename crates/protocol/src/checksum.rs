//! The checksums that S3 speaks, computed as bytes stream by.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>.

use std::fmt;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use crc_fast::CrcAlgorithm;
use md5::Digest as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
    /// `Content-MD5` and most ETags; not a flexible checksum.
    Md5,
}

impl Algorithm {
    /// Those that a request names in `x-amz-checksum-*`.
    pub const FLEXIBLE: [Algorithm; 5] =
        [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme, Algorithm::Sha1, Algorithm::Sha256];

    /// As `x-amz-checksum-algorithm` and the documents name it.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "CRC32",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc64Nvme => "CRC64NVME",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Md5 => "MD5",
        }
    }

    /// The header or trailer that carries a value, in lower case.
    pub fn header(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "x-amz-checksum-crc32",
            Algorithm::Crc32c => "x-amz-checksum-crc32c",
            Algorithm::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Algorithm::Sha1 => "x-amz-checksum-sha1",
            Algorithm::Sha256 => "x-amz-checksum-sha256",
            Algorithm::Md5 => "content-md5",
        }
    }

    /// `None` for names of algorithms that we do not speak.
    pub fn from_name(name: &str) -> Option<Algorithm> {
        Algorithm::FLEXIBLE.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    pub fn from_header(name: &str) -> Option<Algorithm> {
        Algorithm::FLEXIBLE.into_iter().find(|algorithm| algorithm.header().eq_ignore_ascii_case(name))
    }

    /// Bytes of a value.
    pub fn length(self) -> usize {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c => 4,
            Algorithm::Crc64Nvme => 8,
            Algorithm::Md5 => 16,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        }
    }

    /// The value of all of `bytes`.
    pub fn of(self, bytes: &[u8]) -> Checksum {
        let mut hasher = Hasher::new(self);
        hasher.update(bytes);
        hasher.finish()
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Algorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Md5 => None,
        }
    }
}

/// A value. Two of different algorithms are never equal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Checksum {
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {} checksum in base64", .0.name())]
pub struct ChecksumError(pub Algorithm);

impl Checksum {
    /// # Errors
    /// Text that is not base64, or of another length than the algorithm's.
    pub fn from_base64(algorithm: Algorithm, text: &str) -> Result<Checksum, ChecksumError> {
        let bytes = STANDARD.decode(text).map_err(|_| ChecksumError(algorithm))?;
        Checksum::from_bytes(algorithm, &bytes)
    }

    /// # Errors
    /// Another length than the algorithm's.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Checksum, ChecksumError> {
        match bytes.len() == algorithm.length() {
            true => Ok(Checksum { algorithm, bytes: bytes.to_vec() }),
            false => Err(ChecksumError(algorithm)),
        }
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Most significant byte first.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// As headers and documents carry it.
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }

    /// As ETags carry MD5.
    pub fn hex(&self) -> String {
        hex::encode(&self.bytes)
    }

    /// The value of what `self` covers followed by what `next` covers, which is `next_length` bytes long:
    /// how a multipart upload's full-object checksum comes from its parts'.
    ///
    /// `None` for digests, which do not combine, and for two different algorithms.
    pub fn followed_by(&self, next: &Checksum, next_length: u64) -> Option<Checksum> {
        let crc = self.algorithm.crc().filter(|_| self.algorithm == next.algorithm)?;
        let value = |bytes: &[u8]| bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        let both = crc_fast::checksum_combine(crc, value(&self.bytes), value(&next.bytes), next_length);
        Some(from_crc(self.algorithm, both))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.base64())
    }
}

/// Computes one value from bytes in any pieces.
pub struct Hasher {
    algorithm: Algorithm,
    state: State,
}

enum State {
    Crc(Box<crc_fast::Digest>),
    Sha(digest::Context),
    Md5(md5::Md5),
}

impl Hasher {
    pub fn new(algorithm: Algorithm) -> Hasher {
        let state = match (algorithm.crc(), algorithm) {
            (Some(crc), _) => State::Crc(Box::new(crc_fast::Digest::new(crc))),
            (None, Algorithm::Sha1) => State::Sha(digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
            (None, Algorithm::Md5) => State::Md5(md5::Md5::new()),
            (None, _) => State::Sha(digest::Context::new(&digest::SHA256)),
        };
        Hasher { algorithm, state }
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc(crc) => crc.update(bytes),
            State::Sha(sha) => sha.update(bytes),
            State::Md5(md5) => md5.update(bytes),
        }
    }

    pub fn finish(self) -> Checksum {
        let bytes = match self.state {
            State::Crc(crc) => return from_crc(self.algorithm, crc.finalize()),
            State::Sha(sha) => sha.finish().as_ref().to_vec(),
            State::Md5(md5) => md5.finalize().to_vec(),
        };
        Checksum { algorithm: self.algorithm, bytes }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hasher({})", self.algorithm.name())
    }
}

fn from_crc(algorithm: Algorithm, value: u64) -> Checksum {
    let bytes = value.to_be_bytes();
    let unused = bytes.len() - algorithm.length();
    Checksum { algorithm, bytes: bytes.get(unused..).unwrap_or_default().to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of "123456789" from the algorithms' own definitions.
    const CHECKS: [(Algorithm, &str); 6] = [
        (Algorithm::Crc32, "cbf43926"),
        (Algorithm::Crc32c, "e3069283"),
        (Algorithm::Crc64Nvme, "ae8b14860a799888"),
        (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
    ];

    #[test]
    fn check_values_hold_in_any_pieces() {
        for (algorithm, expected) in CHECKS {
            let mut hasher = Hasher::new(algorithm);
            for piece in [&b"1"[..], b"", b"2345", b"6789"] {
                hasher.update(piece);
            }
            let checksum = hasher.finish();
            assert_eq!(checksum.hex(), expected);
            assert_eq!(Checksum::from_base64(algorithm, &checksum.base64()), Ok(checksum));
            assert!(Checksum::from_base64(algorithm, "AAAA").is_err());
            assert!(Checksum::from_base64(algorithm, "!").is_err());
        }
    }

    #[test]
    fn parts_combine_to_the_whole() {
        for (algorithm, _) in CHECKS {
            let (first, second) = (algorithm.of(b"12345"), algorithm.of(b"6789"));
            let whole = algorithm.crc().map(|_| algorithm.of(b"123456789"));
            assert_eq!(first.followed_by(&second, 4), whole);
        }
        assert_eq!(Algorithm::Crc32.of(b"1").followed_by(&Algorithm::Crc32c.of(b"2"), 1), None);
    }

    #[test]
    fn names_are_read_back() {
        for algorithm in Algorithm::FLEXIBLE {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
            assert_eq!(Algorithm::from_header(algorithm.header()), Some(algorithm));
        }
        assert_eq!(Algorithm::from_name("XXHASH64"), None);
    }
}
