//! How lines hold on to each other: each carries the SHA-256 of what the line before carries and of itself.
//!
//! ```text
//! {"eventVersion":…,"zerun":{…},"chain":"<64 hexadecimal digits>"}
//!  └─────── hashed ───────────┘
//! ```
//!
//! A line that is changed, taken out or put in breaks the chain there. Whoever may write the files may also write
//! the whole chain anew, without a trace but in what was noted elsewhere: `zerun audit --verify` tells the last link.

use aws_lc_rs::digest::{Context, SHA256};

/// The hash that a line carries.
pub type Link = [u8; 32];

/// Before the first line of all.
pub const GENESIS: Link = [0; 32];

const BEFORE: &[u8] = b",\"chain\":\"";
const AFTER: &[u8] = b"\"}";
const SUFFIX_BYTES: usize = BEFORE.len() + 64 + AFTER.len();

/// Adds a line to `out`: the object `json`, with its link. Returns the link.
pub fn seal(previous: &Link, json: &[u8], out: &mut Vec<u8>) -> Link {
    let open = json.strip_suffix(b"}").unwrap_or(json);
    let link = link(previous, open);
    out.extend_from_slice(open);
    out.extend_from_slice(BEFORE);
    out.extend_from_slice(hex::encode(link).as_bytes());
    out.extend_from_slice(AFTER);
    out.push(b'\n');
    link
}

/// A line, without its end, as what was hashed and the link that it carries. `None`: it carries none.
pub fn split(line: &[u8]) -> Option<(&[u8], Link)> {
    let (open, suffix) = line.split_at_checked(line.len().checked_sub(SUFFIX_BYTES)?)?;
    let digits = suffix.strip_prefix(BEFORE)?.strip_suffix(AFTER)?;
    // There is one way to write a link, so that no change goes unseen.
    if digits.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut link = GENESIS;
    hex::decode_to_slice(digits, &mut link).ok()?;
    Some((open, link))
}

pub fn link(previous: &Link, open: &[u8]) -> Link {
    let mut context = Context::new(&SHA256);
    context.update(previous);
    context.update(open);
    let mut link = GENESIS;
    link.copy_from_slice(context.finish().as_ref());
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_json_and_carries_its_link() {
        let mut out = Vec::new();
        let made = seal(&GENESIS, br#"{"a":1}"#, &mut out);
        let line = out.strip_suffix(b"\n").unwrap();
        let value: serde_json::Value = serde_json::from_slice(line).unwrap();
        assert_eq!(value["chain"], hex::encode(made));
        let (open, link_of) = split(line).unwrap();
        assert_eq!((open, link_of), (&br#"{"a":1"#[..], made));
        assert_eq!(link(&GENESIS, open), made);
        assert_ne!(link(&made, open), made);
        for cut in 0..line.len() {
            assert_eq!(split(&line[..cut]), None, "{cut}");
        }
    }
}
