//! Bodies that must be what their request's signature says: checked as they stream, in bounded memory.
//!
//! What has been read is not yet what was signed: the last error may come at the end. A consumer keeps
//! nothing, and acknowledges nothing, before the stream has ended without one.

mod chunks;
mod error;
mod verified;

pub use chunks::ChunkDecoder;
pub use error::BodyError;
pub use verified::{Trailers, VerifiedBody};

/// The content coding without `aws-chunked`, which frames the request and is not part of the object;
/// `None` where nothing else remains.
pub fn strip_aws_chunked(content_encoding: &str) -> Option<String> {
    let codings = content_encoding.split(',').map(str::trim);
    let kept: Vec<&str> =
        codings.filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked")).collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

#[cfg(test)]
mod tests;
