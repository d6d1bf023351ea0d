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
    "defaultObjectAcl",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "storageClass",
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

/// Parameters that Version 2 does not sign and S3 accepts all the same: they narrow a list. Any other
/// could change what a signed URL does, and is refused.
const HARMLESS: &[&str] = &[
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "list-type",
    "marker",
    "max-keys",
    "max-parts",
    "max-uploads",
    "part-number-marker",
    "prefix",
    "start-after",
    "upload-id-marker",
    "version-id-marker",
];

pub(super) fn verify(
    presented: &Presented,
    secret: &str,
    request: &Request<'_>,
) -> Result<Verified, SigError> {
    let path = request.parts.uri.path();
    let resource = request.bucket_in_host.map_or(path.to_owned(), |bucket| format!("/{bucket}{path}"));
    let string_to_sign = |resource: &str| string_to_sign(presented, request, resource);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let holds = |text: &str| {
        let expected = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
        equal(expected.as_bytes(), presented.signature.as_bytes())
    };
    let text = string_to_sign(&resource)?;
    // The SDKs sign a bucket with a slash after it and then leave the slash out of the path.
    let is_bucket = !resource.trim_start_matches('/').contains('/');
    if holds(&text) || (is_bucket && holds(&string_to_sign(&format!("{resource}/"))?)) {
        return Ok(Verified { payload: PayloadKind::Unsigned });
    }
    Err(presented.mismatch(text, b""))
}

fn string_to_sign(presented: &Presented, request: &Request<'_>, resource: &str) -> Result<String, SigError> {
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
            if amz.insert(lower, value.into_owned()).is_some() {
                return Err(twice(&name));
            }
        } else if lower == "content-md5" || lower == "content-type" {
            let place = if lower == "content-md5" { "content-md5" } else { "content-type" };
            if plain.insert(place, value.into_owned()).is_some() {
                return Err(twice(&name));
            }
        } else if !HARMLESS.contains(&name.as_ref()) {
            let reason = format!("Signature Version 2 does not sign the parameter '{name}'");
            return Err(SigError::MalformedQuery(reason));
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
    out.push_str(resource);
    resources.sort();
    if !resources.is_empty() {
        out.push_str(&format!("?{}", resources.join("&")));
    }
    Ok(out)
}

/// Only one of the two would be signed, and a reader might take the other.
fn twice(name: &str) -> SigError {
    SigError::MalformedQuery(format!("{name} is given twice"))
}
