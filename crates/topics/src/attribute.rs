//! Attributes that messages carry.
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html>

use crate::TopicsError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const NAME_LEN_MAX: usize = 256;

/// Its type is `String`, `String.Array`, `Number` or `Binary`, or one of these with a suffix after a dot.
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
    fn len(&self) -> usize {
        match self {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Bytes(bytes) => bytes.len(),
        }
    }
}

/// What they add to a message's size.
pub(crate) fn size(attributes: &Attributes) -> usize {
    attributes.iter().map(|(name, one)| name.len() + one.kind.len() + one.value.len()).sum()
}

/// As notifications show them: bytes in Base64.
pub(crate) fn shown(attributes: &Attributes) -> Value {
    let one = |(name, attribute): (&String, &Attribute)| {
        let value = match &attribute.value {
            AttributeValue::Text(text) => text.clone(),
            AttributeValue::Bytes(bytes) => STANDARD.encode(bytes),
        };
        (name.clone(), json!({ "Type": attribute.kind, "Value": value }))
    };
    Value::Object(attributes.iter().map(one).collect::<Map<_, _>>())
}

/// # Errors
/// `InvalidValue`.
pub(crate) fn check(attributes: &Attributes) -> Result<(), TopicsError> {
    attributes.iter().try_for_each(|(name, attribute)| check_one(name, attribute))
}

fn check_one(name: &str, Attribute { kind, value }: &Attribute) -> Result<(), TopicsError> {
    let wrong = |text: String| Err(TopicsError::InvalidValue(text));
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let is_dotted = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    if name.is_empty() || name.len() > NAME_LEN_MAX || !is_plain || is_dotted {
        return wrong(format!(
            "The message attribute name '{}' must have 1 to {NAME_LEN_MAX} letters, digits, hyphens, underscores or \
             periods, no period first or last, and no two in a row.",
            name.chars().take(NAME_LEN_MAX).collect::<String>()
        ));
    }
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        return wrong(format!("The message attribute name '{name}' must not begin with AWS. or Amazon."));
    }
    let basic = kind.split('.').next().unwrap_or_default();
    if kind.len() > NAME_LEN_MAX || !["String", "Number", "Binary"].contains(&basic) {
        return wrong(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes \
             is Binary, Number, and String."
        ));
    }
    if value.len() == 0 {
        return wrong(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type \
             '{kind}'."
        ));
    }
    match value {
        AttributeValue::Bytes(_) if basic != "Binary" => {
            wrong(format!("The message attribute '{name}' with type '{kind}' must use field 'String'."))
        }
        AttributeValue::Text(_) if basic == "Binary" => {
            wrong(format!("The message attribute '{name}' with type '{kind}' must use field 'Binary'."))
        }
        AttributeValue::Text(text) if basic == "Number" && text.trim().parse::<f64>().is_err() => {
            wrong(format!("Could not cast message attribute '{name}' value to number."))
        }
        _ => Ok(()),
    }
}

mod as_base64 {
    use super::STANDARD;
    use base64::Engine as _;
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

    #[test]
    fn attributes_are_checked() {
        let bytes = Attribute { kind: "Binary".into(), value: AttributeValue::Bytes(vec![0]) };
        for (name, one) in [
            ("a", text("String", "b")),
            ("a.b-c_d", text("Number", "-1.5e3")),
            ("a", text("String.Array", "[1]")),
            ("a", bytes.clone()),
        ] {
            assert!(check_one(name, &one).is_ok(), "{name} {one:?}");
        }
        for (name, one) in [
            ("", text("String", "b")),
            ("AWS.x", text("String", "b")),
            ("a..b", text("String", "b")),
            ("a b", text("String", "b")),
            ("a", text("String", "")),
            ("a", text("Text", "b")),
            ("a", text("Binary", "b")),
            ("a", text("Number", "one")),
            ("a", Attribute { kind: "String".into(), ..bytes }),
        ] {
            assert!(check_one(name, &one).is_err(), "{name} {one:?}");
        }
    }

    #[test]
    fn notifications_show_bytes_in_base64() {
        let attributes = Attributes::from([
            ("a".to_owned(), text("String", "b")),
            ("c".to_owned(), Attribute { kind: "Binary".into(), value: AttributeValue::Bytes(vec![255]) }),
        ]);
        let expected =
            json!({ "a": { "Type": "String", "Value": "b" }, "c": { "Type": "Binary", "Value": "/w==" } });
        assert_eq!(shown(&attributes), expected);
    }
}
