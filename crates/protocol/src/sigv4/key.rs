use std::fmt;

use aws_lc_rs::{constant_time, digest, hmac};

use super::{ChunkSigner, Scope};

/// The key that a secret gives for one scope. Signs; never shown.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    pub fn derive(secret: &str, scope: &Scope) -> SigningKey {
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
        for part in [scope.date.as_str(), &scope.region, &scope.service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        SigningKey(key)
    }

    /// 64 hexadecimal digits.
    pub fn sign(&self, text: &[u8]) -> String {
        hex::encode(hmac::sign(&self.0, text))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

impl ChunkSigner {
    pub(super) fn new(key: SigningKey, timestamp: &str, scope: &Scope, seed: &str) -> ChunkSigner {
        let context = format!("{timestamp}\n{}", scope.text());
        ChunkSigner { key, context, previous: seed.to_owned() }
    }

    /// Whether the next chunk, whose data has this SHA-256, has this signature; the chain moves on if so.
    pub fn verify_chunk(&mut self, data: &[u8; 32], signature: &str) -> bool {
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}",
            self.context,
            self.previous,
            hex::encode(sha256(b"")),
            hex::encode(data)
        );
        self.advance(&text, signature)
    }

    /// The same of the trailers, each written as `name:value\n`.
    pub fn verify_trailer(&mut self, trailers: &[u8; 32], signature: &str) -> bool {
        let Self { context, previous, .. } = self;
        let text = format!("AWS4-HMAC-SHA256-TRAILER\n{context}\n{previous}\n{}", hex::encode(trailers));
        self.advance(&text, signature)
    }

    fn advance(&mut self, text: &str, signature: &str) -> bool {
        let expected = self.key.sign(text.as_bytes());
        let holds = equal(expected.as_bytes(), signature.as_bytes());
        self.previous = expected;
        holds
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    // The digest of this algorithm has the array's length.
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// In time that does not depend on where they differ.
pub(super) fn equal(expected: &[u8], given: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(expected, given).is_ok()
}
