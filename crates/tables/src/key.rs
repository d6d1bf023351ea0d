//! Keys: which attributes identify an item, and bytes that sort as their values do.
//!
//! Limits: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys>

use crate::Refusal;
use crate::number::Number;
use crate::value::{Item, ItemRef, ItemWriter, Kind, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a partition key's value.
pub const PARTITION_LEN_MAX: usize = 2048;
/// Bytes of a sort key's value.
pub const SORT_LEN_MAX: usize = 1024;

/// The types a key attribute may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    S,
    N,
    B,
}

impl KeyKind {
    pub fn kind(self) -> Kind {
        match self {
            KeyKind::S => Kind::S,
            KeyKind::N => Kind::N,
            KeyKind::B => Kind::B,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAttribute {
    pub name: String,
    pub kind: KeyKind,
}

/// What identifies an item in a table, or orders it in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySchema {
    pub partition: KeyAttribute,
    pub sort: Option<KeyAttribute>,
}

/// A key's values as bytes. Each ends itself, so that they may be written one after the other, and more behind them:
/// text and binary end with `00 00` and have their own zeros as `00 FF`, numbers are as `number` writes them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EncodedKey {
    pub partition: Vec<u8>,
    /// Empty where the schema has no sort key.
    pub sort: Vec<u8>,
}

impl KeySchema {
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [Some(&self.partition), self.sort.as_ref()]
            .into_iter()
            .flatten()
            .map(|attribute| attribute.name.as_str())
    }

    /// The key of an item that is to be stored.
    ///
    /// # Errors
    /// Validation: an attribute of the key is missing, of another type, empty or too long.
    pub fn of_item(&self, item: ItemRef<'_>) -> Result<EncodedKey, Refusal> {
        self.encode(|attribute| {
            let name = &attribute.name;
            let Some(value) = item.get(name) else {
                return Err(invalid(format!("Missing the key {name} in the item")));
            };
            if value.kind() != attribute.kind.kind() {
                let (expected, actual) = (attribute.kind.kind().wire_name(), value.kind().wire_name());
                return Err(invalid(format!(
                    "Type mismatch for key {name} expected: {expected} actual: {actual}"
                )));
            }
            Ok(value)
        })
    }

    /// A key that is given alone: exactly these attributes.
    ///
    /// # Errors
    /// Validation: not the attributes of the schema, or a value that is empty or too long.
    pub fn of_key(&self, key: ItemRef<'_>) -> Result<EncodedKey, Refusal> {
        if key.len() as usize != self.names().count() {
            return Err(mismatch());
        }
        self.encode(|attribute| {
            key.get(&attribute.name)
                .filter(|value| value.kind() == attribute.kind.kind())
                .ok_or_else(mismatch)
        })
    }

    /// As [`KeySchema::of_item`], in the words of BatchWriteItem: it does not say which attribute.
    ///
    /// # Errors
    /// Validation.
    pub fn of_batched_item(&self, item: ItemRef<'_>) -> Result<EncodedKey, Refusal> {
        self.encode(|attribute| {
            item.get(&attribute.name)
                .filter(|value| value.kind() == attribute.kind.kind())
                .ok_or_else(mismatch)
        })
    }

    /// The key of an item in the secondary index called `index`; `None` if it lacks an attribute of it, and so is not in it.
    ///
    /// # Errors
    /// Validation: an attribute of another type, empty or too long.
    pub fn of_indexed(&self, item: ItemRef<'_>, index: &str) -> Result<Option<EncodedKey>, Refusal> {
        let mut missing = false;
        for attribute in [Some(&self.partition), self.sort.as_ref()].into_iter().flatten() {
            let name = &attribute.name;
            let Some(value) = item.get(name) else {
                missing = true;
                continue;
            };
            if value.kind() != attribute.kind.kind() {
                let (expected, actual) = (attribute.kind.kind().wire_name(), value.kind().wire_name());
                return Err(invalid(format!(
                    "Type mismatch for Index Key {name} Expected: {expected} Actual: {actual} IndexName: {index}"
                )));
            }
            let (size, most) = (value.payload().len(), self.len_max(attribute));
            if size > most {
                return Err(invalid(format!(
                    "Size limit exceeded for Index Key {name} Actual Size: {size} bytes Max Size: {most} bytes \
                     IndexName: {index}"
                )));
            }
            if let Some(what) = empty(value) {
                return Err(Refusal::validation(format!(
                    "One or more parameter values are not valid. A value specified for a secondary index key is not supported. \
                     The AttributeValue for a key attribute cannot contain an empty {what} value. \
                     IndexName: {index}, IndexKey: {name}"
                )));
            }
        }
        if missing { Ok(None) } else { self.of_item(item).map(Some) }
    }

    /// Whether an updated item may be in an index with this key, in the words of UpdateItem.
    ///
    /// # Errors
    /// Validation, as [`KeySchema::of_indexed`].
    pub fn check_updated(&self, item: ItemRef<'_>) -> Result<(), Refusal> {
        for attribute in [Some(&self.partition), self.sort.as_ref()].into_iter().flatten() {
            let Some(value) = item.get(&attribute.name) else { continue };
            if value.kind() != attribute.kind.kind() {
                return Err(Refusal::validation(
                    "The update expression attempted to update the secondary index key to unsupported type",
                ));
            }
            if value.payload().len() > self.len_max(attribute) {
                return Err(Refusal::validation(
                    "The update expression attempted to update the secondary index key beyond allowed size limits",
                ));
            }
            if let Some(what) = empty(value) {
                return Err(Refusal::validation(format!(
                    "The update expression attempted to update the secondary index key to a value that is not \
                     supported. The AttributeValue for a key attribute cannot contain an empty {what} value."
                )));
            }
        }
        Ok(())
    }

    fn len_max(&self, attribute: &KeyAttribute) -> usize {
        if *attribute == self.partition { PARTITION_LEN_MAX } else { SORT_LEN_MAX }
    }

    /// The key's attributes alone, as `LastEvaluatedKey` and `Keys` give them.
    pub fn key_of(&self, item: ItemRef<'_>) -> Item {
        let mut writer = ItemWriter::with_capacity(64);
        for name in self.names() {
            if let Some(value) = item.get(name) {
                writer.put(name, value);
            }
        }
        writer.finish()
    }

    /// A partition key's value as policies know it: text as it is, numbers in decimal, binary in base64.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>
    pub fn partition_text(&self, encoded: &[u8]) -> Option<String> {
        if self.partition.kind == KeyKind::N {
            return Number::decode(encoded).ok().map(|(number, _)| number.to_string());
        }
        let mut bytes = Vec::with_capacity(encoded.len());
        let mut rest = encoded.strip_suffix(&[0, 0])?.iter();
        while let Some(&byte) = rest.next() {
            bytes.push(byte);
            if byte == 0 {
                rest.next();
            }
        }
        match self.partition.kind {
            KeyKind::S => String::from_utf8(bytes).ok(),
            _ => Some(STANDARD.encode(bytes)),
        }
    }

    fn encode<'a>(
        &self,
        value_of: impl Fn(&KeyAttribute) -> Result<Value<'a>, Refusal>,
    ) -> Result<EncodedKey, Refusal> {
        let partition = value_of(&self.partition)?;
        let sort = self.sort.as_ref().map(|sort| value_of(sort).map(|value| (sort, value))).transpose()?;
        check(&self.partition, partition, true)?;
        if let Some((attribute, value)) = sort {
            check(attribute, value, false)?;
        }
        Ok(EncodedKey {
            partition: encode(partition),
            sort: sort.map(|(_, value)| encode(value)).unwrap_or_default(),
        })
    }
}

/// Refuses what no key attribute may be.
pub(crate) fn check(attribute: &KeyAttribute, value: Value<'_>, is_partition: bool) -> Result<(), Refusal> {
    if let Some(what) = empty(value) {
        let name = &attribute.name;
        return Err(Refusal::validation(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty \
             {what} value. Key: {name}"
        )));
    }
    let length = value.payload().len();
    if is_partition && length > PARTITION_LEN_MAX {
        return Err(invalid("Size of hashkey has exceeded the maximum size limit of2048 bytes"));
    }
    if !is_partition && length > SORT_LEN_MAX {
        return Err(invalid("Aggregated size of all range keys has exceeded the size limit of 1024 bytes"));
    }
    Ok(())
}

fn empty(value: Value<'_>) -> Option<&'static str> {
    match value.kind() {
        Kind::S if value.payload().is_empty() => Some("string"),
        Kind::B if value.payload().is_empty() => Some("binary"),
        _ => None,
    }
}

fn mismatch() -> Refusal {
    Refusal::validation("The provided key element does not match the schema")
}

fn invalid(what: impl std::fmt::Display) -> Refusal {
    Refusal::validation(format!("One or more parameter values were invalid: {what}"))
}

/// A whole key value, with its end.
pub(crate) fn encode(value: Value<'_>) -> Vec<u8> {
    if value.kind() == Kind::N {
        return value.payload().to_vec();
    }
    let mut out = encode_prefix(value);
    out.extend_from_slice(&[0, 0]);
    out
}

/// What every encoded text or binary begins with that begins with this one.
pub(crate) fn encode_prefix(value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.payload().len() + 2);
    for &byte in value.payload() {
        out.push(byte);
        if byte == 0 {
            out.push(0xFF);
        }
    }
    out
}

#[cfg(test)]
mod tests;
