//! The query protocol: a form whose keys are paths into the input.

use std::collections::BTreeMap;

use http::request::Parts;
use serde_json::{Map, Value};

use super::{DecodeError, Part, scalar};
use crate::{
    TimestampFormat,
    model::{Kind, Operation, Shape},
};

/// Parameters of a request, at most.
const PARAMETERS_MAX: usize = 10_000;
/// Steps of a parameter's path, at most.
const DEPTH_MAX: usize = 64;

/// Parameters that belong to the protocol and to signatures.
const OF_NO_OPERATION: &[&str] = &[
    "Action",
    "Version",
    "AWSAccessKeyId",
    "Signature",
    "SignatureMethod",
    "SignatureVersion",
    "Timestamp",
    "X-Amz-Algorithm",
    "X-Amz-Content-Sha256",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// Parameters come in the body of a POST or in the query of a GET.
pub(super) fn read(operation: &Operation, parts: &Parts, body: &[u8]) -> Result<Value, DecodeError> {
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let mut root = Node::default();
    let parameters = form_urlencoded::parse(query).chain(form_urlencoded::parse(body));
    for (count, (name, text)) in parameters.enumerate() {
        if count >= PARAMETERS_MAX {
            return Err(DecodeError::Malformed(format!("more than {PARAMETERS_MAX} parameters")));
        }
        if !OF_NO_OPERATION.contains(&name.as_ref()) {
            root.insert(&name, text.into_owned())?;
        }
    }
    match operation.input {
        Some(shape) => structure(shape, root, ""),
        None => structure(&Shape::structure("Nothing", &[]), root, ""),
    }
}

/// A step of the parameters' paths; as deep as the longest path, which is bounded.
#[derive(Default)]
struct Node {
    text: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn insert(&mut self, name: &str, text: String) -> Result<(), DecodeError> {
        let mut node = self;
        for (depth, step) in name.split('.').enumerate() {
            if depth >= DEPTH_MAX {
                return Err(DecodeError::Malformed(format!("a name of more than {DEPTH_MAX} steps")));
            }
            node = node.children.entry(step.to_owned()).or_default();
        }
        match node.text.replace(text) {
            None => Ok(()),
            Some(_) => Err(DecodeError::Malformed(format!("the parameter {name} occurs twice"))),
        }
    }

    /// The entries of a list or map, in the order of their numbers, which may have gaps.
    fn numbered(self, path: &str) -> Result<Vec<Node>, DecodeError> {
        let mut entries = BTreeMap::new();
        for (step, node) in self.children {
            let number: u32 = step.parse().map_err(|_| unknown(&join(path, &step)))?;
            if entries.insert(number, node).is_some() {
                return Err(DecodeError::Malformed(format!("the entry {path}.{number} occurs twice")));
            }
        }
        Ok(entries.into_values().collect())
    }
}

fn structure(shape: &Shape, mut node: Node, path: &str) -> Result<Value, DecodeError> {
    let mut fields = Map::new();
    for member in shape.members() {
        let name = member.query_name.unwrap_or(member.flattened_name());
        let Some(child) = node.children.remove(name) else { continue };
        let at = join(path, name);
        let format = member.timestamp_format.unwrap_or(TimestampFormat::Iso8601);
        fields.insert(member.name.to_owned(), convert(member.shape, child, &at, format, member.flattened)?);
    }
    match node.children.keys().next() {
        Some(name) => Err(unknown(&join(path, name))),
        None => Ok(Value::Object(fields)),
    }
}

fn convert(
    shape: &Shape,
    mut node: Node,
    path: &str,
    format: TimestampFormat,
    flat: bool,
) -> Result<Value, DecodeError> {
    match shape.kind {
        Kind::Structure { .. } => structure(shape, node, path),
        Kind::List { member, member_name, flattened } => {
            if node.text.as_deref() == Some("") && node.children.is_empty() {
                return Ok(Value::Array(Vec::new()));
            }
            if !(flattened || flat) {
                node = unwrap(node, member_name.unwrap_or("member"), path)?;
            }
            let entries = node.numbered(path)?.into_iter().enumerate();
            entries
                .map(|(index, entry)| {
                    convert(member, entry, &join(path, &(index + 1).to_string()), format, false)
                })
                .collect()
        }
        Kind::Map { value, key_name, value_name, flattened, .. } => {
            if !(flattened || flat) {
                node = unwrap(node, "entry", path)?;
            }
            let mut entries = Map::new();
            for mut entry in node.numbered(path)? {
                let key = entry.children.remove(key_name.unwrap_or("key")).and_then(|key| key.text);
                let given = entry.children.remove(value_name.unwrap_or("value"));
                let (Some(key), Some(given)) = (key, given) else {
                    return Err(DecodeError::Malformed(format!("an entry of {path} lacks its key or value")));
                };
                if let Some(name) = entry.children.keys().next() {
                    return Err(unknown(&join(path, name)));
                }
                let converted = convert(value, given, &join(path, &key), format, false)?;
                if entries.insert(key, converted).is_some() {
                    return Err(DecodeError::Malformed(format!("a key of {path} occurs twice")));
                }
            }
            Ok(Value::Object(entries))
        }
        _ => {
            if let Some(name) = node.children.keys().next() {
                return Err(unknown(&join(path, name)));
            }
            let text = node.text.unwrap_or_default();
            scalar::parse(shape, &text, format)
                .map_err(|expected| DecodeError::Malformed(format!("{path} is not {expected}")))
        }
    }
}

fn unwrap(mut node: Node, name: &str, path: &str) -> Result<Node, DecodeError> {
    let inner = node.children.remove(name).unwrap_or_default();
    match node.children.keys().next() {
        Some(other) => Err(unknown(&join(path, other))),
        None => Ok(inner),
    }
}

fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}

fn unknown(name: &str) -> DecodeError {
    DecodeError::Unknown { part: Part::Body, name: name.to_owned() }
}
