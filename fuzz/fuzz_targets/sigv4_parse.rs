//! A signature's claim, in the header or the query, and its verification with some key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::sigv4::{self, Request};

fuzz_target!(|input: (&str, &str, &str, &str)| {
    let (uri, authorization, date, payload) = input;
    let request = http::Request::builder()
        .uri(uri)
        .header("host", "localhost")
        .header("authorization", authorization)
        .header("x-amz-date", date)
        .header("x-amz-content-sha256", payload)
        .body(());
    let Ok(request) = request else { return };
    let (mut parts, ()) = request.into_parts();
    if authorization.is_empty() {
        parts.headers.remove("authorization");
    }
    if let Ok(presented) = sigv4::parse(&parts) {
        let now = clock::Timestamp::parse_basic(date).unwrap_or(clock::Timestamp::EPOCH);
        let request = Request { parts: &parts, body_hash: None, bucket_in_host: Some("b"), now };
        // Nobody guesses an HMAC.
        assert!(presented.verify("secret", &request).is_err());
    }
});
