//! From the stored form to wire JSON, streamed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{ItemRef, Kind, NESTING_MAX, Value};
use crate::number::Number;

/// Appends `{"name": {"S": "…"}, …}`.
pub fn write_item(item: ItemRef<'_>, out: &mut Vec<u8>) {
    write_attributes(item.attributes(), out, NESTING_MAX + 1);
}

/// Appends one `AttributeValue`.
pub fn write_value(value: Value<'_>, out: &mut Vec<u8>) {
    write_within(value, out, NESTING_MAX + 1);
}

fn write_attributes<'a>(
    attributes: impl Iterator<Item = (&'a str, Value<'a>)>,
    out: &mut Vec<u8>,
    levels: u32,
) {
    out.push(b'{');
    for (index, (name, value)) in attributes.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(name.as_bytes(), out);
        out.push(b':');
        write_within(value, out, levels);
    }
    out.push(b'}');
}

fn write_within(value: Value<'_>, out: &mut Vec<u8>, levels: u32) {
    // What was decoded is no deeper than this; only bytes that were never ours could be.
    let Some(inner) = levels.checked_sub(1) else {
        out.extend_from_slice(b"{\"NULL\":true}");
        return;
    };
    let kind = value.kind();
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(kind.wire_name().as_bytes());
    out.extend_from_slice(b"\":");
    match kind {
        Kind::Null => out.extend_from_slice(b"true"),
        Kind::Bool => out.extend_from_slice(if value.as_bool() == Some(true) { b"true" } else { b"false" }),
        Kind::S => write_text(value.payload(), out),
        Kind::N => write_number(value.payload(), out),
        Kind::B => write_binary(value.payload(), out),
        Kind::M => write_attributes(value.attributes(), out, inner),
        Kind::L => write_list(value.elements(), out, |value, out| write_within(value, out, inner)),
        Kind::SS => write_list(value.members(), out, write_text),
        Kind::NS => write_list(value.members(), out, write_number),
        Kind::BS => write_list(value.members(), out, write_binary),
    }
    out.push(b'}');
}

fn write_list<T>(elements: impl Iterator<Item = T>, out: &mut Vec<u8>, write: impl Fn(T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(element, out);
    }
    out.push(b']');
}

fn write_number(encoded: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    if let Ok((number, _)) = Number::decode(encoded) {
        number.write_text(out);
    }
    out.push(b'"');
}

fn write_binary(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, b'=');
    // The room is exactly what the encoding takes.
    if let Some(place) = out.get_mut(start..) {
        let written = STANDARD.encode_slice(bytes, place).unwrap_or(0);
        out.truncate(start + written);
    }
    out.push(b'"');
}

/// UTF-8 as a JSON string; copies whole runs of what needs no escape.
pub(crate) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let Some(run) = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20) {
        let (plain, after) = rest.split_at(run);
        out.extend_from_slice(plain);
        let Some((&byte, after)) = after.split_first() else { break };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                let hex = |digit: u8| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
            }
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
