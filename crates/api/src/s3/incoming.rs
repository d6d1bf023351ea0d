//! A body on its way to the service, with what its headers say about it.

use super::error::argument;
use crate::{ApiError, Call};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use http::HeaderMap;
use objects::{BodyError, BodyPiece, ChecksumAlgorithm, DeclaredChecksum, ExpectedChecksum, IncomingBody};

/// Takes the body out of the call.
///
/// Checksums count only as headers: those in a presigned query were computed before there was a body,
/// and S3 ignores them
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>).
///
/// # Errors
/// Headers that contradict each other, or that are not of their form.
pub(super) fn body(call: &mut Call) -> Result<IncomingBody, ApiError> {
    let content_md5 = content_md5(call.header("content-md5"))?;
    let checksum = declared(&call.headers)?;
    let body = std::mem::take(&mut call.body);
    let length = body.length();
    let trailers = body.trailers();
    let trailing = checksum.as_ref().filter(|declared| declared.expected == ExpectedChecksum::Trailer);
    let trailing = trailing.map(|declared| header_name(declared.algorithm));
    let pieces = body.map(|bytes| match bytes {
        Ok(bytes) => Ok(BodyPiece::Data(bytes)),
        Err(error) => Err(BodyError(Box::new(error))),
    });
    // Trailers are known once the body has ended.
    let end = futures_util::stream::once(async move {
        let value = trailers.get(&trailing?)?.trim().to_owned();
        Some(Ok(BodyPiece::Checksum(value)))
    });
    let stream = pieces.chain(end.filter_map(futures_util::future::ready)).boxed();
    Ok(IncomingBody { stream, length, content_md5, checksum })
}

/// # Errors
/// `InvalidDigest`.
pub(super) fn content_md5(header: Option<&str>) -> Result<Option<[u8; 16]>, ApiError> {
    let Some(header) = header else { return Ok(None) };
    let decoded = STANDARD.decode(header).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    match decoded {
        Some(md5) => Ok(Some(md5)),
        None => Err(ApiError::invalid("InvalidDigest", "The Content-MD5 you specified was invalid.")
            .field("Content-MD5", header)),
    }
}

/// The checksum that the headers declare, if they do.
pub(super) fn declared(headers: &HeaderMap) -> Result<Option<DeclaredChecksum>, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let mut declared = Vec::new();
    for algorithm in ChecksumAlgorithm::ALL {
        if let Some(value) = text(&header_name(algorithm)) {
            declared
                .push(DeclaredChecksum { algorithm, expected: ExpectedChecksum::Value(value.to_owned()) });
        }
    }
    for name in text("x-amz-trailer").unwrap_or_default().split(',').map(str::trim) {
        if name.is_empty() {
            continue;
        }
        let algorithm = ChecksumAlgorithm::ALL.into_iter().find(|algorithm| header_name(*algorithm) == name);
        let algorithm = algorithm.ok_or_else(|| {
            ApiError::invalid(
                "InvalidRequest",
                "The value specified in the x-amz-trailer header is not supported",
            )
        })?;
        declared.push(DeclaredChecksum { algorithm, expected: ExpectedChecksum::Trailer });
    }
    let chosen = text("x-amz-sdk-checksum-algorithm");
    let declared = match (declared.pop(), declared.is_empty()) {
        (Some(_), false) => {
            return Err(ApiError::invalid(
                "InvalidRequest",
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            ));
        }
        (declared, _) => declared,
    };
    match (chosen, declared) {
        (Some(_), None) => Err(ApiError::invalid(
            "InvalidRequest",
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer \
             headers were found.",
        )),
        (Some(chosen), Some(declared)) if ChecksumAlgorithm::parse(chosen) != Some(declared.algorithm) => {
            Err(argument(
                "x-amz-sdk-checksum-algorithm",
                chosen,
                "Value for x-amz-sdk-checksum-algorithm header is invalid.",
            ))
        }
        (_, declared) => Ok(declared),
    }
}

fn header_name(algorithm: ChecksumAlgorithm) -> String {
    format!("x-amz-checksum-{}", algorithm.as_str().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn check(headers: &[(&str, &str)], expected: Option<Option<(&str, bool)>>) {
        let map: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()))
            .collect();
        let declared = declared(&map).ok().map(|declared| {
            declared
                .map(|declared| (declared.algorithm.as_str(), declared.expected == ExpectedChecksum::Trailer))
        });
        assert_eq!(declared, expected, "{headers:?}");
    }

    #[test]
    fn one_checksum_may_be_declared_in_one_way() {
        let (crc, sha) = (("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-sha256", "x"));
        let trailer = ("x-amz-trailer", "x-amz-checksum-crc64nvme");
        check(&[], Some(None));
        check(&[crc], Some(Some(("CRC32", false))));
        check(&[crc, ("x-amz-sdk-checksum-algorithm", "CRC32")], Some(Some(("CRC32", false))));
        check(&[trailer], Some(Some(("CRC64NVME", true))));
        check(&[trailer, ("x-amz-sdk-checksum-algorithm", "CRC64NVME")], Some(Some(("CRC64NVME", true))));
        check(&[crc, sha], None);
        check(&[crc, trailer], None);
        check(&[crc, ("x-amz-sdk-checksum-algorithm", "SHA256")], None);
        check(&[("x-amz-sdk-checksum-algorithm", "SHA256")], None);
        check(&[("x-amz-trailer", "x-amz-meta-a")], None);
    }

    #[test]
    fn an_md5_is_sixteen_bytes() {
        assert!(content_md5(Some("1B2M2Y8AsgTpgAmY7PhCfg==")).is_ok_and(|md5| md5.is_some()));
        for value in ["", "AAAA", "not base64"] {
            assert!(content_md5(Some(value)).is_err(), "{value}");
        }
    }
}
