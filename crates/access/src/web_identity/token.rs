use super::key::{Algorithm, VerifyingKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::time::Duration;

/// In characters; the longest that STS takes.
pub(crate) const TOKEN_CHARS_MAX: usize = 20_000;

/// How far ahead of ours an issuer's clock may be.
const SKEW_MAX: Duration = Duration::from_secs(5 * 60);

/// A token that was read and proves nothing yet.
pub(crate) struct Unverified<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    /// What is signed.
    message: &'a str,
    signature: Vec<u8>,
    claims: Claims,
}

/// What a token says (<https://openid.net/specs/openid-connect-core-1_0.html#IDToken>).
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    #[serde(rename = "iss")]
    pub issuer: String,
    #[serde(rename = "sub")]
    pub subject: String,
    #[serde(rename = "aud")]
    pub audience: OneOrMore,
    /// To whom the token was given, where that is not its audience.
    #[serde(rename = "azp")]
    pub authorized: Option<String>,
    /// Seconds since 1970, as are the next two; fractions may be there.
    #[serde(rename = "exp")]
    expires: f64,
    #[serde(rename = "iat")]
    issued: f64,
    #[serde(rename = "nbf")]
    not_before: Option<f64>,
    #[serde(rename = "amr")]
    pub methods: Option<OneOrMore>,
    pub email: Option<String>,
    #[serde(rename = "https://aws.amazon.com/tags")]
    pub tags: Option<Tags>,
    #[serde(rename = "https://aws.amazon.com/source_identity")]
    pub source_identity: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp>
#[derive(Debug, Deserialize)]
pub(crate) struct Tags {
    #[serde(default)]
    pub principal_tags: BTreeMap<String, OneOrMore>,
    #[serde(default)]
    pub transitive_tag_keys: Vec<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
    /// Extensions that whoever reads the token must know: none is known.
    crit: Option<serde_json::Value>,
}

impl OneOrMore {
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            OneOrMore::One(one) => std::slice::from_ref(one),
            OneOrMore::More(more) => more,
        }
    }
}

/// Why a token is none of the issuer's, or not any more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    Malformed,
    /// No key of the issuer's that the token could be signed with.
    NoKey,
    Signature,
    Expired(Timestamp),
    /// Not yet valid, or issued in the future.
    Early,
}

/// Reads the compact form, `header.claims.signature` (<https://www.rfc-editor.org/rfc/rfc7515#section-7.1>).
///
/// # Errors
/// [`TokenFault::Malformed`], also for algorithms that nothing may be signed with.
pub(crate) fn read(token: &str) -> Result<Unverified<'_>, TokenFault> {
    if token.len() > TOKEN_CHARS_MAX {
        return Err(TokenFault::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
    let (header, claims) = message.split_once('.').ok_or(TokenFault::Malformed)?;
    // A claims part with another dot is no base64.
    let header: Header = json(header)?;
    if header.crit.is_some() {
        return Err(TokenFault::Malformed);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenFault::Malformed)?;
    Ok(Unverified { algorithm: header.alg, key_id: header.kid, message, signature, claims: json(claims)? })
}

fn json<T: DeserializeOwned>(part: &str) -> Result<T, TokenFault> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenFault::Malformed)
}

impl Unverified<'_> {
    /// Who the token says it comes from: only good to look up whose keys to verify it with.
    pub(crate) fn issuer(&self) -> &str {
        &self.claims.issuer
    }

    /// What the token says, once it is known to be the issuer's and to hold now.
    ///
    /// # Errors
    /// All but [`TokenFault::Malformed`].
    pub(crate) fn verify(self, keys: &[VerifyingKey], now: Timestamp) -> Result<Claims, TokenFault> {
        // Without an id any key may have signed it; with one, only those that have it.
        let is_named = |key: &&VerifyingKey| self.key_id.is_none() || key.id == self.key_id;
        let mut fitting = keys.iter().filter(is_named).filter(|key| key.is_for(self.algorithm)).peekable();
        if fitting.peek().is_none() {
            return Err(TokenFault::NoKey);
        }
        let message = self.message.as_bytes();
        if !fitting.any(|key| key.verifies(self.algorithm, message, &self.signature)) {
            return Err(TokenFault::Signature);
        }
        let claims = self.claims;
        let expires = time(claims.expires).ok_or(TokenFault::Malformed)?;
        if now >= expires {
            return Err(TokenFault::Expired(expires));
        }
        let latest = now + SKEW_MAX;
        for begins in [Some(claims.issued), claims.not_before].into_iter().flatten() {
            if time(begins).ok_or(TokenFault::Malformed)? > latest {
                return Err(TokenFault::Early);
            }
        }
        Ok(claims)
    }
}

/// Between 1970 and the year 9999.
fn time(seconds: f64) -> Option<Timestamp> {
    const LAST: f64 = 253_402_300_799.0;
    (0.0..=LAST).contains(&seconds).then(|| Timestamp::from_seconds(seconds as i64))
}

#[cfg(test)]
mod tests;
