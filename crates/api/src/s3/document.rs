//! The integrity of a request's document, such as the list of keys to delete.

use super::incoming::{content_md5, declared};
use crate::ApiError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use md5::{Digest, Md5};
use objects::{ChecksumHasher, ExpectedChecksum};
use protocol::model::Operation;

/// Verifies a document against whatever its headers say about it, and that they do where the operation
/// demands it.
///
/// # Errors
/// `BadDigest`, `InvalidDigest`, `InvalidRequest`.
pub(crate) fn verify(operation: &Operation, headers: &HeaderMap, document: &[u8]) -> Result<(), ApiError> {
    let md5 = headers.get("content-md5").and_then(|value| value.to_str().ok());
    let md5 = content_md5(md5)?;
    // Elsewhere such headers say something else: with CompleteMultipartUpload, the whole object's checksum.
    let of_document = operation.checksums.required || operation.checksums.algorithm_member.is_some();
    let checksum = if of_document { declared(headers)? } else { None };
    if operation.checksums.required && md5.is_none() && checksum.is_none() {
        return Err(ApiError::invalid(
            "InvalidRequest",
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
        ));
    }
    let bad = |what: &str| {
        let message = format!("The {what} you specified did not match the calculated checksum.");
        Err(ApiError::invalid("BadDigest", message))
    };
    if md5.is_some_and(|md5| md5 != <[u8; 16]>::from(Md5::digest(document))) {
        return bad("Content-MD5");
    }
    let Some(checksum) = checksum else { return Ok(()) };
    let ExpectedChecksum::Value(expected) = &checksum.expected else {
        return Err(ApiError::unsupported("x-amz-trailer", "a document has its checksum in a header"));
    };
    let mut hasher = ChecksumHasher::new(checksum.algorithm);
    hasher.update(document);
    if *expected == STANDARD.encode(hasher.finish()) { Ok(()) } else { bad(checksum.algorithm.as_str()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::model::operation::{
        COMPLETE_MULTIPART_UPLOAD, DELETE_OBJECTS, PUT_BUCKET_NOTIFICATION_CONFIGURATION,
    };

    #[test]
    fn a_document_is_what_its_headers_say() {
        let check = |operation: &Operation, headers: &[(&'static str, &'static str)], good: bool| {
            let headers: HeaderMap = headers
                .iter()
                .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            assert_eq!(verify(operation, &headers, b"123456789").is_ok(), good, "{headers:?}");
        };
        let (md5, other) =
            (("content-md5", "JfnnlDI7RTiF9RgfG2JNCw=="), ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="));
        check(&DELETE_OBJECTS, &[md5], true);
        check(&DELETE_OBJECTS, &[other], false);
        check(&DELETE_OBJECTS, &[("x-amz-checksum-crc32", "y/Q5Jg==")], true);
        check(&DELETE_OBJECTS, &[("x-amz-checksum-crc32", "AAAAAA==")], false);
        check(&DELETE_OBJECTS, &[], false);
        check(&PUT_BUCKET_NOTIFICATION_CONFIGURATION, &[], true);
        check(&COMPLETE_MULTIPART_UPLOAD, &[("x-amz-checksum-crc32", "AAAAAA==")], true);
        check(&COMPLETE_MULTIPART_UPLOAD, &[other], false);
    }
}
