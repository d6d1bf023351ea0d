use super::ChecksumAlgorithm;
use aws_lc_rs::digest;
use crc_fast::CrcAlgorithm;

/// One checksum over bytes that come in pieces.
pub struct ChecksumHasher(Inner);

enum Inner {
    /// Boxed for its size.
    Crc {
        digest: Box<crc_fast::Digest>,
        length_bytes: usize,
    },
    Sha(digest::Context),
}

impl ChecksumHasher {
    pub fn new(algorithm: ChecksumAlgorithm) -> Self {
        let crc = |of| Inner::Crc {
            digest: Box::new(crc_fast::Digest::new(of)),
            length_bytes: algorithm.length_bytes(),
        };
        ChecksumHasher(match algorithm {
            ChecksumAlgorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
            ChecksumAlgorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
            ChecksumAlgorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme),
            ChecksumAlgorithm::Sha1 => Inner::Sha(digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
            ChecksumAlgorithm::Sha256 => Inner::Sha(digest::Context::new(&digest::SHA256)),
        })
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Inner::Crc { digest, .. } => digest.update(bytes),
            Inner::Sha(context) => context.update(bytes),
        }
    }

    /// Big-endian, [`ChecksumAlgorithm::length_bytes`] long.
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            Inner::Crc { digest, length_bytes } => crc_bytes(digest.finalize(), length_bytes),
            Inner::Sha(context) => context.finish().as_ref().to_vec(),
        }
    }
}

/// The low `length_bytes` of a CRC that its library gives in 64 bits.
pub(super) fn crc_bytes(crc: u64, length_bytes: usize) -> Vec<u8> {
    let bytes = crc.to_be_bytes();
    bytes.get(bytes.len().saturating_sub(length_bytes)..).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::Checksum;

    #[test]
    fn each_algorithm_gives_its_published_check_value() {
        let check = |algorithm: ChecksumAlgorithm, expected: &str| {
            let mut hasher = ChecksumHasher::new(algorithm);
            hasher.update(b"1234");
            hasher.update(b"56789");
            let digest = hasher.finish();
            assert_eq!(digest.len(), algorithm.length_bytes());
            assert_eq!(hex::encode(&digest), expected, "{algorithm}");
            let value = Checksum::full_object(algorithm, &digest).value;
            assert_eq!(algorithm.decode(&value).unwrap(), digest);
        };
        check(ChecksumAlgorithm::Crc32, "cbf43926");
        check(ChecksumAlgorithm::Crc32c, "e3069283");
        check(ChecksumAlgorithm::Crc64Nvme, "ae8b14860a799888");
        check(ChecksumAlgorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
        check(ChecksumAlgorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
    }

    #[test]
    fn a_value_of_the_wrong_form_is_refused() {
        for value in ["", "not base64!", "AAAA", "AAAAAAAAAAA="] {
            assert!(ChecksumAlgorithm::Crc32.decode(value).is_err(), "{value}");
        }
    }
}
