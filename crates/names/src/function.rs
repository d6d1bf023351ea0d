use crate::{AccountId, Arn, NameError, Region, Service};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A function's bare name: 1–64 of letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FunctionName(String);

impl FunctionName {
    /// # Errors
    /// A wrong length or a character outside the set.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if (1..=64).contains(&text.len()) && text.bytes().all(is_name_byte) {
            Ok(FunctionName(text.to_owned()))
        } else {
            Err(NameError(format!(
                "function name must be 1-64 of letters, digits, '-' and '_', got {text:?}"
            )))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for FunctionName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        FunctionName::parse(&text)
    }
}

impl From<FunctionName> for String {
    fn from(name: FunctionName) -> String {
        name.0
    }
}

/// What follows a function's name: `$LATEST`, a published version's number, or an alias.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Qualifier {
    Latest,
    Version(u64),
    Alias(String),
}

impl Qualifier {
    /// # Errors
    /// Neither `$LATEST`, nor a number from 1, nor 1–128 of letters, digits, `-` and `_`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let refused = || {
            NameError(format!("qualifier must be $LATEST, a version number or an alias name, got {text:?}"))
        };
        if text == "$LATEST" {
            return Ok(Qualifier::Latest);
        }
        if !(1..=128).contains(&text.len()) || !text.bytes().all(is_name_byte) {
            return Err(refused());
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return match text.parse() {
                Ok(0) | Err(_) => Err(refused()),
                Ok(version) => Ok(Qualifier::Version(version)),
            };
        }
        Ok(Qualifier::Alias(text.to_owned()))
    }
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Qualifier::Latest => f.write_str("$LATEST"),
            Qualifier::Version(version) => write!(f, "{version}"),
            Qualifier::Alias(alias) => f.write_str(alias),
        }
    }
}

/// How callers point at a function: a name, `account:function:name`, or a full ARN, each with an
/// optional `:qualifier`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionReference {
    pub account: Option<AccountId>,
    pub region: Option<Region>,
    pub name: FunctionName,
    pub qualifier: Option<Qualifier>,
}

impl FunctionReference {
    /// # Errors
    /// None of the three forms.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let refused = || NameError(format!("not a function name or ARN: {text:?}"));
        if text.starts_with("arn:") {
            let arn = Arn::parse(text)?;
            if arn.service != Service::Lambda.as_str() {
                return Err(refused());
            }
            let rest = arn.resource.strip_prefix("function:").ok_or_else(refused)?;
            let (name, qualifier) = name_and_qualifier(rest)?;
            return Ok(FunctionReference {
                account: Some(AccountId::parse(&arn.account)?),
                region: Some(Region::parse(&arn.region)?),
                name,
                qualifier,
            });
        }
        if let Some((account, rest)) = text.split_once(":function:") {
            let (name, qualifier) = name_and_qualifier(rest)?;
            return Ok(FunctionReference {
                account: Some(AccountId::parse(account)?),
                region: None,
                name,
                qualifier,
            });
        }
        let rest = text.strip_prefix("function:").unwrap_or(text);
        let (name, qualifier) = name_and_qualifier(rest)?;
        Ok(FunctionReference { account: None, region: None, name, qualifier })
    }
}

fn name_and_qualifier(text: &str) -> Result<(FunctionName, Option<Qualifier>), NameError> {
    match text.split_once(':') {
        Some((name, qualifier)) => Ok((FunctionName::parse(name)?, Some(Qualifier::parse(qualifier)?))),
        None => Ok((FunctionName::parse(text)?, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_function_reference_is_read() {
        let check = |text: &str, account: Option<&str>, name: &str, qualifier: Option<&str>| {
            let read = FunctionReference::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(read.account.as_ref().map(AccountId::as_str), account, "{text}");
            assert_eq!(read.name.as_str(), name, "{text}");
            assert_eq!(read.qualifier.map(|q| q.to_string()).as_deref(), qualifier, "{text}");
        };
        check("thumb", None, "thumb", None);
        check("thumb:live", None, "thumb", Some("live"));
        check("thumb:$LATEST", None, "thumb", Some("$LATEST"));
        check("123456789012:function:thumb", Some("123456789012"), "thumb", None);
        check(
            "arn:aws:lambda:eu-west-1:123456789012:function:thumb:7",
            Some("123456789012"),
            "thumb",
            Some("7"),
        );
    }

    #[test]
    fn what_points_at_no_function_is_refused() {
        for text in ["", "a b", "thumb:", "thumb:0", "arn:aws:s3:::b", "12:function:x", "a/b", "thumb:a:b"] {
            assert!(FunctionReference::parse(text).is_err(), "{text}");
        }
    }
}
