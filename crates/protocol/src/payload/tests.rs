use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};

use super::*;
use crate::sigv4::{self, PayloadKind, Request};

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html#example-signature-calculations-streaming>
const SEED: &str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>
const SEED_TRAILER: &str = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";

/// The documented requests, verified from their heads.
fn documented(trailer: bool) -> PayloadKind {
    let (kind, extra, signed, seed) = match trailer {
        false => ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", None, "", SEED),
        true => (
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Some(("x-amz-trailer", "x-amz-checksum-crc32c")),
            ";x-amz-trailer",
            SEED_TRAILER,
        ),
    };
    let length = if trailer { "" } else { "content-length;" };
    let mut request = http::Request::put("/examplebucket/chunkObject.txt")
        .header("host", "s3.amazonaws.com")
        .header("x-amz-date", "20130524T000000Z")
        .header("x-amz-storage-class", "REDUCED_REDUNDANCY")
        .header("x-amz-content-sha256", kind)
        .header("content-encoding", "aws-chunked")
        .header("x-amz-decoded-content-length", "66560")
        .header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
                 SignedHeaders=content-encoding;{length}host;x-amz-content-sha256;x-amz-date;\
                 x-amz-decoded-content-length;x-amz-storage-class{signed},Signature={seed}"
            ),
        );
    request = match extra {
        Some((name, value)) => request.header(name, value),
        None => request.header("content-length", "66824"),
    };
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let now = clock::Timestamp::parse_basic("20130524T000000Z").unwrap();
    let request = Request { parts: &parts, body_hash: None, bucket_in_host: None, now };
    let presented = sigv4::parse(&parts).unwrap();
    presented.verify("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &request).unwrap().payload
}

fn documented_body() -> Vec<u8> {
    let mut body = Vec::new();
    for (size, signature) in [
        (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
        (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
        (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ] {
        body.extend(format!("{size:x};chunk-signature={signature}\r\n").bytes());
        body.extend(std::iter::repeat_n(b'a', size));
        body.extend(b"\r\n");
    }
    body
}

fn documented_body_with_trailer() -> Vec<u8> {
    let mut body = Vec::new();
    for (size, signature) in [
        (65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
        (1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
        (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
    ] {
        body.extend(format!("{size:x};chunk-signature={signature}\r\n").bytes());
        if size > 0 {
            body.extend(std::iter::repeat_n(b'a', size));
            body.extend(b"\r\n");
        }
    }
    body.extend(b"x-amz-checksum-crc32c:sOO8/Q==\r\n");
    body.extend(
        b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
    );
    body
}

/// The payload and a trailer, with the body cut into pieces of `piece` bytes.
fn read(
    kind: PayloadKind,
    body: &[u8],
    length: Option<u64>,
    piece: usize,
) -> Result<(Vec<u8>, Option<String>), BodyError> {
    let pieces: Vec<Result<Bytes, std::io::Error>> =
        body.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let announced = vec!["x-amz-checksum-crc32c".to_owned()];
    let mut body = VerifiedBody::new(stream::iter(pieces), kind, length, announced);
    let trailers = body.trailers();
    let mut out = Vec::new();
    while let Some(piece) = body.next().now_or_never().unwrap() {
        out.extend_from_slice(&piece?);
    }
    Ok((out, trailers.get("x-amz-checksum-crc32c").map(str::to_owned)))
}

#[test]
fn the_documented_chunks_hold_however_they_arrive() {
    for piece in [1, 7, 1000, 100_000] {
        let (payload, _) = read(documented(false), &documented_body(), Some(66560), piece).unwrap();
        assert!(payload.len() == 66560 && payload.iter().all(|byte| *byte == b'a'));
        let body = documented_body_with_trailer();
        let (payload, trailer) = read(documented(true), &body, Some(66560), piece).unwrap();
        assert_eq!((payload.len(), trailer.as_deref()), (66560, Some("sOO8/Q==")));
    }
}

#[test]
fn a_changed_byte_anywhere_is_found() {
    for (trailer, body) in [(false, documented_body()), (true, documented_body_with_trailer())] {
        let interesting = (0..90).chain(65_000..65_010).chain(body.len() - 400..body.len() - 4);
        for place in interesting {
            let mut changed = body.clone();
            changed[place] = if changed[place] == b'1' { b'2' } else { b'1' };
            assert!(read(documented(trailer), &changed, Some(66560), 4096).is_err(), "{trailer} {place}");
        }
    }
}

#[test]
fn a_body_cut_short_is_incomplete() {
    let body = documented_body_with_trailer();
    for length in (0..200).chain(65_000..65_100).chain(body.len() - 100..body.len() - 2) {
        assert!(read(documented(true), &body[..length], Some(66560), 4096).is_err(), "{length}");
    }
}

#[test]
fn unsigned_chunks_carry_trailers() {
    let kind = || PayloadKind::Chunks { signer: None, trailer: true };
    let body = b"5\r\nhello\r\n6;ignored\r\n world\r\n0\r\nX-Amz-Checksum-CRC32C: yZRlqg==\r\n\r\n";
    let (payload, trailer) = read(kind(), body, Some(11), 3).unwrap();
    assert_eq!((payload.as_slice(), trailer.as_deref()), (&b"hello world"[..], Some("yZRlqg==")));
    assert!(matches!(read(kind(), body, Some(10), 3), Err(BodyError::Length { .. })));
    assert!(matches!(read(kind(), body, Some(12), 3), Err(BodyError::Length { .. })));
    assert!(read(kind(), body, None, 3).is_ok());
    for (body, reason) in [
        (&b"x\r\n"[..], "not hexadecimal"),
        (b"\r\n", "empty size"),
        (b"-5\r\nhello\r\n", "negative"),
        (b"fffffffffffffffff\r\n", "too large"),
        (b"5\nhello\r\n0\r\n\r\n", "no carriage return"),
        (b"4\r\nhello\r\n0\r\n\r\n", "longer than its size"),
        (b"0\r\nx-amz-checksum-crc32c:yZRlqg==\r\n\r\nmore", "after the end"),
        (b"0\r\nno colon\r\n\r\n", "no colon"),
    ] {
        assert!(matches!(read(kind(), body, None, 5), Err(BodyError::Malformed(_))), "{reason}");
    }
    for (body, reason) in [
        (&b"0\r\n\r\n"[..], "missing"),
        (b"0\r\n", "missing, and no end"),
        (b"0\r\nx-amz-checksum-sha1: a\r\n\r\n", "another"),
        (b"0\r\nx-amz-checksum-crc32c: yZRlqg==\r\nx-amz-checksum-sha1: a\r\n\r\n", "one more"),
        (b"0\r\nx-amz-checksum-crc32c: yZRlqg==\r\nx-amz-checksum-crc32c: a\r\n\r\n", "twice"),
        (b"0\r\nx-amz-checksum-crc32c: yZRlqg==\r\nx-amz-trailer-signature: a\r\n\r\n", "signed for nothing"),
    ] {
        assert!(matches!(read(kind(), body, None, 5), Err(BodyError::Trailer(_))), "{reason}");
    }
    let long = vec![b'0'; 100_000];
    assert!(matches!(read(kind(), &long, None, 1000), Err(BodyError::Malformed(_))));
    let unannounced = PayloadKind::Chunks { signer: None, trailer: false };
    assert!(read(unannounced, b"0\r\nx-amz-checksum-crc32c:yZRlqg==\r\n\r\n", None, 5).is_err());
}

#[test]
fn a_hash_is_checked_at_the_end() {
    let kind = || PayloadKind::Hash(sigv4::sha256(b"hello"));
    assert_eq!(read(kind(), b"hello", Some(5), 2).unwrap().0, b"hello");
    assert!(matches!(read(kind(), b"hellO", Some(5), 2), Err(BodyError::Hash { .. })));
    assert!(read(kind(), b"hell", Some(5), 2).is_err());
    assert_eq!(read(PayloadKind::Unsigned, b"any", None, 2).unwrap().0, b"any");
}

#[test]
fn the_framing_is_not_part_of_the_content() {
    for (given, kept) in [
        ("aws-chunked", None),
        ("aws-chunked,gzip", Some("gzip")),
        ("gzip, aws-chunked", Some("gzip")),
        ("gzip", Some("gzip")),
        ("", None),
    ] {
        assert_eq!(strip_aws_chunked(given).as_deref(), kept);
    }
}
