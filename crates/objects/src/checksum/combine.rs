use super::hasher::crc_bytes;
use super::{Checksum, ChecksumAlgorithm, ChecksumHasher, ChecksumKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;

/// The checksum over the parts' checksums, given as digests in part order.
pub fn composite(algorithm: ChecksumAlgorithm, digests: &[Vec<u8>]) -> Checksum {
    let mut hasher = ChecksumHasher::new(algorithm);
    for digest in digests {
        hasher.update(digest);
    }
    let value = format!("{}-{}", STANDARD.encode(hasher.finish()), digests.len());
    Checksum { algorithm, kind: ChecksumKind::Composite, value }
}

/// The checksum of the whole from those of its parts and their sizes in bytes, without reading a byte
/// again. `None` for algorithms that are no CRC.
pub fn full_object(algorithm: ChecksumAlgorithm, parts: &[(Vec<u8>, u64)]) -> Option<Checksum> {
    let crc = match algorithm {
        ChecksumAlgorithm::Crc32 => CrcAlgorithm::Crc32IsoHdlc,
        ChecksumAlgorithm::Crc32c => CrcAlgorithm::Crc32Iscsi,
        ChecksumAlgorithm::Crc64Nvme => CrcAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => return None,
    };
    let whole = parts.iter().fold(crc_fast::checksum(crc, &[]), |whole, (digest, size)| {
        let part = digest.iter().fold(0, |value: u64, &byte| value << 8 | u64::from(byte));
        crc_fast::checksum_combine(crc, whole, part, *size)
    });
    Some(Checksum::full_object(algorithm, &crc_bytes(whole, algorithm.length_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Vec<u8> {
        let mut hasher = ChecksumHasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    proptest! {
        #[test]
        fn parts_combine_into_the_checksum_of_the_whole(parts in prop::collection::vec(any::<Vec<u8>>(), 1..5)) {
            let whole = parts.concat();
            for algorithm in ChecksumAlgorithm::ALL.into_iter().filter(|algorithm| algorithm.is_crc()) {
                let given: Vec<_> =
                    parts.iter().map(|part| (digest(algorithm, part), part.len() as u64)).collect();
                let expected = Checksum::full_object(algorithm, &digest(algorithm, &whole));
                prop_assert_eq!(full_object(algorithm, &given), Some(expected));
            }
        }
    }

    #[test]
    fn a_composite_is_over_the_parts_digests_and_says_how_many() {
        let digests = [digest(ChecksumAlgorithm::Sha256, b"a"), digest(ChecksumAlgorithm::Sha256, b"b")];
        let expected = STANDARD.encode(digest(ChecksumAlgorithm::Sha256, &digests.concat())) + "-2";
        assert_eq!(composite(ChecksumAlgorithm::Sha256, &digests).value, expected);
    }
}
