use clock::Timestamp;
use names::{AccountId, Arn};

/// Who is asking, once the signature has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account itself: whoever holds its root key pair.
    Root(Owner),
    /// A function (or whoever it gave its session to) acting in its role.
    Session { owner: Owner, session: Box<Session> },
    /// A request without any credentials.
    Anonymous,
}

/// An account as the owner of what it makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub account: AccountId,
    /// S3's name for the account: 64 hexadecimal digits.
    pub canonical_user_id: String,
    pub display_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub role_arn: Arn,
    pub session_name: String,
    pub function_arn: Option<Arn>,
    pub expires: Timestamp,
}

impl Principal {
    /// The account that owns what the principal makes.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Principal::Root(owner) | Principal::Session { owner, .. } => Some(owner),
            Principal::Anonymous => None,
        }
    }

    pub fn account(&self) -> Option<&AccountId> {
        self.owner().map(|owner| &owner.account)
    }

    /// As policies and denials name the principal.
    pub fn arn(&self) -> String {
        match self {
            Principal::Root(owner) => format!("arn:aws:iam::{}:root", owner.account),
            Principal::Session { owner, session } => {
                let (role, name) = (role_name(&session.role_arn), &session.session_name);
                format!("arn:aws:sts::{}:assumed-role/{role}/{name}", owner.account)
            }
            Principal::Anonymous => "anonymous".to_owned(),
        }
    }

    /// `aws:userid`: the account id for root, `<role id>:<session name>` for a session.
    pub fn user_id(&self) -> String {
        match self {
            Principal::Root(owner) => owner.account.to_string(),
            Principal::Session { session, .. } => {
                format!("{}:{}", role_id(&session.role_arn), session.session_name)
            }
            Principal::Anonymous => "anonymous".to_owned(),
        }
    }
}

/// The last part of `role/path/to/name`.
fn role_name(role_arn: &Arn) -> &str {
    role_arn.resource.rsplit('/').next().unwrap_or(&role_arn.resource)
}

/// `AROA` and 17 characters, always the same for one role ARN: roles have no record of their own yet
/// that could carry an id.
fn role_id(role_arn: &Arn) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, role_arn.to_string().as_bytes());
    let characters = digest.as_ref().iter().take(17).map(|byte| base32(*byte));
    "AROA".chars().chain(characters).collect()
}

/// One of `A-Z2-7`, from the low five bits.
pub(crate) fn base32(byte: u8) -> char {
    let low = byte & 31;
    char::from(if low < 26 { b'A' + low } else { b'2' + (low - 26) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(role_arn: &str) -> Principal {
        let owner = Owner {
            account: AccountId::root(),
            canonical_user_id: "c".repeat(64),
            display_name: "root".to_owned(),
        };
        let session = Box::new(Session {
            role_arn: Arn::parse(role_arn).unwrap(),
            session_name: "thumb".to_owned(),
            function_arn: None,
            expires: Timestamp::EPOCH,
        });
        Principal::Session { owner, session }
    }

    #[test]
    fn a_session_is_named_by_its_role_and_session_name() {
        let principal = session("arn:aws:iam::000000000000:role/service-role/photos");
        assert_eq!(principal.arn(), "arn:aws:sts::000000000000:assumed-role/photos/thumb");
        let user_id = principal.user_id();
        assert!(user_id.starts_with("AROA") && user_id.ends_with(":thumb"), "{user_id}");
        assert_eq!(user_id, session("arn:aws:iam::000000000000:role/service-role/photos").user_id());
        assert_ne!(user_id, session("arn:aws:iam::000000000000:role/other").user_id());
    }
}
