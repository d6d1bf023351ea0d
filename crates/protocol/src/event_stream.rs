//! Messages of `application/vnd.amazon.eventstream`: how an operation answers with events as they come.
//!
//! ```text
//! u32 length of all | u32 length of the headers | u32 CRC-32 of both
//! headers: u8 length, name, u8 type (7: text), u16 length, value
//! payload
//! u32 CRC-32 of everything before
//! ```
//!
//! All numbers are big-endian. Source:
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>.

use bytes::{BufMut, Bytes, BytesMut};
use crc_fast::{CrcAlgorithm, checksum};

/// The `Content-Type` of a body made of such messages.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// Largest payload that every client takes, in bytes: 16 MiB. Whoever has more sends several messages.
pub const PAYLOAD_BYTES_MAX: usize = 16 << 20;

/// Lengths and their checksum.
const PRELUDE_BYTES: usize = 12;
const CRC_BYTES: usize = 4;
const TYPE_TEXT: u8 = 7;

/// An event of the output's stream: `name` is the member of the model's event stream shape.
pub fn event(name: &str, content_type: &str, payload: &[u8]) -> Bytes {
    message(&[(":event-type", name), (":content-type", content_type), (":message-type", "event")], payload)
}

/// An error that the model does not know, which ends the stream.
pub fn error(code: &str, message_text: &str) -> Bytes {
    message(&[(":error-code", code), (":error-message", message_text), (":message-type", "error")], b"")
}

/// Names have at most 255 bytes; values are cut before 32 KiB, the format's bound.
fn message(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    debug_assert!(payload.len() <= PAYLOAD_BYTES_MAX);
    let mut block = BytesMut::new();
    for (name, value) in headers {
        let value = value.get(..value.floor_char_boundary(VALUE_BYTES_MAX)).unwrap_or_default();
        block.put_u8(name.len() as u8);
        block.put_slice(name.as_bytes());
        block.put_u8(TYPE_TEXT);
        block.put_u16(value.len() as u16);
        block.put_slice(value.as_bytes());
    }
    let length = PRELUDE_BYTES + block.len() + payload.len() + CRC_BYTES;
    let mut out = BytesMut::with_capacity(length);
    out.put_u32(length as u32);
    out.put_u32(block.len() as u32);
    out.put_u32(crc(&out));
    out.put_slice(&block);
    out.put_slice(payload);
    out.put_u32(crc(&out));
    out.freeze()
}

const VALUE_BYTES_MAX: usize = 32 * 1024 - 1;

fn crc(bytes: &[u8]) -> u32 {
    checksum(CrcAlgorithm::Crc32IsoHdlc, bytes) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)], payload: &[u8], expected: &str) {
        assert_eq!(hex::encode(message(headers, payload)), expected);
    }

    /// The vectors with which the AWS SDKs test their own codecs.
    #[test]
    fn messages_are_as_published() {
        check(&[], b"", "000000100000000005c248eb7d98c8ff");
        check(&[], b"{'foo':'bar'}", "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936");
        check(
            &[("content-type", "application/json")],
            b"{'foo':'bar'}",
            "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e\
             7b27666f6f273a27626172277d8d9c08b1",
        );
    }

    #[test]
    fn an_overlong_value_is_cut() {
        let written = error("Oops", &"x".repeat(100_000));
        assert!(written.len() < 33 * 1024);
        let length = u32::from_be_bytes(written[..4].try_into().unwrap());
        assert_eq!(length as usize, written.len());
    }
}
