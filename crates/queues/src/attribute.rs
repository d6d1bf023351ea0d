//! Attributes that messages carry, and the digests by which clients check what arrived.

use crate::QueuesError;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const ATTRIBUTES_MAX: usize = 10;
const NAME_LEN_MAX: usize = 256;

/// Its type is `String`, `Number` or `Binary`, or one of these with a suffix of the caller's own after a dot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    #[serde(rename = "t")]
    pub kind: String,
    #[serde(rename = "v")]
    pub value: AttributeValue,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttributeValue {
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "b", with = "as_base64")]
    Bytes(Vec<u8>),
}

pub type Attributes = BTreeMap<String, Attribute>;

impl AttributeValue {
    fn bytes(&self) -> &[u8] {
        match self {
            AttributeValue::Text(text) => text.as_bytes(),
            AttributeValue::Bytes(bytes) => bytes,
        }
    }
}

/// What they add to a message's size.
pub(crate) fn size(attributes: &Attributes) -> usize {
    attributes.iter().map(|(name, one)| name.len() + one.kind.len() + one.value.bytes().len()).sum()
}

/// The MD5 in hexadecimal, of all names in order with their types and values, each with its length before it
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>).
/// `None` where there are none.
pub fn attributes_md5<'a>(attributes: impl IntoIterator<Item = (&'a str, &'a Attribute)>) -> Option<String> {
    let mut digest = Md5::new();
    let mut is_empty = true;
    for (name, Attribute { kind, value }) in attributes {
        is_empty = false;
        for text in [name.as_bytes(), kind.as_bytes()] {
            digest.update((text.len() as u32).to_be_bytes());
            digest.update(text);
        }
        digest.update([if matches!(value, AttributeValue::Text(_)) { 1 } else { 2 }]);
        digest.update((value.bytes().len() as u32).to_be_bytes());
        digest.update(value.bytes());
    }
    (!is_empty).then(|| hex::encode(digest.finalize()))
}

/// In hexadecimal.
pub fn body_md5(body: &str) -> String {
    hex::encode(Md5::digest(body.as_bytes()))
}

/// # Errors
/// `InvalidParameter`, `InvalidContents`.
pub(crate) fn check(attributes: &Attributes) -> Result<(), QueuesError> {
    if attributes.len() > ATTRIBUTES_MAX {
        return Err(QueuesError::InvalidParameter(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{ATTRIBUTES_MAX}].",
            attributes.len()
        )));
    }
    attributes.iter().try_for_each(|(name, attribute)| check_one(name, attribute))
}

fn check_one(name: &str, attribute: &Attribute) -> Result<(), QueuesError> {
    let wrong = |text: String| Err(QueuesError::InvalidParameter(text));
    let lower = name.to_ascii_lowercase();
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if name.is_empty() || name.len() > NAME_LEN_MAX || !is_plain {
        return wrong(format!(
            "Message (user) attribute name '{name}' must have 1 to 256 letters, digits, hyphens, underscores or \
             periods."
        ));
    }
    if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        return wrong(format!("Message (user) attribute name '{name}' must not begin with AWS. or Amazon."));
    }
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return wrong(format!(
            "Message (user) attribute name '{name}' must not begin or end with a period, or have two in a row."
        ));
    }
    check_typed(&format!("message (user) attribute '{name}'"), attribute)
}

pub(crate) fn check_typed(whose: &str, attribute: &Attribute) -> Result<(), QueuesError> {
    let wrong = |text: String| Err(QueuesError::InvalidParameter(text));
    let Attribute { kind, value } = attribute;
    let basic = kind.split('.').next().unwrap_or_default();
    if kind.len() > NAME_LEN_MAX || !["String", "Number", "Binary"].contains(&basic) {
        return wrong(format!(
            "The type of {whose} is invalid. You must use only the following supported type prefixes: Binary, Number, \
             String."
        ));
    }
    if matches!(value, AttributeValue::Bytes(_)) != (basic == "Binary") {
        return wrong(format!(
            "The {whose} with type '{kind}' must use field '{}'.",
            match basic {
                "Binary" => "Binary",
                _ => "String",
            }
        ));
    }
    if value.bytes().is_empty() {
        return wrong(format!("The {whose} must contain a non-empty value of type '{kind}'."));
    }
    if let AttributeValue::Text(text) = value {
        check_text(text, whose)?;
        if basic == "Number" && text.trim().parse::<f64>().is_err() {
            return wrong(format!("Could not cast {whose} value to number."));
        }
    }
    Ok(())
}

/// What XML 1.0 can carry (<https://www.w3.org/TR/REC-xml/#charsets>).
///
/// # Errors
/// `InvalidContents`.
pub(crate) fn check_text(text: &str, whose: &str) -> Result<(), QueuesError> {
    let allowed = |letter: char| match letter {
        '\t' | '\n' | '\r' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        _ => letter >= ' ',
    };
    match text.chars().find(|letter| !allowed(*letter)) {
        None => Ok(()),
        Some(letter) => Err(QueuesError::InvalidContents(format!(
            "Invalid binary character '#x{:X}' was found in the {whose}, the set of allowed characters is #x9 | #xA | \
             #xD | [#x20 to #xD7FF] | [#xE000 to #xFFFD] | [#x10000 to #x10FFFF]",
            u32::from(letter)
        ))),
    }
}

mod as_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: &str, value: &str) -> Attribute {
        Attribute { kind: kind.to_owned(), value: AttributeValue::Text(value.to_owned()) }
    }

    /// Worked out by hand from the documented algorithm: `a` of type `String` with the value `b`.
    #[test]
    fn the_digest_is_over_lengths_names_types_and_values() {
        let one = text("String", "b");
        let mut bytes = vec![0, 0, 0, 1, b'a', 0, 0, 0, 6];
        bytes.extend_from_slice(b"String");
        bytes.extend_from_slice(&[1, 0, 0, 0, 1, b'b']);
        assert_eq!(attributes_md5([("a", &one)]), Some(hex::encode(Md5::digest(&bytes))));
        assert_eq!(attributes_md5([]), None);
        assert_eq!(body_md5("hello"), "5d41402abc4b2a76b9719d911017c592");
    }

    #[test]
    fn attributes_are_checked() {
        let fits = |name: &str, one: Attribute| check(&Attributes::from([(name.to_owned(), one)])).is_ok();
        for (name, one) in [
            ("a", text("String", "b")),
            ("a.b-c_d", text("Number.int", "-1.5e3")),
            ("x", Attribute { kind: "Binary.png".into(), value: AttributeValue::Bytes(vec![0]) }),
        ] {
            assert!(fits(name, one), "{name}");
        }
        for (name, one) in [
            ("", text("String", "b")),
            ("aws.x", text("String", "b")),
            ("a..b", text("String", "b")),
            (".a", text("String", "b")),
            ("ä", text("String", "b")),
            ("a", text("String", "")),
            ("a", text("Text", "b")),
            ("a", text("Binary", "b")),
            ("a", text("Number", "one")),
            ("a", text("String", "\u{1}")),
        ] {
            assert!(!fits(name, one.clone()), "{name} {one:?}");
        }
    }

    #[test]
    fn only_what_xml_can_carry_is_text() {
        for good in ["a\tb\r\n", "ä€😀", "\u{7f}", "\u{D7FF}\u{E000}\u{FFFD}"] {
            assert!(check_text(good, "x").is_ok());
        }
        for bad in ["\0", "\u{1}", "\u{1f}", "\u{FFFE}", "\u{FFFF}"] {
            assert!(check_text(bad, "x").is_err());
        }
    }
}
