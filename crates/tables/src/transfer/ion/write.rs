use super::{KEYWORDS, SETS, VERSION_MARKER};
use crate::number::Number;
use crate::value::{ItemRef, Kind, NESTING_MAX, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Appends `$ion_1_0 {Item:{…}}` and the end of the line.
pub(crate) fn write_ion_line(item: ItemRef<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(VERSION_MARKER.as_bytes());
    out.extend_from_slice(b" {Item:");
    structure(item.attributes(), out, NESTING_MAX + 1);
    out.extend_from_slice(b"}\n");
}

fn structure<'a>(members: impl Iterator<Item = (&'a str, Value<'a>)>, out: &mut Vec<u8>, levels: u32) {
    out.push(b'{');
    for (index, (name, value)) in members.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        symbol(name, out);
        out.push(b':');
        value_within(value, out, levels);
    }
    out.push(b'}');
}

fn value_within(value: Value<'_>, out: &mut Vec<u8>, levels: u32) {
    // What was decoded is no deeper than this.
    let Some(inner) = levels.checked_sub(1) else {
        out.extend_from_slice(b"null");
        return;
    };
    let kind = value.kind();
    match kind {
        Kind::Null => out.extend_from_slice(b"null"),
        Kind::Bool => out.extend_from_slice(if value.as_bool() == Some(true) { b"true" } else { b"false" }),
        Kind::S => quoted(value.as_str().unwrap_or_default(), '"', out),
        Kind::N => number(value.payload(), out),
        Kind::B => blob(value.payload(), out),
        Kind::M => structure(value.attributes(), out, inner),
        Kind::L => list(value.elements(), out, |value, out| value_within(value, out, inner)),
        Kind::SS | Kind::NS | Kind::BS => {
            let annotation = SETS.iter().find(|(_, wire)| *wire == kind.wire_name());
            out.extend_from_slice(annotation.map_or("", |(annotation, _)| annotation).as_bytes());
            out.extend_from_slice(b"::");
            list(value.members(), out, |member, out| match kind {
                Kind::NS => number(member, out),
                Kind::BS => blob(member, out),
                _ => quoted(std::str::from_utf8(member).unwrap_or_default(), '"', out),
            });
        }
    }
}

fn list<T>(elements: impl Iterator<Item = T>, out: &mut Vec<u8>, write: impl Fn(T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(element, out);
    }
    out.push(b']');
}

fn symbol(name: &str, out: &mut Vec<u8>) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if begins && name.bytes().all(plain) && !KEYWORDS.contains(&name) {
        out.extend_from_slice(name.as_bytes());
    } else {
        quoted(name, '\'', out);
    }
}

fn quoted(text: &str, quote: char, out: &mut Vec<u8>) {
    let mut written = String::with_capacity(text.len() + 2);
    written.push(quote);
    for letter in text.chars() {
        match letter {
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '\\' => written.push_str("\\\\"),
            letter if letter == quote => written.extend(['\\', letter]),
            letter if (letter as u32) < 0x20 || letter as u32 == 0x7F => {
                written.push_str(&format!("\\x{:02x}", letter as u32));
            }
            letter => written.push(letter),
        }
    }
    written.push(quote);
    out.extend_from_slice(written.as_bytes());
}

/// With a point or an exponent, which make it a decimal.
fn number(encoded: &[u8], out: &mut Vec<u8>) {
    let Ok((number, _)) = Number::decode(encoded) else { return };
    let start = out.len();
    number.write_text(out);
    let mut is_decimal = false;
    for byte in out.iter_mut().skip(start) {
        if matches!(byte, b'e' | b'E') {
            *byte = b'd';
        }
        is_decimal |= matches!(byte, b'd' | b'.');
    }
    if !is_decimal {
        out.push(b'.');
    }
}

fn blob(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{{");
    out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
    out.extend_from_slice(b"}}");
}
