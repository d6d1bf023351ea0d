use crate::Principal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// What an access key id (and session token) stands for: the secret to verify the signature with,
/// and who it is when the signature holds.
#[derive(Debug, Clone)]
pub struct Credential {
    pub secret: Secret,
    pub principal: Principal,
}

/// A secret access key. Neither `Debug` nor `Display` show it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The one way to the text, so that its readers can be found.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why an access key id stands for nobody. The caller is told; nothing here is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// S3 `InvalidAccessKeyId`, elsewhere `UnrecognizedClientException` or `InvalidClientTokenId`.
    #[error("the access key id does not exist in our records")]
    UnknownKey,
    /// A session's key without its token, a token on a root key, or a token of another session.
    #[error("the security token included in the request is invalid")]
    InvalidToken,
    #[error("the security token included in the request is expired")]
    ExpiredToken,
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
