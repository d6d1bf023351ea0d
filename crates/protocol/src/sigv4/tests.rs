use std::{fs, path::Path, time::SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest,
        SignatureLocation, SigningSettings, UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use http::{HeaderName, HeaderValue, Method, Uri, request::Parts};
use proptest::prelude::*;

use super::*;
use crate::testing::shared_data;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const DOCUMENTED_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_basic(text).unwrap()
}

fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = http::Request::builder().method(method).uri(uri).body(()).unwrap();
    for (name, value) in headers {
        request
            .headers_mut()
            .append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    request.into_parts().0
}

fn verify(parts: &Parts, secret: &str, body: &[u8], now: &str) -> Result<Verified, SigError> {
    let body_hash = Some(key::sha256(body));
    parse(parts)?.verify(secret, &Request { parts, body_hash, bucket_in_host: None, now: at(now) })
}

#[test]
fn the_published_vectors_hold() {
    let Some(folder) = shared_data("sigv4-vectors") else { return };
    let mut cases = Vec::new();
    find_cases(&folder, &mut cases);
    assert_eq!(cases.len(), 34);
    for case in cases {
        let read = |extension: &str| fs::read_to_string(case.with_extension(extension)).unwrap();
        if case.ends_with("get-space.req") {
            // Its target holds a blank, which no HTTP server lets through; the rule holds all the same.
            assert_eq!(canonical::path("/example space/", false), "/example%20space/");
            continue;
        }
        let (parts, body) = read_request(&read("sreq"));
        let presented = parse(&parts).unwrap_or_else(|error| panic!("{case:?}: {error:?}"));
        let payload = hex::encode(key::sha256(body.as_bytes()));
        let canonical = canonical::request(&parts, false, &presented.signed_headers, &payload);
        assert_eq!(String::from_utf8_lossy(&canonical), read("creq").replace('\r', ""), "{case:?}");
        let verified = verify(&parts, SECRET, body.as_bytes(), "20150830T123600Z");
        if case.ends_with("get-vanilla-with-session-token.req") {
            // The published signature is another vector's; what was to be signed is right.
            let Err(SigError::Mismatch { string_to_sign, .. }) = verified else { panic!("{verified:?}") };
            assert_eq!(string_to_sign, read("sts"));
            continue;
        }
        if case.ends_with("post-sts-header-after.req") {
            // A token added after signing: a rule of ours, and S3's, refuses it.
            assert!(matches!(verified, Err(SigError::UnsignedHeaders(_))), "{verified:?}");
            continue;
        }
        assert!(verified.is_ok(), "{case:?}: {verified:?}");
        assert!(verify(&parts, SECRET, b"another body", "20150830T123600Z").is_err(), "{case:?}");
    }
}

fn find_cases(folder: &Path, cases: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_cases(&path, cases);
        } else if path.extension().is_some_and(|extension| extension == "req") {
            cases.push(path);
        }
    }
}

fn read_request(text: &str) -> (Parts, String) {
    let text = text.replace('\r', "");
    let (head, body) = text.split_once("\n\n").unwrap_or((text.as_str(), ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap();
    let (method, rest) = first.split_once(' ').unwrap();
    let uri = rest.strip_suffix(" HTTP/1.1").unwrap();
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        match (line.starts_with([' ', '\t']), headers.last_mut()) {
            (true, Some((_, value))) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            _ => {
                let (name, value) = line.split_once(':').unwrap();
                headers.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut parts = parts(method, "/", &headers);
    parts.uri = Uri::try_from(uri).unwrap();
    (parts, body.to_owned())
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
#[test]
fn the_documented_s3_requests_hold() {
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let get = parts(
        "GET",
        "/test.txt",
        &[
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", EMPTY),
            ("x-amz-date", "20130524T000000Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
                 SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
                 Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
        ],
    );
    let verified = verify(&get, DOCUMENTED_SECRET, b"", "20130524T000000Z").unwrap();
    assert!(matches!(verified.payload, PayloadKind::Hash(_)));
    let skewed = verify(&get, DOCUMENTED_SECRET, b"", "20130524T001501Z");
    assert!(matches!(skewed, Err(SigError::Skewed { .. })), "{skewed:?}");
    assert!(verify(&get, DOCUMENTED_SECRET, b"", "20130524T001500Z").is_ok());
    assert!(verify(&get, DOCUMENTED_SECRET, b"", "20130523T234500Z").is_ok());
    assert!(verify(&get, SECRET, b"", "20130524T000000Z").is_err());

    let mut presigned = parts(
        "GET",
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-\
         east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        &[("host", "examplebucket.s3.amazonaws.com")],
    );
    let verified = verify(&presigned, DOCUMENTED_SECRET, b"", "20130524T235959Z").unwrap();
    assert!(matches!(verified.payload, PayloadKind::Unsigned));
    let expired = verify(&presigned, DOCUMENTED_SECRET, b"", "20130525T000001Z");
    assert!(matches!(expired, Err(SigError::Expired { .. })), "{expired:?}");
    let early = verify(&presigned, DOCUMENTED_SECRET, b"", "20130523T120000Z");
    assert!(matches!(early, Err(SigError::NotYetValid { .. })), "{early:?}");

    // A header added afterwards neither passes nor changes how the body is read.
    presigned.headers.insert("x-amz-acl", HeaderValue::from_static("public-read"));
    let unsigned = verify(&presigned, DOCUMENTED_SECRET, b"", "20130524T000000Z");
    assert_eq!(unsigned.unwrap_err(), SigError::UnsignedHeaders(vec!["x-amz-acl".to_owned()]));
    presigned.headers.remove("x-amz-acl");
    let streaming = HeaderValue::from_static("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    presigned.headers.insert("x-amz-content-sha256", streaming);
    let switched = verify(&presigned, DOCUMENTED_SECRET, b"", "20130524T000000Z");
    assert!(matches!(switched, Err(SigError::UnsignedHeaders(_))), "{switched:?}");
    presigned.headers.insert("x-amz-content-sha256", HeaderValue::from_static(EMPTY));
    let ignored = verify(&presigned, DOCUMENTED_SECRET, b"", "20130524T000000Z").unwrap();
    assert!(matches!(ignored.payload, PayloadKind::Unsigned));
}

#[test]
fn version_2_queries_hold() {
    // Signed by hand from the documentation's rules: GET, no digest or type, the expiry, the resource.
    let string_to_sign = "GET\n\n\n1175139620\n/awsexamplebucket1/photos/puppy.jpg?response-content-type=a/b";
    let key = aws_lc_rs::hmac::Key::new(
        aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        DOCUMENTED_SECRET.as_bytes(),
    );
    let signature = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        aws_lc_rs::hmac::sign(&key, string_to_sign.as_bytes()),
    );
    let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
    let uri = format!(
        "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1175139620&Signature={signature}\
         &response-content-type=a%2Fb"
    );
    let check = |method: &str, uri: &str, now: i64| {
        let parts = parts(method, uri, &[("host", "awsexamplebucket1.s3.amazonaws.com")]);
        let request = Request {
            parts: &parts,
            body_hash: None,
            bucket_in_host: Some("awsexamplebucket1"),
            now: Timestamp::from_seconds(now),
        };
        parse(&parts)?.verify(DOCUMENTED_SECRET, &request)
    };
    assert!(check("GET", &uri, 1_175_139_620).is_ok());
    assert!(matches!(check("GET", &uri, 1_175_139_621), Err(SigError::Expired { .. })));
    assert!(matches!(check("PUT", &uri, 1_175_139_620), Err(SigError::Mismatch { .. })));
    let other = uri.replace("a%2Fb", "a%2Fc");
    assert!(matches!(check("GET", &other, 1_175_139_620), Err(SigError::Mismatch { .. })));
}

/// Presigned by botocore 1.44.5 with `signature_version='s3'`.
#[test]
fn version_2_queries_of_the_sdk_hold() {
    let base = "AWSAccessKeyId=AKIDEXAMPLE&x-amz-security-token=a-token&Expires=1798761660&Signature=";
    let put = "Dn5xT9ScQMjns2TvL9PuPiUPoM8%3D&x-amz-meta-note=x%20y&content-type=text%2Fplain";
    let get = "fY8ZObIfF6SNSM4WasC0z%2Fr9pmM%3D&response-content-type=a%2Fb&versionId=v";
    let list = "iUH%2BtVNVgjMx746S534MntqgBG0%3D&list-type=2&prefix=p&encoding-type=url";
    let check = |method: &str, path: &str, query: &str, bucket: Option<&str>| {
        let parts = parts(method, &format!("{path}?{base}{query}"), &[("host", "s3.example.com:4566")]);
        let now = Timestamp::from_seconds(1_798_761_600);
        let presented = parse(&parts)?;
        assert_eq!(presented.session_token.as_deref(), Some("a-token"));
        presented.verify(SECRET, &Request { parts: &parts, body_hash: None, bucket_in_host: bucket, now })
    };
    let bucket = Some("my-bucket");
    for (method, path, query, bucket) in [
        ("PUT", "/my-bucket/a%20b/%C3%BC%2Bc", put, None),
        ("PUT", "/a%20b/%C3%BC%2Bc", put, bucket),
        ("GET", "/my-bucket/k", get, None),
        ("GET", "/k", get, bucket),
        ("GET", "/my-bucket", list, None),
        ("GET", "/", list, bucket),
    ] {
        let verified = check(method, path, query, bucket);
        assert!(verified.is_ok(), "{path} {verified:?}");
        assert!(check("DELETE", path, query, bucket).is_err(), "{path}");
        assert!(check(method, path, &format!("{query}&x-amz-acl=public-read"), bucket).is_err(), "{path}");
        assert!(check(method, path, &format!("{query}&renameObject"), bucket).is_err(), "{path}");
    }
    // Only the last would be signed, and the first be read.
    for (name, other) in [("x-amz-meta-note", "x"), ("content-type", "text%2Fhtml")] {
        let twice = put.replace(&format!("&{name}="), &format!("&{name}={other}&{name}="));
        let refused = check("PUT", "/a%20b/%C3%BC%2Bc", &twice, bucket);
        assert!(matches!(refused, Err(SigError::MalformedQuery(_))), "{name}: {refused:?}");
    }
}

#[test]
fn claims_that_are_not_well_formed_are_refused() {
    let header = |value: &str| {
        parse(&parts("GET", "/", &[("authorization", value), ("x-amz-date", "20260101T000000Z")]))
            .unwrap_err()
    };
    assert_eq!(parse(&parts("GET", "/", &[])).unwrap_err(), SigError::Missing);
    assert_eq!(header("AWS AKID:signature"), SigError::UnsupportedMechanism);
    assert_eq!(header("Bearer token"), SigError::UnsupportedMechanism);
    for value in [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=A/20260101/r/s3/aws4_request",
        "AWS4-HMAC-SHA256 Credential=A/2026/r/s3/aws4_request,SignedHeaders=host,Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/20260101/r/s3/aws5_request,SignedHeaders=host,Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/20260101/r/s3/aws4_request,SignedHeaders=x;host,Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/20260101/r/s3/aws4_request,SignedHeaders=host,Signature=0,Signature=1",
        "AWS4-HMAC-SHA256 Credential=A/20260101/r/s3/aws4_request,SignedHeaders=host,Signature=0,More=1",
    ] {
        assert!(matches!(header(value), SigError::MalformedHeader(_)), "{value}");
    }
    let full = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20260101%2Fr%2Fs3%2Faws4_request\
                &X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0";
    assert!(parse(&parts("GET", &format!("/?{full}"), &[])).is_ok());
    for query in [
        full.replace("Expires=60", "Expires=604801"),
        full.replace("Expires=60", "Expires=0"),
        full.replace("Expires=60", "Expires=-1"),
        full.replace("Expires=60", "Expires=soon"),
        full.replace("&X-Amz-Date=20260101T000000Z", ""),
        full.replace("-SHA256", "-SHA1"),
        format!("{full}&X-Amz-Signature=1"),
    ] {
        let refused = parse(&parts("GET", &format!("/?{query}"), &[]));
        assert!(matches!(refused, Err(SigError::MalformedQuery(_))), "{query} {refused:?}");
    }
    let both = parts("GET", &format!("/?{full}"), &[("authorization", "AWS4-HMAC-SHA256 x")]);
    assert_eq!(parse(&both).unwrap_err(), SigError::TwoMechanisms);
}

/// Signs with AWS's own crate, as its SDKs do.
fn signed(
    service: &str,
    method: &str,
    uri: &str,
    body: &[u8],
    presign: bool,
    token: Option<String>,
) -> Parts {
    let identity = Credentials::new("AKIDEXAMPLE", SECRET, token, None, "test").into();
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings.session_token_mode = SessionTokenMode::Include;
    if presign {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(std::time::Duration::from_secs(60));
    }
    let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_798_761_600);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name(service)
        .time(time)
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let uri = format!("http://127.0.0.1:4566{uri}");
    let headers = [("host", "127.0.0.1:4566"), ("x-amz-meta-note", "two  blanks")];
    let payload = match presign && service == "s3" {
        true => SignableBody::UnsignedPayload,
        false => SignableBody::Bytes(body),
    };
    let signable = SignableRequest::new(method, &uri, headers.into_iter(), payload).unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    let mut request = http::Request::builder().method(method).uri(&uri);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut request = request.body(()).unwrap();
    instructions.apply_to_request_http1x(&mut request);
    let (mut parts, ()) = request.into_parts();
    // A server sees the path and query only.
    parts.uri = Uri::try_from(parts.uri.path_and_query().unwrap().as_str()).unwrap();
    parts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_the_sdk_signs_is_verified_and_nothing_else(
        s3 in any::<bool>(),
        presign in any::<bool>(),
        path in "(/[a-zA-Z0-9._~!$'()*,;:@ +%-]{1,12}){1,4}",
        name in "[a-zA-Z0-9-]{1,8}",
        value in "\\PC{0,12}",
        body in proptest::collection::vec(any::<u8>(), 0..64),
        token in proptest::option::of("[a-zA-Z0-9/+=]{1,40}"),
        mutation in any::<prop::sample::Index>(),
    ) {
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, canonical::ENCODED).to_string();
        let path: Vec<String> = path.split('/').map(encode).collect();
        let uri = format!("{}?{name}={}", path.join("/"), encode(&value));
        let service = if s3 { "s3" } else { "lambda" };
        let now = "20270101T000030Z";
        let parts = signed(service, "PUT", &uri, &body, presign, token.clone());
        let verified = verify(&parts, SECRET, &body, now);
        prop_assert!(verified.is_ok(), "{uri}: {verified:?}");
        prop_assert_eq!(parse(&parts).unwrap().session_token, token);

        prop_assert!(verify(&parts, "another secret", &body, now).is_err());
        let mut other = parts.clone();
        other.method = Method::DELETE;
        prop_assert!(verify(&other, SECRET, &body, now).is_err());
        let mut other = parts.clone();
        other.uri = Uri::try_from(format!("{}&more=1", parts.uri)).unwrap();
        prop_assert!(verify(&other, SECRET, &body, now).is_err());
        // One byte of any header, or of the target.
        let names: Vec<HeaderName> = parts.headers.keys().cloned().collect();
        let header = mutation.get(&names);
        let text = parts.headers[header].to_str().unwrap();
        let place = mutation.index(text.len());
        let mut bytes = text.as_bytes().to_vec();
        bytes[place] = if bytes[place] == b'1' { b'2' } else { b'1' };
        let mut other = parts.clone();
        other.headers.insert(header.clone(), HeaderValue::from_bytes(&bytes).unwrap());
        // A presigned request's body is not signed, so a content hash would not be either.
        prop_assert!(verify(&other, SECRET, &body, now).is_err(), "{header}: {text}");
    }
}
