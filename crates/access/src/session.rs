use crate::account::random_key_id;
use crate::cipher::Cipher;
use crate::credential::{CredentialError, Secret, decode, encode};
use crate::principal::{Federated, IamUser, Owner, Principal, Session, Validity};
use crate::{AccessError, MasterKey};
use aws_lc_rs::hmac;
use clock::{Clock, Timestamp};
use names::AccountId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The longest that a role may be acted in: AWS's own bound for assumed roles.
pub const SESSION_LIFETIME_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// The longest that credentials of `GetSessionToken` and `GetFederationToken` hold.
pub const TOKEN_LIFETIME_MAX: Duration = Duration::from_secs(36 * 60 * 60);

/// The longest token, in base64 characters: it travels in a header of every request.
const TOKEN_LENGTH_MAX: usize = 4096;

/// The most bytes of claims that such a token holds: 12 of the nonce and 16 of the tag go off.
const CLAIMS_BYTES_MAX: usize = TOKEN_LENGTH_MAX / 4 * 3 - 28;

/// Whom a session is for.
#[derive(Debug, Clone)]
pub struct SessionRequest {
    pub account: AccountId,
    pub subject: SessionSubject,
    /// Cut to [`SESSION_LIFETIME_MAX`] for roles, to [`TOKEN_LIFETIME_MAX`] for all others.
    pub lifetime: Duration,
}

/// As whom somebody with the session acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionSubject {
    Role(Box<Session>),
    /// Themselves: the user, or root where there is none.
    Token(Option<IamUser>),
    Federated(Federated),
}

/// The three texts that an SDK signs with.
#[derive(Debug, Clone)]
pub struct SessionCredentials {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Secret,
    pub expires: Timestamp,
    /// How much of the room for policies and tags the session took.
    pub packed_percent: u32,
}

/// What a token says about its session, sealed so that only this data directory can write or read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) account: AccountId,
    pub(crate) subject: SessionSubject,
    pub(crate) validity: Validity,
}

impl Claims {
    pub(crate) fn into_principal(self, owner: Owner) -> Principal {
        let validity = self.validity;
        match self.subject {
            SessionSubject::Role(session) => Principal::Session { owner, session, validity },
            SessionSubject::Token(user) => Principal::Token { owner, user: user.map(Box::new), validity },
            SessionSubject::Federated(federated) => {
                Principal::Federated { owner, federated: Box::new(federated), validity }
            }
        }
    }
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

    /// # Errors
    /// [`AccessError::PackedPolicyTooLarge`]; the cipher fails.
    pub(crate) fn issue(
        &self,
        clock: &Clock,
        request: SessionRequest,
    ) -> Result<SessionCredentials, AccessError> {
        let issued = clock.now();
        let longest = match request.subject {
            SessionSubject::Role(_) => SESSION_LIFETIME_MAX,
            SessionSubject::Token(_) | SessionSubject::Federated(_) => TOKEN_LIFETIME_MAX,
        };
        let expires = issued + request.lifetime.min(longest);
        let validity = Validity { issued, expires };
        let claims = Claims { account: request.account, subject: request.subject, validity };
        let access_key_id = random_key_id("ASIA", clock);
        let text = serde_json::to_vec(&claims).map_err(|_| AccessError::Cipher)?;
        let packed_percent = percent(text.len(), CLAIMS_BYTES_MAX);
        if packed_percent > 100 {
            return Err(AccessError::PackedPolicyTooLarge(packed_percent));
        }
        let token = self.tokens.seal(clock, &access_key_id, &text)?;
        Ok(SessionCredentials {
            secret_access_key: self.secret(&access_key_id),
            session_token: Secret::new(encode(&token)),
            access_key_id,
            expires,
            packed_percent,
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
        if now >= claims.validity.expires {
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

/// Rounded up, so that anything over the most is over 100.
fn percent(of: usize, most: usize) -> u32 {
    u32::try_from(of.saturating_mul(100).div_ceil(most)).unwrap_or(u32::MAX)
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::Arn;

    fn issue(policy_bytes: usize) -> Result<SessionCredentials, AccessError> {
        let clock = Clock::real();
        let sessions = Sessions::new(&MasterKey::ephemeral(&clock)).unwrap();
        let role = Arn::parse("arn:aws:iam::000000000000:role/photos").unwrap();
        let mut session = Session::of_role(role, "AROA00000000000000000", "thumb");
        session.policies.inline = Some("p".repeat(policy_bytes));
        let subject = SessionSubject::Role(Box::new(session));
        let lifetime = Duration::from_secs(900);
        let made = sessions.issue(&clock, SessionRequest { account: AccountId::root(), subject, lifetime });
        if let Ok(made) = &made {
            let token = made.session_token.expose();
            assert!(token.len() <= TOKEN_LENGTH_MAX);
            assert!(sessions.open(&made.access_key_id, token, clock.now()).is_ok());
        }
        made
    }

    #[test]
    fn a_token_holds_a_policy_of_the_largest_size_and_nothing_that_does_not_fit() {
        assert!(issue(2048).is_ok());
        let most = (2048..4096).take_while(|bytes| issue(*bytes).is_ok()).last();
        assert!(most.is_some_and(|bytes| bytes > 2500), "{most:?}");
        assert!(matches!(issue(5000), Err(AccessError::PackedPolicyTooLarge(percent)) if percent > 160));
    }
}
