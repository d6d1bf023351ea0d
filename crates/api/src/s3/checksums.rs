//! Checksums in the members that every structure has for them.

use crate::ApiError;
use objects::ChecksumAlgorithm;

/// Puts a checksum into the member of its algorithm.
macro_rules! set_checksum {
    ($output:expr, $checksum:expr) => {{
        let checksum: &objects::Checksum = $checksum;
        let value = Some(checksum.value.clone());
        match checksum.algorithm {
            objects::ChecksumAlgorithm::Crc32 => $output.checksum_crc32 = value,
            objects::ChecksumAlgorithm::Crc32c => $output.checksum_crc32_c = value,
            objects::ChecksumAlgorithm::Crc64Nvme => $output.checksum_crc64_nvme = value,
            objects::ChecksumAlgorithm::Sha1 => $output.checksum_sha1 = value,
            objects::ChecksumAlgorithm::Sha256 => $output.checksum_sha256 = value,
        }
    }};
}

/// All checksums that the members carry.
macro_rules! given_checksums {
    ($input:expr) => {
        [
            (objects::ChecksumAlgorithm::Crc32, &$input.checksum_crc32),
            (objects::ChecksumAlgorithm::Crc32c, &$input.checksum_crc32_c),
            (objects::ChecksumAlgorithm::Crc64Nvme, &$input.checksum_crc64_nvme),
            (objects::ChecksumAlgorithm::Sha1, &$input.checksum_sha1),
            (objects::ChecksumAlgorithm::Sha256, &$input.checksum_sha256),
        ]
        .into_iter()
        .filter_map(|(algorithm, value)| Some((algorithm, value.clone()?)))
        .collect::<Vec<_>>()
    };
}

pub(super) use {given_checksums, set_checksum};

/// Reads the name of an algorithm that we compute.
pub(super) fn algorithm(name: &str, value: &str) -> Result<ChecksumAlgorithm, ApiError> {
    ChecksumAlgorithm::parse(value).ok_or_else(|| {
        let known: Vec<_> = ChecksumAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
        ApiError::unsupported(name, format!("{value} is none of {}", known.join(", ")))
    })
}
