use names::{AccountId, FunctionName, Region};
use serde::{Deserialize, Serialize};

/// What is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Series {
    pub account: AccountId,
    pub region: Region,
    pub function: FunctionName,
    /// `$LATEST` or a number.
    pub version: String,
    /// Configured.
    pub memory_mb: u32,
}

/// Which function version is about to run.
#[derive(Debug, Clone, Copy)]
pub struct Metered<'a> {
    /// Unqualified.
    pub function_arn: &'a str,
    pub account: &'a AccountId,
    pub region: &'a Region,
    pub function: &'a FunctionName,
    pub version: &'a str,
    pub memory_mb: u32,
}

impl Metered<'_> {
    pub(crate) fn series(&self) -> Series {
        Series {
            account: self.account.clone(),
            region: self.region.clone(),
            function: self.function.clone(),
            version: self.version.to_owned(),
            memory_mb: self.memory_mb,
        }
    }
}
