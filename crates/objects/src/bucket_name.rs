use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;

/// A bucket's name: 3–63 of `a-z`, `0-9`, `.` and `-`, by the rules for general purpose buckets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BucketName(String);

/// The text can name no bucket, so no bucket of that name exists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The specified bucket is not valid.")]
pub struct InvalidBucketName(pub String);

/// Beginnings and ends that the published naming rules keep for other things than buckets.
const PREFIXES_RESERVED: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const SUFFIXES_RESERVED: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

impl BucketName {
    /// # Errors
    /// The text breaks a naming rule.
    pub fn parse(text: &str) -> Result<Self, InvalidBucketName> {
        let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let fits = (3..=63).contains(&bytes.len())
            && bytes.iter().all(|byte| alphanumeric(byte) || matches!(byte, b'.' | b'-'))
            && bytes.first().is_some_and(alphanumeric)
            && bytes.last().is_some_and(alphanumeric)
            && !text.contains("..")
            && text.parse::<Ipv4Addr>().is_err()
            && !PREFIXES_RESERVED.iter().any(|reserved| text.starts_with(reserved))
            && !SUFFIXES_RESERVED.iter().any(|reserved| text.ends_with(reserved));
        if fits { Ok(BucketName(text.to_owned())) } else { Err(InvalidBucketName(text.to_owned())) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_published_rules() {
        for good in ["photos", "a-b", "my.bucket.1", "123", "a--b", &"x".repeat(63)] {
            assert!(BucketName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ab",
            &"x".repeat(64),
            "Photos",
            "a_b",
            "-ab",
            "ab-",
            ".ab",
            "a..b",
            "192.168.5.4",
            "xn--a",
            "sthree-a",
            "a-s3alias",
            "a--ol-s3",
            "a/b",
            "bücket",
        ] {
            assert!(BucketName::parse(bad).is_err(), "{bad}");
        }
    }
}
