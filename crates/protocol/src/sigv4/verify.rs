use clock::Timestamp;
use http::request::Parts;

use super::{
    ChunkSigner, Kind, PayloadKind, Presented, SKEW_MAX, SigError, SigningKey, Verified, canonical,
    key::{equal, sha256},
    v2,
};

/// The request whose signature is in question.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// As received: the path and query still encoded.
    pub parts: &'a Parts,
    /// The body's SHA-256, for every service but S3, which takes the caller's word for now and checks it
    /// while the body streams.
    pub body_hash: Option<[u8; 32]>,
    /// The bucket that the host names; only Version 2 signatures need it.
    pub bucket_in_host: Option<&'a str>,
    pub now: Timestamp,
}

const CONTENT_SHA256: &str = "x-amz-content-sha256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const SIGNED_CHUNKS: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const SIGNED_CHUNKS_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
const UNSIGNED_CHUNKS_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

impl Presented {
    /// Whether the signature was made with `secret`, for this request, in time.
    ///
    /// # Errors
    /// What does not hold; [`SigError::Mismatch`] carries what we signed, as S3 tells its callers.
    pub fn verify(&self, secret: &str, request: &Request<'_>) -> Result<Verified, SigError> {
        self.check_time(request.now)?;
        if let Kind::QueryV2 { .. } = self.kind {
            return v2::verify(self, secret, request);
        }
        self.check_signed_headers(request.parts)?;
        let payload = self.payload_claim(request)?;
        let is_s3 = self.scope.is_s3();
        let canonical = canonical::request(request.parts, is_s3, &self.signed_headers, &payload);
        let timestamp = self.signed_at.to_basic();
        let string_to_sign = format!(
            "AWS4-HMAC-SHA256\n{timestamp}\n{}\n{}",
            self.scope.text(),
            hex::encode(sha256(&canonical))
        );
        let key = SigningKey::derive(secret, &self.scope);
        if !equal(key.sign(string_to_sign.as_bytes()).as_bytes(), self.signature.as_bytes()) {
            return Err(self.mismatch(string_to_sign, &canonical));
        }
        let signer =
            || Some(Box::new(ChunkSigner::new(key.clone(), &timestamp, &self.scope, &self.signature)));
        let payload = match payload.as_str() {
            UNSIGNED => PayloadKind::Unsigned,
            SIGNED_CHUNKS => PayloadKind::Chunks { signer: signer(), trailer: false },
            SIGNED_CHUNKS_TRAILER => PayloadKind::Chunks { signer: signer(), trailer: true },
            UNSIGNED_CHUNKS_TRAILER => PayloadKind::Chunks { signer: None, trailer: true },
            hash => PayloadKind::Hash(read_hash(hash)?),
        };
        // The others read the body before they check; a wrong hash is a wrong signature to them.
        if let (false, PayloadKind::Hash(claimed), Some(actual)) = (is_s3, &payload, request.body_hash)
            && *claimed != actual
        {
            return Err(self.mismatch(string_to_sign, &canonical));
        }
        Ok(Verified { payload })
    }

    pub(super) fn mismatch(&self, string_to_sign: String, canonical: &[u8]) -> SigError {
        SigError::Mismatch {
            access_key_id: self.access_key_id.clone(),
            signature: self.signature.clone(),
            string_to_sign,
            canonical_request: String::from_utf8_lossy(canonical).into_owned(),
        }
    }

    fn check_time(&self, now: Timestamp) -> Result<(), SigError> {
        match self.kind {
            Kind::Header => {
                let (early, late) = (self.signed_at.minus(SKEW_MAX), self.signed_at + SKEW_MAX);
                if now < early || now > late {
                    return Err(SigError::Skewed { request: self.signed_at, now });
                }
            }
            Kind::Query { expires } => {
                if now > self.signed_at + expires {
                    return Err(SigError::Expired { expired_at: self.signed_at + expires, now });
                }
                if now < self.signed_at.minus(SKEW_MAX) {
                    return Err(SigError::NotYetValid { valid_from: self.signed_at, now });
                }
            }
            Kind::QueryV2 { expires_at } => {
                if now > expires_at {
                    return Err(SigError::Expired { expired_at: expires_at, now });
                }
                return Ok(());
            }
        }
        if self.signed_at.to_basic().get(..8) == Some(self.scope.date.as_str()) {
            Ok(())
        } else {
            Err(SigError::ScopeDate { scope: self.scope.date.clone(), request: self.signed_at })
        }
    }

    fn check_signed_headers(&self, parts: &Parts) -> Result<(), SigError> {
        if !self.signs("host") {
            return Err(SigError::HostNotSigned);
        }
        let unsigned: Vec<String> = parts
            .headers
            .keys()
            .map(http::HeaderName::as_str)
            .filter(|name| name.starts_with("x-amz-") && *name != CONTENT_SHA256 && !self.signs(name))
            .map(str::to_owned)
            .collect();
        if unsigned.is_empty() { Ok(()) } else { Err(SigError::UnsignedHeaders(unsigned)) }
    }

    fn signs(&self, name: &str) -> bool {
        self.signed_headers.iter().any(|signed| signed == name)
    }

    /// What stands for the payload in the canonical request, and so is authenticated by the signature.
    fn payload_claim(&self, request: &Request<'_>) -> Result<String, SigError> {
        let sent = canonical::header(request.parts, CONTENT_SHA256);
        let sent = match sent.is_empty() {
            true => None,
            false => Some(
                String::from_utf8(sent).map_err(|_| SigError::InvalidContentHash("not text".to_owned()))?,
            ),
        };
        match (self.kind, sent) {
            // A presigned request signs no payload unless it says so in a header that it signs.
            (Kind::Query { .. }, Some(sent)) if self.signs(CONTENT_SHA256) => Ok(sent),
            (Kind::Query { .. }, Some(sent)) if sent.starts_with("STREAMING-") => {
                Err(SigError::UnsignedHeaders(vec![CONTENT_SHA256.to_owned()]))
            }
            (Kind::Query { .. }, _) if self.scope.is_s3() => {
                Ok(query_hash(request.parts).unwrap_or_else(|| UNSIGNED.to_owned()))
            }
            (Kind::Header, Some(sent)) => Ok(sent),
            (Kind::Header, None) if self.scope.is_s3() => Err(SigError::MissingContentHash),
            _ => request.body_hash.map(hex::encode).ok_or(SigError::MissingContentHash),
        }
    }
}

/// The signed parameter that may stand for the header in a presigned request.
fn query_hash(parts: &Parts) -> Option<String> {
    form_urlencoded::parse(parts.uri.query()?.as_bytes())
        .find(|(name, _)| name == "X-Amz-Content-Sha256")
        .map(|(_, value)| value.into_owned())
}

fn read_hash(text: &str) -> Result<[u8; 32], SigError> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).map_err(|_| SigError::InvalidContentHash(text.to_owned()))?;
    Ok(hash)
}
