//! The canonical form of a request: what is signed. Bytes, since headers may hold any.

use http::{header::HOST, request::Parts};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// RFC 3986's unreserved characters stay, everything else is encoded.
pub(super) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');

pub(super) fn request(parts: &Parts, is_s3: bool, signed_headers: &[String], payload: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(parts.method.as_str().as_bytes());
    out.push(b'\n');
    out.extend_from_slice(path(parts.uri.path(), is_s3).as_bytes());
    out.push(b'\n');
    out.extend_from_slice(query(parts.uri.query().unwrap_or_default()).as_bytes());
    out.push(b'\n');
    for name in signed_headers {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        out.extend_from_slice(&header(parts, name));
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.join(";").as_bytes());
    out.push(b'\n');
    out.extend_from_slice(payload.as_bytes());
    out
}

/// S3 signs the path as it names the key. The others normalise it and encode what was sent once more.
pub(super) fn path(sent: &str, is_s3: bool) -> String {
    if sent.is_empty() {
        return "/".to_owned();
    }
    if is_s3 {
        let decoded: Vec<u8> = percent_decode(sent.as_bytes()).collect();
        return percent_encode(&decoded, ENCODED_IN_PATH).to_string();
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in sent.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut normal = format!("/{}", segments.join("/"));
    let ends_open = sent.ends_with('/') || sent.ends_with("/.") || sent.ends_with("/..");
    if ends_open && normal.len() > 1 {
        normal.push('/');
    }
    percent_encode(normal.as_bytes(), ENCODED_IN_PATH).to_string()
}

/// Every parameter but the signature, encoded afresh and sorted by name, then value.
fn query(sent: &str) -> String {
    let encode = |text: &str| {
        let decoded: Vec<u8> = percent_decode(text.as_bytes()).collect();
        percent_encode(&decoded, ENCODED).to_string()
    };
    let mut parameters: Vec<(String, String)> = sent
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    parameters.sort();
    let pairs: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// All values of the header, joined with commas; blanks trimmed at the ends and single within.
/// HTTP/2 sends no `host`: its `:authority` stands for it.
pub(super) fn header(parts: &Parts, name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let values = parts.headers.get_all(name);
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let words = value.as_bytes().split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
        for (index, word) in words.enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(word);
        }
    }
    if name == HOST.as_str()
        && !parts.headers.contains_key(HOST)
        && let Some(authority) = parts.uri.authority()
    {
        out.extend_from_slice(authority.as_str().as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_paths_are_signed_as_they_name_the_key() {
        for (sent, signed) in [
            ("/b/a:b", "/b/a%3Ab"),
            ("/b/a%3ab", "/b/a%3Ab"),
            ("/b//../c/./", "/b//../c/./"),
            ("/b/a+b%20c%2B", "/b/a%2Bb%20c%2B"),
            ("/b/%E2%82%AC", "/b/%E2%82%AC"),
        ] {
            assert_eq!(path(sent, true), signed);
        }
    }

    #[test]
    fn other_paths_are_normalised_and_encoded_twice() {
        for (sent, signed) in [
            ("/a//b/./c/../d/", "/a/b/d/"),
            ("/a%3Ab", "/a%253Ab"),
            ("/..", "/"),
            ("/a/..", "/"),
            ("/a:b", "/a%3Ab"),
        ] {
            assert_eq!(path(sent, false), signed);
        }
    }

    #[test]
    fn queries_are_sorted_and_encoded() {
        assert_eq!(
            query("b=2&a=%7e&a=1&uploads&X-Amz-Signature=x&c=a b/+"),
            "a=1&a=~&b=2&c=a%20b%2F%2B&uploads="
        );
    }
}
