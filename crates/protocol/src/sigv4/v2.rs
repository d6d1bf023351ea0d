//! Version 2 query signatures, which some tools still presign S3 URLs with.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Kind, PayloadKind, Presented, Request, SigError, Verified, canonical, key::equal};

/// Parameters that name another resource or change the response; they are signed, the others are not.
const SIGNED_PARAMETERS: &[&str] = &[
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "delete",
    "encryption",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "retention",
    "select",
    "select-type",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// Parameters that are neither signed nor meant for the operation.
const OF_SIGNATURE: &[&str] = &["AWSAccessKeyId", "Signature", "Expires", "x-id"];

pub(super) fn verify(
    presented: &Presented,
    secret: &str,
    request: &Request<'_>,
) -> Result<Verified, SigError> {
    let string_to_sign = string_to_sign(presented, request)?;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let expected = STANDARD.encode(hmac::sign(&key, string_to_sign.as_bytes()));
    if !equal(expected.as_bytes(), presented.signature.as_bytes()) {
        return Err(presented.mismatch(string_to_sign, b""));
    }
    Ok(Verified { payload: PayloadKind::Unsigned })
}

/// Parameters that Version 2 does not sign could change what a signed URL does (`max-keys`, `prefix`):
/// S3 accepts them, and so must we, since its own tools list with them.
fn string_to_sign(presented: &Presented, request: &Request<'_>) -> Result<String, SigError> {
    let Kind::QueryV2 { expires_at } = presented.kind else { return Err(SigError::UnsupportedMechanism) };
    let parts = request.parts;
    let query = parts.uri.query().unwrap_or_default();
    // Signers move these headers into the query, under lower-case names.
    let mut amz: BTreeMap<String, String> = BTreeMap::new();
    let mut plain: BTreeMap<&str, String> = BTreeMap::new();
    let mut resources: Vec<String> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let lower = name.to_ascii_lowercase();
        if OF_SIGNATURE.contains(&name.as_ref()) {
        } else if SIGNED_PARAMETERS.contains(&name.as_ref()) {
            let bare = !query.split('&').any(|pair| pair.starts_with(&format!("{name}=")));
            resources.push(if bare { name.into_owned() } else { format!("{name}={value}") });
        } else if lower.starts_with("x-amz-") {
            amz.insert(lower, value.into_owned());
        } else if lower == "content-md5" || lower == "content-type" {
            plain.insert(
                if lower == "content-md5" { "content-md5" } else { "content-type" },
                value.into_owned(),
            );
        }
    }
    let header =
        |name: &str| String::from_utf8(canonical::header(parts, name)).map_err(|_| SigError::NotText);
    for name in parts.headers.keys().filter(|name| name.as_str().starts_with("x-amz-")) {
        amz.insert(name.as_str().to_owned(), header(name.as_str())?);
    }
    let mut out = format!("{}\n", parts.method);
    for name in ["content-md5", "content-type"] {
        match header(name)? {
            sent if sent.is_empty() => out.push_str(plain.get(name).map_or("", String::as_str)),
            sent => out.push_str(&sent),
        }
        out.push('\n');
    }
    out.push_str(&format!("{}\n", expires_at.as_seconds()));
    for (name, value) in &amz {
        out.push_str(&format!("{name}:{value}\n"));
    }
    if let Some(bucket) = request.bucket_in_host {
        out.push_str(&format!("/{bucket}"));
    }
    out.push_str(parts.uri.path());
    resources.sort();
    if !resources.is_empty() {
        out.push_str(&format!("?{}", resources.join("&")));
    }
    Ok(out)
}
