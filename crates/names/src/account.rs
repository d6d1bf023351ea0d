use crate::NameError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A 12-digit account id. Deploy tools put it into names and refuse any other length.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    /// The account made at first start.
    pub fn root() -> Self {
        AccountId("000000000000".to_owned())
    }

    /// # Errors
    /// Anything but exactly 12 ASCII digits.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(AccountId(text.to_owned()))
        } else {
            Err(NameError(format!("account id must be 12 digits, got {text:?}")))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AccountId {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        AccountId::parse(&text)
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> String {
        id.0
    }
}
