use http::StatusCode;

use crate::error::WireError;

/// Why a body is not what its request promised. The codes are S3's, the only service that streams.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the body ends early")]
    Incomplete,
    #[error("the chunks are malformed: {0}")]
    Malformed(&'static str),
    /// What follows the chunks is not what the request announced.
    #[error("the trailers are malformed: {0}")]
    Trailer(&'static str),
    /// A chunk, or the trailers, are not signed with the request's key.
    #[error("the signature of a chunk does not match")]
    ChunkSignature,
    #[error("the body has {actual} bytes, not {promised}")]
    Length { promised: u64, actual: u64 },
    /// In hexadecimal.
    #[error("the body's SHA-256 is {actual}, not {promised}")]
    Hash { promised: String, actual: String },
    /// The connection failed.
    #[error("the body cannot be read: {0}")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl BodyError {
    pub fn into_wire(self) -> WireError {
        let bad = |code: &'static str, message: &str| WireError::new(code, StatusCode::BAD_REQUEST, message);
        match self {
            BodyError::Incomplete | BodyError::Length { .. } | BodyError::Source(_) => bad(
                "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header.",
            ),
            BodyError::Malformed(reason) => {
                bad("InvalidRequest", &format!("The aws-chunked body is malformed: {reason}."))
            }
            BodyError::Trailer(reason) => bad(
                "MalformedTrailerError",
                &format!(
                    "The request contained trailing data that was not well-formed or did not conform to our \
                     published schema: {reason}."
                ),
            ),
            BodyError::ChunkSignature => WireError::new(
                "SignatureDoesNotMatch",
                StatusCode::FORBIDDEN,
                "The request signature we calculated does not match the signature you provided. Check your key \
                 and signing method.",
            ),
            BodyError::Hash { promised, actual } => bad(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )
            .field("ClientComputedContentSHA256", promised)
            .field("S3ComputedContentSHA256", actual),
        }
    }
}
