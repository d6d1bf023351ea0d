//! JSON bodies: the tree is nearly there; keys become member names, unknown ones are refused.

use serde_json::{Map, Number, Value};

use super::{DecodeError, Part, scalar};
use crate::{
    Timestamp, TimestampFormat, json,
    model::{Kind, Location, Shape},
};

pub(super) fn read(shape: &'static Shape, body: &[u8]) -> Result<Value, DecodeError> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let value = json::parse(body).map_err(|error| DecodeError::Malformed(error.to_string()))?;
    convert(shape, value, "", TimestampFormat::UnixSeconds)
}

/// For operations without input: nothing, or an empty object.
pub(super) fn read_nothing(body: &[u8]) -> Result<Value, DecodeError> {
    static NOTHING: Shape = Shape::structure("Nothing", &[]);
    read(&NOTHING, body)
}

/// Goes no deeper than the value does, which [`json::parse`] has bounded.
fn convert(
    shape: &'static Shape,
    value: Value,
    path: &str,
    format: TimestampFormat,
) -> Result<Value, DecodeError> {
    let wrong = |expected: &str| {
        let place = if path.is_empty() { "The body".to_owned() } else { format!("The value at '{path}'") };
        DecodeError::Malformed(format!("{place} is not {expected}"))
    };
    match (shape.kind, value) {
        (Kind::Document, value) => Ok(value),
        (_, Value::Null) => Ok(Value::Null),
        (Kind::Structure { members, union, .. }, Value::Object(given)) => {
            let mut fields = Map::new();
            for (key, value) in given {
                // A null member is an absent one; unions carry a type tag in some clients.
                if value.is_null() || (union && key == "__type") {
                    continue;
                }
                let at = join(path, &key);
                let found = members
                    .iter()
                    .find(|member| member.location == Location::Body && member.wire_name == key)
                    .ok_or_else(|| DecodeError::Unknown { part: Part::Body, name: at.clone() })?;
                let format = found.timestamp_format.unwrap_or(TimestampFormat::UnixSeconds);
                fields.insert(found.name.to_owned(), convert(found.shape, value, &at, format)?);
            }
            Ok(Value::Object(fields))
        }
        (Kind::List { member, .. }, Value::Array(entries)) => entries
            .into_iter()
            .enumerate()
            .map(|(index, entry)| convert(member, entry, &join(path, &(index + 1).to_string()), format))
            .collect(),
        (Kind::Map { value: shape, .. }, Value::Object(entries)) => {
            let mut out = Map::new();
            for (key, value) in entries {
                let value = convert(shape, value, &join(path, &key), format)?;
                out.insert(key, value);
            }
            Ok(Value::Object(out))
        }
        (Kind::String | Kind::Blob, value @ Value::String(_)) => Ok(value),
        (Kind::Boolean, value @ Value::Bool(_)) => Ok(value),
        (Kind::Integer, Value::Number(number)) => {
            let whole = whole(&number).and_then(|whole| i32::try_from(whole).ok());
            whole.map(Value::from).ok_or_else(|| wrong("a 32-bit integer"))
        }
        (Kind::Long, Value::Number(number)) => {
            whole(&number).map(Value::from).ok_or_else(|| wrong("a 64-bit integer"))
        }
        (Kind::Float | Kind::Double, value @ Value::Number(_)) => Ok(value),
        (Kind::Float | Kind::Double, Value::String(text)) => {
            scalar::parse(shape, &text, format).map_err(wrong)
        }
        (Kind::Timestamp(own), Value::Number(number)) => {
            let instant = match own.unwrap_or(format) {
                TimestampFormat::UnixSeconds => number.as_f64().and_then(Timestamp::from_seconds),
                TimestampFormat::Iso8601 | TimestampFormat::HttpDate => None,
            };
            instant.map(|instant| Value::Number(instant.to_number())).ok_or_else(|| wrong("a timestamp"))
        }
        (Kind::Timestamp(own), Value::String(text)) => {
            // Clients other than the SDKs write dates where numbers belong, and the services read them.
            let format = match own.unwrap_or(format) {
                TimestampFormat::UnixSeconds => TimestampFormat::Iso8601,
                other => other,
            };
            scalar::timestamp(&text, format).map_err(wrong)
        }
        (Kind::Structure { .. } | Kind::Map { .. }, _) => Err(wrong("an object")),
        (Kind::List { .. }, _) => Err(wrong("a list")),
        (Kind::String, _) => Err(wrong("a string")),
        (Kind::Blob, _) => Err(wrong("base64 text")),
        (Kind::Boolean, _) => Err(wrong("a boolean")),
        (Kind::Integer | Kind::Long | Kind::Float | Kind::Double, _) => Err(wrong("a number")),
        (Kind::Timestamp(_), _) => Err(wrong("a timestamp")),
    }
}

/// `3.0` is 3, as the services take it.
fn whole(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        // 2^53: beyond it a float no longer says which integer was meant.
        (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then_some(float as i64)
    })
}

fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}
