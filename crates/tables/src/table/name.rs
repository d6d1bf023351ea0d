use crate::Refusal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// 3 to 255 of `a-z A-Z 0-9 _ . -`; indexes are named by the same rule.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableName(String);

const LEN_MIN: usize = 3;
const LEN_MAX: usize = 255;

impl TableName {
    /// # Errors
    /// `Validation`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if !(LEN_MIN..=LEN_MAX).contains(&text.len()) {
            return Err(Refusal::validation(format!(
                "TableName must be at least {LEN_MIN} characters long and at most {LEN_MAX} characters long"
            )));
        }
        if !is_plain(text) {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value '{text}' at 'tableName' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
            )));
        }
        Ok(TableName(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a name has only characters that names may have.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for TableName {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        TableName::parse(&text)
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> String {
        name.0
    }
}
