use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::{EncodeError, Encoder};
use crate::{
    Timestamp, TimestampFormat,
    model::{Kind, Location, Member, Shape},
};

impl Encoder {
    /// Writes the members that travel in headers; returns the status if a member carries it.
    pub(super) fn write_head(
        &self,
        shape: &Shape,
        fields: &Map<String, Value>,
        head: &mut HeaderMap,
    ) -> Result<Option<StatusCode>, EncodeError> {
        let mut status = None;
        for member in shape.members() {
            let Some(value) = fields.get(member.name).filter(|value| !value.is_null()) else { continue };
            match member.location {
                Location::Header => {
                    let text = self.header_text(member, member.shape, value)?;
                    self.set(head, member.wire_name, &text)?;
                }
                Location::Headers => {
                    let entries = value.as_object().ok_or_else(|| self.error(member.name, "not a map"))?;
                    for (name, value) in entries {
                        let text = value.as_str().ok_or_else(|| self.error(member.name, "not text"))?;
                        self.set(head, &format!("{}{name}", member.wire_name), text)?;
                    }
                }
                Location::Status => {
                    let code = value.as_u64().and_then(|code| u16::try_from(code).ok());
                    let code = code.and_then(|code| StatusCode::from_u16(code).ok());
                    status = Some(code.ok_or_else(|| self.error(member.name, "not a status"))?);
                }
                Location::Body | Location::Query | Location::QueryMap | Location::Uri => {}
            }
        }
        Ok(status)
    }

    fn set(&self, head: &mut HeaderMap, name: &str, text: &str) -> Result<(), EncodeError> {
        let key =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| self.error(name, "not a header name"))?;
        let value =
            HeaderValue::from_bytes(text.as_bytes()).map_err(|_| self.error(name, "not a header value"))?;
        head.append(key, value);
        Ok(())
    }

    fn header_text(&self, member: &Member, shape: &Shape, value: &Value) -> Result<String, EncodeError> {
        if member.json_value {
            let json = value.as_str().ok_or_else(|| self.error(member.name, "not text"))?;
            return Ok(STANDARD.encode(json));
        }
        if let (Kind::List { member: entry, .. }, Value::Array(entries)) = (shape.kind, value) {
            let texts = entries.iter().map(|value| {
                let text = self.header_text(member, entry, value)?;
                // Dates have a comma of their own and are told apart by it.
                let quote = matches!(entry.kind, Kind::String) && text.contains([',', '"', '\\']);
                Ok(if quote { format!("{text:?}") } else { text })
            });
            return Ok(texts.collect::<Result<Vec<String>, EncodeError>>()?.join(", "));
        }
        let format = member.timestamp_format.unwrap_or(TimestampFormat::HttpDate);
        self.scalar(shape, value, format).ok_or_else(|| self.error(member.name, "not of its type"))
    }

    /// The text of a plain value; `None` where it is not of the shape's type.
    pub(super) fn scalar(&self, shape: &Shape, value: &Value, format: TimestampFormat) -> Option<String> {
        match (shape.kind, value) {
            (Kind::String | Kind::Blob, Value::String(text)) => Some(text.clone()),
            (Kind::Float | Kind::Double, Value::String(text))
                if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") =>
            {
                Some(text.clone())
            }
            (Kind::Boolean, Value::Bool(flag)) => Some(flag.to_string()),
            (Kind::Integer | Kind::Long, Value::Number(number)) if number.is_i64() || number.is_u64() => {
                Some(number.to_string())
            }
            (Kind::Float | Kind::Double, Value::Number(number)) => Some(number.to_string()),
            (Kind::Timestamp(own), Value::Number(number)) => {
                let instant = Timestamp::from_seconds(number.as_f64()?)?;
                match own.unwrap_or(format) {
                    // S3 writes the milliseconds even where they are zero.
                    TimestampFormat::Iso8601 if self.is_s3() => Some(instant.0.to_iso8601()),
                    format => Some(instant.format(format)),
                }
            }
            _ => None,
        }
    }
}
