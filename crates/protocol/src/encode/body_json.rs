use serde_json::{Map, Value};

use super::{EncodeError, Encoder};
use crate::{
    Timestamp, TimestampFormat,
    model::{Kind, Location, Member, Shape},
};

impl Encoder {
    /// The members that belong in the body, as one object.
    pub(super) fn json_object(
        &self,
        shape: Option<&Shape>,
        fields: &Map<String, Value>,
    ) -> Result<Vec<u8>, EncodeError> {
        let Some(shape) = shape else { return Ok(b"{}".to_vec()) };
        Ok(self.json_members(shape, fields, "")?.to_string().into_bytes())
    }

    pub(super) fn json_value(&self, member: &Member, value: &Value) -> Result<Vec<u8>, EncodeError> {
        let format = member.timestamp_format.unwrap_or(TimestampFormat::UnixSeconds);
        Ok(self.json(member.shape, value, member.name, format)?.to_string().into_bytes())
    }

    fn json_members(
        &self,
        shape: &Shape,
        fields: &Map<String, Value>,
        path: &str,
    ) -> Result<Value, EncodeError> {
        self.refuse_unknown(shape, fields)?;
        let mut out = Map::new();
        for member in shape.members().iter().filter(|member| member.location == Location::Body) {
            let Some(value) = fields.get(member.name).filter(|value| !value.is_null()) else { continue };
            let format = member.timestamp_format.unwrap_or(TimestampFormat::UnixSeconds);
            let at = format!("{path}.{}", member.name);
            out.insert(member.wire_name.to_owned(), self.json(member.shape, value, &at, format)?);
        }
        Ok(Value::Object(out))
    }

    /// Goes no deeper than the value does, which a struct of ours gave.
    fn json(
        &self,
        shape: &Shape,
        value: &Value,
        path: &str,
        format: TimestampFormat,
    ) -> Result<Value, EncodeError> {
        match (shape.kind, value) {
            (Kind::Document, value) => Ok(value.clone()),
            (_, Value::Null) => Ok(Value::Null),
            (Kind::Structure { .. }, Value::Object(fields)) => self.json_members(shape, fields, path),
            (Kind::List { member, .. }, Value::Array(entries)) => {
                entries.iter().map(|entry| self.json(member, entry, path, format)).collect()
            }
            (Kind::Map { value: shape, .. }, Value::Object(entries)) => {
                let entries = entries.iter().map(|(key, entry)| {
                    Ok((key.clone(), self.json(shape, entry, &format!("{path}.{key}"), format)?))
                });
                Ok(Value::Object(entries.collect::<Result<_, EncodeError>>()?))
            }
            (Kind::Timestamp(own), Value::Number(number)) => {
                let instant = number.as_f64().and_then(Timestamp::from_seconds);
                let instant = instant.ok_or_else(|| self.error(path, "not a timestamp"))?;
                Ok(match own.unwrap_or(format) {
                    TimestampFormat::UnixSeconds => Value::Number(instant.to_number()),
                    other => instant.format(other).into(),
                })
            }
            _ if self.scalar(shape, value, format).is_some() => Ok(value.clone()),
            _ => Err(self.error(path, "not of its type")),
        }
    }
}
