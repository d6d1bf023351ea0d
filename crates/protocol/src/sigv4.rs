//! Who signed this request: AWS Signature Version 4, checked by the receiver.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>.
//!
//! 1. [`parse`] reads the claim: an access key id, a scope, a session token. Nothing is trusted yet.
//! 2. The caller finds the secret of that key and checks the session token with it.
//! 3. [`Presented::verify`] checks time and signature, and returns how the body must look:
//!    [`PayloadKind`], which [`crate::payload::VerifiedBody`] enforces while the body streams.
//!
//! Rules beyond the signature itself: the host and every `x-amz-*` header must be signed
//! (`x-amz-content-sha256` is, in effect, by being part of what is signed); a content hash that a
//! presigned request did not sign never changes how its body is read.
//!
//! Deriving the signing key takes four HMACs, about 2 µs; it is not cached.

mod canonical;
mod error;
mod key;
mod parse;
mod post;
mod v2;
mod verify;

pub use error::SigError;
pub use key::SigningKey;
pub(crate) use key::sha256;
pub use parse::parse;
pub use post::{PostForm, PostPolicy};
pub use verify::Request;

use std::time::Duration;

use clock::Timestamp;

/// How far the clocks of caller and receiver may be apart.
pub const SKEW_MAX: Duration = Duration::from_secs(15 * 60);
/// How long a presigned request may be valid: seven days.
pub const EXPIRES_MAX: Duration = Duration::from_secs(604_800);

/// What a request claims about its signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    pub access_key_id: String,
    pub scope: Scope,
    pub kind: Kind,
    /// Must be checked against the key by the caller; [`Presented::verify`] only knows that it was signed.
    pub session_token: Option<String>,
    signature: String,
    signed_headers: Vec<String>,
    /// By the signer's clock; means nothing in Version 2's form, which does not say it.
    pub signed_at: Timestamp,
}

/// The part of the world that a signature is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `20261121`
    pub date: String,
    pub region: String,
    /// e.g. `s3`, `lambda`. Empty in Version 2 query signatures, which only S3 has.
    pub service: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In the `Authorization` header.
    Header,
    /// In the query, valid for a while.
    Query { expires: Duration },
    /// In the query in Version 2's form (`AWSAccessKeyId`, `Signature`, `Expires`); S3 only.
    QueryV2 { expires_at: Timestamp },
}

/// A signature that holds.
#[derive(Debug)]
pub struct Verified {
    pub payload: PayloadKind,
}

/// How the body of a verified request must look.
#[derive(Debug, Clone)]
pub enum PayloadKind {
    /// It has this SHA-256.
    Hash([u8; 32]),
    /// Nothing is known of it.
    Unsigned,
    /// It is framed in chunks (`aws-chunked`).
    Chunks {
        /// Signs every chunk; without, the chunks are unsigned.
        signer: Option<Box<ChunkSigner>>,
        /// The last chunk is followed by trailers.
        trailer: bool,
    },
}

/// Continues the chain of signatures from the request through its chunks.
#[derive(Debug, Clone)]
pub struct ChunkSigner {
    key: SigningKey,
    /// `20261121T043000Z\n20261121/us-east-1/s3/aws4_request`
    context: String,
    /// Hexadecimal; the request's at first, then each chunk's.
    previous: String,
}

impl Scope {
    /// `20261121/us-east-1/s3/aws4_request`
    pub fn text(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }

    /// S3 and what it lends its rules to: paths are signed as they are, not normalised.
    pub fn is_s3(&self) -> bool {
        matches!(self.service.as_str(), "" | "s3" | "s3express" | "s3-object-lambda" | "s3-outposts")
    }
}

#[cfg(test)]
mod tests;
