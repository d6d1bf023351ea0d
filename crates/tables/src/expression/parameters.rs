//! `ExpressionAttributeNames` and `ExpressionAttributeValues`, and which of them the expressions of a request used.

use std::collections::BTreeMap;

use super::token::is_placeholder;
use crate::Refusal;
use crate::value::{OwnedValue, Reader, decode_value};

/// Bytes of a placeholder, `#` or `:` included.
const PLACEHOLDER_LEN_MAX: usize = 255;
/// Names and values of a request together, in bytes.
const TOTAL_MAX: usize = 2 * 1024 * 1024;

/// What the placeholders of a request stand for.
#[derive(Debug, Default)]
pub struct Parameters {
    names: BTreeMap<Box<str>, Entry<Box<str>>>,
    values: BTreeMap<Box<str>, Entry<OwnedValue>>,
}

#[derive(Debug)]
struct Entry<T> {
    meaning: T,
    used: bool,
}

impl Parameters {
    /// Reads both members of a request as they are on the wire.
    ///
    /// # Errors
    /// Validation for empty maps, malformed placeholders and values that are none; serialization for other JSON.
    pub fn from_json(names: Option<&str>, values: Option<&str>) -> Result<Self, Refusal> {
        let mut parameters = Parameters::default();
        let mut total = 0usize;
        if let Some(json) = names {
            read(json, "ExpressionAttributeNames", '#', |key, text| {
                let name = Reader::new(text).string()?;
                if name.is_empty() {
                    return Err(Refusal::validation(format!(
                        "ExpressionAttributeNames contains invalid value: Empty attribute name for key {key}"
                    )));
                }
                total += key.len() + name.len();
                let entry = Entry { meaning: name.into(), used: false };
                Ok(parameters.names.insert(key.into(), entry).is_none())
            })?;
        }
        if let Some(json) = values {
            read(json, "ExpressionAttributeValues", ':', |key, text| {
                let value = decode_value(text).map_err(|refusal| match refusal {
                    Refusal::Validation(text) => Refusal::validation(format!(
                        "ExpressionAttributeValues contains invalid value: {text} for key {key}"
                    )),
                    other => other,
                })?;
                total += key.len() + value.view().size() as usize;
                let entry = Entry { meaning: value, used: false };
                Ok(parameters.values.insert(key.into(), entry).is_none())
            })?;
        }
        if total > TOTAL_MAX {
            return Err(Refusal::validation(
                "The total size of ExpressionAttributeNames and ExpressionAttributeValues has exceeded the maximum allowed size",
            ));
        }
        Ok(parameters)
    }

    /// To be asked when all expressions of a request are read.
    ///
    /// # Errors
    /// Validation, if a placeholder was used in none of them, or if there was no expression at all.
    pub fn check_used(&self, any_expression: bool) -> Result<(), Refusal> {
        fn unused<T>(
            member: &str,
            entries: &BTreeMap<Box<str>, Entry<T>>,
            any_expression: bool,
        ) -> Result<(), Refusal> {
            if entries.is_empty() {
                return Ok(());
            }
            if !any_expression {
                return Err(Refusal::validation(format!(
                    "{member} can only be specified when using expressions"
                )));
            }
            let unused: Vec<&str> =
                entries.iter().filter(|(_, entry)| !entry.used).map(|(key, _)| &**key).collect();
            if unused.is_empty() {
                return Ok(());
            }
            let keys = unused.join(", ");
            Err(Refusal::validation(format!(
                "Value provided in {member} unused in expressions: keys: {{{keys}}}"
            )))
        }
        unused("ExpressionAttributeNames", &self.names, any_expression)?;
        unused("ExpressionAttributeValues", &self.values, any_expression)
    }

    pub(super) fn name(&mut self, placeholder: &str) -> Option<Box<str>> {
        let entry = self.names.get_mut(placeholder)?;
        entry.used = true;
        Some(entry.meaning.clone())
    }

    pub(super) fn value(&mut self, placeholder: &str) -> Option<OwnedValue> {
        let entry = self.values.get_mut(placeholder)?;
        entry.used = true;
        Some(entry.meaning.clone())
    }
}

/// `keep` answers whether the key is new.
fn read(
    json: &str,
    member: &str,
    sign: char,
    mut keep: impl FnMut(&str, &str) -> Result<bool, Refusal>,
) -> Result<(), Refusal> {
    let mut reader = Reader::new(json);
    reader.begin_object()?;
    let mut first = true;
    while let Some(key) = reader.key(first)? {
        first = false;
        if !is_placeholder(&key, sign) || key.len() > PLACEHOLDER_LEN_MAX {
            return Err(Refusal::validation(format!(
                "{member} contains invalid key: Syntax error; key: \"{key}\""
            )));
        }
        let text = reader.skip()?;
        if !keep(&key, text)? {
            return Err(Refusal::serialization(format!("Duplicate key: {key}")));
        }
    }
    reader.finish()?;
    if first { Err(Refusal::validation(format!("{member} must not be empty"))) } else { Ok(()) }
}
