use crate::account::random_key_id;
use crate::cipher::Cipher;
use crate::credential::{CredentialError, Secret, decode, encode};
use crate::{AccessError, MasterKey};
use aws_lc_rs::hmac;
use clock::{Clock, Timestamp};
use names::{AccountId, Arn};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The longest a session may live: AWS's own bound for assumed roles.
pub const SESSION_LIFETIME_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// The longest token that is looked at, in base64 characters; our own are a fifth of it.
const TOKEN_LENGTH_MAX: usize = 4096;

/// Whom a session is for.
#[derive(Debug, Clone)]
pub struct SessionRequest {
    pub account: AccountId,
    pub role_arn: Arn,
    /// 2–64 characters; the function's name for functions.
    pub session_name: String,
    pub function_arn: Option<Arn>,
    /// Cut to [`SESSION_LIFETIME_MAX`].
    pub lifetime: Duration,
}

/// The three texts that an SDK signs with.
#[derive(Debug, Clone)]
pub struct SessionCredentials {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Secret,
    pub expires: Timestamp,
}

/// What a token says about its session, sealed so that only this data directory can write or read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) account: AccountId,
    pub(crate) role_arn: Arn,
    pub(crate) session_name: String,
    pub(crate) function_arn: Option<Arn>,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
}

/// Makes and reads sessions. They are stateless: everything about one is in its token, and its secret
/// follows from its id, so that starting an instance writes nothing.
pub(crate) struct Sessions {
    tokens: Cipher,
    secrets: hmac::Key,
}

impl Sessions {
    pub(crate) fn new(master: &MasterKey) -> Result<Self, AccessError> {
        Ok(Sessions {
            tokens: master.cipher("session token")?,
            secrets: hmac::Key::new(hmac::HMAC_SHA256, &master.derive("session secret")),
        })
    }

    pub(crate) fn issue(
        &self,
        clock: &Clock,
        request: SessionRequest,
    ) -> Result<SessionCredentials, AccessError> {
        let issued = clock.now();
        let expires = issued + request.lifetime.min(SESSION_LIFETIME_MAX);
        let claims = Claims {
            account: request.account,
            role_arn: request.role_arn,
            session_name: request.session_name,
            function_arn: request.function_arn,
            issued,
            expires,
        };
        let access_key_id = random_key_id("ASIA", clock);
        let text = serde_json::to_vec(&claims).map_err(|_| AccessError::Cipher)?;
        let token = self.tokens.seal(clock, &access_key_id, &text)?;
        Ok(SessionCredentials {
            secret_access_key: self.secret(&access_key_id),
            session_token: Secret::new(encode(&token)),
            access_key_id,
            expires,
        })
    }

    /// The claims of `token`, which must have been issued together with `access_key_id`.
    pub(crate) fn open(
        &self,
        access_key_id: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Claims, CredentialError> {
        if token.len() > TOKEN_LENGTH_MAX {
            return Err(CredentialError::InvalidToken);
        }
        let text = decode(token).and_then(|sealed| self.tokens.open(access_key_id, &sealed));
        let claims: Option<Claims> = text.and_then(|text| serde_json::from_slice(&text).ok());
        let claims = claims.ok_or(CredentialError::InvalidToken)?;
        if now >= claims.expires {
            return Err(CredentialError::ExpiredToken);
        }
        Ok(claims)
    }

    /// 40 characters: 240 bits of the HMAC of the id.
    pub(crate) fn secret(&self, access_key_id: &str) -> Secret {
        let tag = hmac::sign(&self.secrets, access_key_id.as_bytes());
        Secret::new(encode(&tag.as_ref()[..30]))
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(..)")
    }
}
