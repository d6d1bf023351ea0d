//! Values written as text: in headers, query parameters, labels, XML and forms.

use serde_json::{Number, Value};

use super::DecodeError;
use crate::{
    Timestamp, TimestampFormat,
    model::{Kind, Shape},
};

/// The tree's value of a text, or what the text should have been.
pub(super) fn parse(shape: &Shape, text: &str, format: TimestampFormat) -> Result<Value, &'static str> {
    match shape.kind {
        Kind::String | Kind::Blob => Ok(text.into()),
        Kind::Boolean => match text.trim() {
            "true" | "True" | "TRUE" => Ok(true.into()),
            "false" | "False" | "FALSE" => Ok(false.into()),
            _ => Err("a boolean"),
        },
        Kind::Integer => text.trim().parse::<i32>().map(Value::from).map_err(|_| "a 32-bit integer"),
        Kind::Long => text.trim().parse::<i64>().map(Value::from).map_err(|_| "a 64-bit integer"),
        Kind::Float | Kind::Double => match text.trim() {
            // JSON numbers cannot say these; the struct refuses them.
            text @ ("NaN" | "Infinity" | "-Infinity") => Ok(text.into()),
            text => text
                .parse()
                .ok()
                .and_then(Number::from_f64)
                .map(Value::Number)
                .ok_or("a floating-point number"),
        },
        Kind::Timestamp(own) => timestamp(text.trim(), own.unwrap_or(format)),
        Kind::Structure { .. } | Kind::List { .. } | Kind::Map { .. } | Kind::Document => {
            Err("a plain value")
        }
    }
}

/// Whole numbers of seconds are read in place of an ISO 8601 date too: some clients write them.
pub(super) fn timestamp(text: &str, format: TimestampFormat) -> Result<Value, &'static str> {
    let expected = match format {
        TimestampFormat::Iso8601 => "a date and time in ISO 8601 form",
        TimestampFormat::HttpDate => "an HTTP date",
        TimestampFormat::UnixSeconds => "a number of seconds since the epoch",
    };
    Timestamp::parse(text, format).map(|instant| Value::Number(instant.to_number())).map_err(|_| expected)
}

pub(super) fn utf8(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes).map_err(|_| DecodeError::Malformed("the body is not UTF-8".to_owned()))
}
