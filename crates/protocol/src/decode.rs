//! From a request to a checked tree, and from the tree to the operation's input struct.

mod bindings;
mod body_json;
mod body_query;
mod body_xml;
mod error;
mod honour;
mod scalar;

pub use error::{DecodeError, Part};
pub use honour::honour;

use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    constraint,
    model::{Kind, Operation, Protocol, Typed},
};

/// Bytes of a document body, at most: a function's code inline, 50 MiB as base64, and its configuration.
/// The reader of the body stops at the same bound; this is the second lock.
pub const DOCUMENT_BYTES_MAX: usize = 70 * 1024 * 1024;

/// The request's input as a tree keyed by member name, known to meet the model's constraints.
///
/// `body` is the whole body, or `None` where the operation takes the body as bytes
/// ([`Operation::takes_bytes`]). `labels` come from [`crate::route::find`]; a protocol without paths has
/// none.
///
/// # Errors
/// Whatever is not in the model is refused by name: body members, query parameters, and headers that
/// begin with `x-amz-` (beyond the ones that belong to signatures, SDKs and tracing). So is every value
/// of the wrong type, and every violation of a constraint, all of them at once.
pub fn decode(
    operation: &'static Operation,
    parts: &Parts,
    body: Option<&[u8]>,
    labels: &[(&str, String)],
) -> Result<Value, DecodeError> {
    checked(operation, read(operation, parts, body, labels)?)
}

/// As [`decode`], of an operation of the JSON protocols, whose input is all in the document.
///
/// # Errors
/// As [`decode`].
pub fn document(operation: &'static Operation, document: &[u8]) -> Result<Value, DecodeError> {
    match operation.input {
        Some(shape) => checked(operation, body_json::read(shape, document)?),
        None => body_json::read_nothing(document),
    }
}

fn checked(operation: &Operation, tree: Value) -> Result<Value, DecodeError> {
    if let Some(shape) = operation.input {
        let violations = constraint::check(shape, &tree);
        if !violations.is_empty() {
            return Err(DecodeError::Violations(violations));
        }
    }
    Ok(tree)
}

/// [`decode`], then [`honour`], then [`decode_into`]: what an operation's handler calls.
///
/// # Errors
/// As those three.
pub fn typed<O: Typed>(
    parts: &Parts,
    body: Option<&[u8]>,
    labels: &[(&str, String)],
    honoured: &[&str],
) -> Result<O::Input, DecodeError> {
    let tree = decode(O::OPERATION, parts, body, labels)?;
    honour(&tree, honoured)?;
    decode_into(O::OPERATION, tree)
}

/// The tree as the operation's input struct.
///
/// # Errors
/// A value that the tree can hold and the struct cannot, such as text that is not base64 or NaN.
pub fn decode_into<T: DeserializeOwned>(operation: &Operation, tree: Value) -> Result<T, DecodeError> {
    let tree = if operation.input.is_some() { tree } else { Value::Null };
    serde_json::from_value(tree).map_err(|error| DecodeError::Malformed(error.to_string()))
}

/// [`decode`] without the constraints.
pub(crate) fn read(
    operation: &'static Operation,
    parts: &Parts,
    body: Option<&[u8]>,
    labels: &[(&str, String)],
) -> Result<Value, DecodeError> {
    let body = body.unwrap_or_default();
    if body.len() > DOCUMENT_BYTES_MAX {
        return Err(DecodeError::TooLarge);
    }
    match operation.service.protocol {
        Protocol::Query => body_query::read(operation, parts, body),
        Protocol::Json10 | Protocol::Json11 => match operation.input {
            Some(shape) => body_json::read(shape, body),
            None => body_json::read_nothing(body),
        },
        Protocol::RestXml | Protocol::RestJson => read_rest(operation, parts, body, labels),
    }
}

fn read_rest(
    operation: &'static Operation,
    parts: &Parts,
    body: &[u8],
    labels: &[(&str, String)],
) -> Result<Value, DecodeError> {
    let mut fields = bindings::read(operation, parts, labels)?;
    let Some(shape) = operation.input else { return Ok(Value::Object(fields)) };
    if shape.has_blob_payload() {
        return Ok(Value::Object(fields));
    }
    let is_xml = operation.service.protocol == Protocol::RestXml;
    match shape.payload_member() {
        Some(member) if body.is_empty() && !matches!(member.shape.kind, Kind::String) => {}
        Some(member) => {
            let value = match member.shape.kind {
                Kind::String if body.is_empty() => return Ok(Value::Object(fields)),
                Kind::String => Value::from(scalar::utf8(body)?),
                _ if is_xml => body_xml::read_payload(member, body)?,
                _ => body_json::read(member.shape, body)?,
            };
            fields.insert(member.name.to_owned(), value);
        }
        None if body.is_empty() => {}
        None => {
            let value = match is_xml {
                true => body_xml::read_input(shape, body)?,
                false => body_json::read(shape, body)?,
            };
            merge(&mut fields, value);
        }
    }
    Ok(Value::Object(fields))
}

fn merge(fields: &mut Map<String, Value>, value: Value) {
    if let Value::Object(members) = value {
        fields.extend(members);
    }
}
