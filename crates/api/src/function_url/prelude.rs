//! What precedes the body of a streamed HTTP response: JSON with status, headers and cookies, and eight NUL
//! bytes (<https://docs.aws.amazon.com/lambda/latest/dg/response-streaming-tutorial.html>).

use super::answer;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;

/// A longer prelude is none: 64 KiB.
pub(super) const BYTES_MAX: usize = 64 * 1024;

const ANNOUNCEMENT: &str = "application/vnd.awslambda.http-integration-response";
pub(super) const SEPARATOR: [u8; 8] = [0; 8];

/// Whether what has this content type begins with a prelude.
pub(super) fn announced_by(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(ANNOUNCEMENT)
}

/// The response's head, and the body as far as it is there.
///
/// `None`: the prelude has not ended yet, or is malformed.
pub(super) fn split(bytes: &Bytes) -> Option<(Response<()>, Bytes)> {
    let end = end(bytes)?;
    let head = head(bytes.get(..end)?)?;
    Some((head, bytes.slice(end + SEPARATOR.len()..)))
}

/// Where the separator begins.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(SEPARATOR.len()).position(|window| window == SEPARATOR)
}

fn head(json: &[u8]) -> Option<Response<()>> {
    let Value::Object(mut members) = serde_json::from_slice(json).ok()? else { return None };
    members.entry("statusCode").or_insert_with(|| StatusCode::OK.as_u16().into());
    let mut head = answer::head(&members)?;
    if !head.headers().contains_key(CONTENT_TYPE) {
        head.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    }
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &str, expected: Option<(u16, &str, &str)>) {
        let found = split(&Bytes::from(bytes.to_owned()));
        let found = found.as_ref().map(|(head, body)| {
            let content_type = head.headers()[CONTENT_TYPE].to_str().unwrap();
            (head.status().as_u16(), content_type, std::str::from_utf8(body).unwrap())
        });
        assert_eq!(found, expected, "{bytes:?}");
    }

    #[test]
    fn a_prelude_is_taken_from_the_body() {
        let nuls = "\0".repeat(8);
        check(
            &format!("{{\"statusCode\":201,\"headers\":{{\"Content-Type\":\"text/html\"}}}}{nuls}<p>"),
            Some((201, "text/html", "<p>")),
        );
        check(&format!("{{}}{nuls}"), Some((200, "application/octet-stream", "")));
        check(&format!("{{}}{nuls}\0x"), Some((200, "application/octet-stream", "\0x")));
        for malformed in
            ["", "{}", "{}\0\0", &format!("[]{nuls}"), &format!("{{\"statusCode\":99}}{nuls}"), &nuls]
        {
            check(malformed, None);
        }
    }

    #[test]
    fn it_is_announced_by_the_content_type() {
        assert!(announced_by("application/vnd.awslambda.http-integration-response"));
        assert!(announced_by("Application/vnd.awslambda.HTTP-integration-response; charset=utf-8"));
        assert!(!announced_by("application/octet-stream"));
    }
}
