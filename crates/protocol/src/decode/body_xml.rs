//! XML bodies: elements become members by their wire names, unknown ones are refused.

use serde_json::{Map, Value};

use super::{DecodeError, Part, scalar};
use crate::{
    TimestampFormat,
    model::{Kind, Location, Member, Shape},
    xml::{self, Element},
};

/// A body that is one member.
pub(super) fn read_payload(member: &'static Member, body: &[u8]) -> Result<Value, DecodeError> {
    let root = parse(body)?;
    let expected = member.shape.location_name.unwrap_or(member.wire_name);
    if root.name != expected && root.name != member.wire_name && root.name != member.shape.name {
        return Err(malformed(&format!("the root element is {}, not {expected}", root.name)));
    }
    convert(member.shape, root, TimestampFormat::Iso8601)
}

/// A body of the members that are nowhere else. The root's name is not looked at: where the models name
/// it, they do so for the benefit of readers.
pub(super) fn read_input(shape: &'static Shape, body: &[u8]) -> Result<Value, DecodeError> {
    structure(shape, parse(body)?)
}

fn parse(body: &[u8]) -> Result<Element, DecodeError> {
    xml::parse(body).map_err(|error| malformed(&error.to_string()))
}

/// Goes no deeper than the document does, which [`xml::parse`] has bounded.
fn convert(shape: &'static Shape, element: Element, format: TimestampFormat) -> Result<Value, DecodeError> {
    match shape.kind {
        Kind::Structure { .. } => structure(shape, element),
        Kind::List { member, member_name, .. } => {
            let expected = member_name.unwrap_or("member");
            let entries = only_elements(element)?.into_iter().map(|child| match child.name == expected {
                true => convert(member, child, format),
                false => Err(unknown(&child)),
            });
            entries.collect()
        }
        Kind::Map { .. } => {
            let mut entries = Map::new();
            for child in only_elements(element)? {
                if child.name != "entry" {
                    return Err(unknown(&child));
                }
                entry(shape, child, format, &mut entries)?;
            }
            Ok(Value::Object(entries))
        }
        _ if !element.children.is_empty() => Err(malformed(&format!("{} holds elements", element.name))),
        Kind::Blob => Ok(element.text.split_ascii_whitespace().collect::<String>().into()),
        _ => scalar::parse(shape, &element.text, format)
            .map_err(|expected| malformed(&format!("{} is not {expected}", element.name))),
    }
}

fn structure(shape: &'static Shape, mut element: Element) -> Result<Value, DecodeError> {
    let members = shape.members();
    let mut fields = Map::new();
    for (name, text) in std::mem::take(&mut element.attributes) {
        let found = members.iter().find(|member| member.xml_attribute && member.wire_name == name);
        if let Some(member) = found {
            let value = scalar::parse(member.shape, &text, TimestampFormat::Iso8601)
                .map_err(|expected| malformed(&format!("{name} is not {expected}")))?;
            fields.insert(member.name.to_owned(), value);
        }
    }
    for child in only_elements(element)? {
        let member = members
            .iter()
            .find(|member| {
                member.location == Location::Body && !member.xml_attribute && is_named(member, &child.name)
            })
            .ok_or_else(|| unknown(&child))?;
        let format = member.timestamp_format.unwrap_or(TimestampFormat::Iso8601);
        match member.shape.kind {
            Kind::List { member: entry_shape, flattened, .. } if flattened || member.flattened => {
                let value = convert(entry_shape, child, format)?;
                match fields.entry(member.name).or_insert_with(|| Value::Array(Vec::new())) {
                    Value::Array(entries) => entries.push(value),
                    _ => return Err(malformed("a list that is not one")),
                }
            }
            Kind::Map { flattened, .. } if flattened || member.flattened => {
                match fields.entry(member.name).or_insert_with(|| Value::Object(Map::new())) {
                    Value::Object(entries) => entry(member.shape, child, format, entries)?,
                    _ => return Err(malformed("a map that is not one")),
                }
            }
            _ => {
                let name = child.name.clone();
                let value = convert(member.shape, child, format)?;
                if fields.insert(member.name.to_owned(), value).is_some() {
                    return Err(malformed(&format!("{name} occurs twice")));
                }
            }
        }
    }
    Ok(Value::Object(fields))
}

fn is_named(member: &Member, name: &str) -> bool {
    let wire_name = member.flattened_name();
    // Element names come without their prefix.
    wire_name.rsplit_once(':').map_or(wire_name, |(_, local)| local) == name
}

fn entry(
    shape: &'static Shape,
    element: Element,
    format: TimestampFormat,
    entries: &mut Map<String, Value>,
) -> Result<(), DecodeError> {
    let Kind::Map { value, key_name, value_name, .. } = shape.kind else {
        return Err(malformed("a map that is not one"));
    };
    let (mut given_key, mut given_value) = (None, None);
    for child in only_elements(element)? {
        match child.name.as_str() {
            name if name == key_name.unwrap_or("key") => given_key = Some(child.text),
            name if name == value_name.unwrap_or("value") => {
                given_value = Some(convert(value, child, format)?);
            }
            _ => return Err(unknown(&child)),
        }
    }
    match (given_key, given_value) {
        (Some(key), Some(value)) if !entries.contains_key(&key) => {
            entries.insert(key, value);
            Ok(())
        }
        (Some(key), Some(_)) => Err(malformed(&format!("the key {key} occurs twice"))),
        _ => Err(malformed("a map entry lacks its key or value")),
    }
}

fn only_elements(element: Element) -> Result<Vec<Element>, DecodeError> {
    if element.text.trim().is_empty() {
        Ok(element.children)
    } else {
        Err(malformed(&format!("{} holds text among its elements", element.name)))
    }
}

fn unknown(element: &Element) -> DecodeError {
    DecodeError::Unknown { part: Part::Body, name: element.name.clone() }
}

fn malformed(reason: &str) -> DecodeError {
    DecodeError::Malformed(reason.to_owned())
}
