//! Attributes of messages, between the wire and the service.

use super::error::value;
use super::model::{MessageAttributeValue, MessageSystemAttributeValue};
use crate::trace::{is_function, of_function};
use crate::{ApiError, Call};
use functions::lineage;
use protocol::Blob;
use queues::{Attribute, AttributeValue, Attributes, QueuesError, attributes_md5};
use std::collections::BTreeMap;

pub(super) fn read(given: Option<BTreeMap<String, MessageAttributeValue>>) -> Result<Attributes, ApiError> {
    let given = given.unwrap_or_default().into_iter();
    given
        .map(|(name, one)| {
            if one.string_list_values.is_some() || one.binary_list_values.is_some() {
                return Err(lists());
            }
            let attribute = attribute(&name, one.data_type, one.string_value, one.binary_value)?;
            Ok((name, attribute))
        })
        .collect()
}

/// What a message carries on of the chain of events that it belongs to.
pub(super) struct Trace {
    pub kept: Option<Attribute>,
    /// Of what the sender gave.
    pub md5: Option<String>,
}

/// `AWSTraceHeader`: as it was given; else, of a function, that of its request. Only functions are believed about how
/// often they ran, as everywhere.
pub(super) fn trace(
    call: &Call,
    given: Option<BTreeMap<String, MessageSystemAttributeValue>>,
) -> Result<Trace, ApiError> {
    let given = system(given)?;
    let md5 = attributes_md5(given.iter().map(|trace| (TRACE, trace)));
    let text = |text: String| Attribute { kind: "String".to_owned(), value: AttributeValue::Text(text) };
    let kept = match given {
        None => of_function(&call.principal, &call.headers).map(text),
        Some(Attribute { kind, value: AttributeValue::Text(trace) }) if !is_function(&call.principal) => {
            Some(Attribute { kind, value: AttributeValue::Text(lineage::without(&trace)) })
        }
        given => given,
    };
    Ok(Trace { kept, md5 })
}

const TRACE: &str = "AWSTraceHeader";

/// The only one that is sent.
fn system(
    given: Option<BTreeMap<String, MessageSystemAttributeValue>>,
) -> Result<Option<Attribute>, ApiError> {
    let mut trace = None;
    for (name, one) in given.unwrap_or_default() {
        if name != TRACE {
            let reason = "Message system attribute name is invalid: only AWSTraceHeader is supported.";
            return Err(value(name, "MessageSystemAttributes", reason));
        }
        if one.string_list_values.is_some() || one.binary_list_values.is_some() {
            return Err(lists());
        }
        trace = Some(attribute(&name, one.data_type, one.string_value, one.binary_value)?);
    }
    Ok(trace)
}

fn lists() -> ApiError {
    QueuesError::Unsupported(
        "Message attribute list values in SendMessage operation are not supported.".to_owned(),
    )
    .into()
}

fn attribute(
    name: &str,
    kind: String,
    text: Option<String>,
    bytes: Option<Blob>,
) -> Result<Attribute, ApiError> {
    let value = match (text, bytes) {
        (Some(text), None) => AttributeValue::Text(text),
        (None, Some(bytes)) => AttributeValue::Bytes(bytes.0.to_vec()),
        (None, None) => AttributeValue::Text(String::new()),
        (Some(_), Some(_)) => {
            let message = format!("Message (user) attribute '{name}' has multiple values.");
            return Err(QueuesError::InvalidParameter(message).into());
        }
    };
    Ok(Attribute { kind, value })
}

pub(super) fn shown(one: &Attribute) -> MessageAttributeValue {
    let (string_value, binary_value) = match &one.value {
        AttributeValue::Text(text) => (Some(text.clone()), None),
        AttributeValue::Bytes(bytes) => (None, Some(Blob::from(bytes.clone()))),
    };
    MessageAttributeValue {
        string_value,
        binary_value,
        string_list_values: None,
        binary_list_values: None,
        data_type: one.kind.clone(),
    }
}

/// Whether names that are asked for mean this one: `All` and `.*` mean any, `prefix.*` those that begin so.
pub(super) fn is_asked(names: &[String], name: &str) -> bool {
    names.iter().any(|asked| match asked.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => asked == "All" || asked == name,
    })
}

#[cfg(test)]
mod tests {
    use super::is_asked;

    #[test]
    fn names_are_asked_for_one_by_one_or_by_their_beginning() {
        for (asked, name, expected) in [
            ("All", "a", true),
            (".*", "a", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("ab.*", "abc", true),
            ("ab.*", "ab", true),
            ("ab.*", "a", false),
        ] {
            assert_eq!(is_asked(&[asked.to_owned()], name), expected, "{asked} {name}");
        }
        assert!(!is_asked(&[], "a"));
    }
}
