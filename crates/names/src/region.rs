use crate::NameError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A region's name. Any is accepted: clients choose one, and it only has to stay the same in ARNs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    pub fn default_region() -> Self {
        Region("us-east-1".to_owned())
    }

    /// # Errors
    /// Anything but 1–32 of `a-z`, `0-9` and `-`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(Region(text.to_owned()))
        } else {
            Err(NameError(format!("region must be 1-32 of a-z, 0-9 and '-', got {text:?}")))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Region {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Region::parse(&text)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> String {
        region.0
    }
}
