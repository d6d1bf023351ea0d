use clock::Timestamp;
use names::{AccountId, Arn};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Who is asking, once the signature has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account itself: whoever holds its root key pair.
    Root(Owner),
    /// A user, by an access key of their own.
    User { owner: Owner, user: Box<IamUser> },
    /// Root (without `user`) or a user by credentials of `GetSessionToken`: may do what they may, but
    /// next to nothing of IAM and STS.
    Token { owner: Owner, user: Option<Box<IamUser>>, validity: Validity },
    /// A role that a function, a user or another role acts in.
    Session { owner: Owner, session: Box<Session>, validity: Validity },
    /// Whom a user or root gave credentials to with `GetFederationToken`.
    Federated { owner: Owner, federated: Box<Federated>, validity: Validity },
    /// Such as `s3.amazonaws.com`. Never authenticated by a request: it is the server itself that acts
    /// for a service.
    Service(String),
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

/// A user as a principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IamUser {
    pub name: String,
    /// Begins and ends with `/`.
    pub path: String,
    /// `AIDA` and 17 characters.
    pub id: String,
}

impl IamUser {
    pub fn arn(&self, account: &AccountId) -> String {
        format!("arn:aws:iam::{account}:user{}{}", self.path, self.name)
    }
}

/// When temporary credentials hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// `aws:TokenIssueTime`.
    pub issued: Timestamp,
    pub expires: Timestamp,
}

/// A session of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub role_arn: Arn,
    /// `AROA` and 17 characters; a role that is made again under the same name has another one.
    pub role_id: String,
    pub session_name: String,
    /// The function that the session was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_arn: Option<Arn>,
    #[serde(default, skip_serializing_if = "SessionPolicies::is_empty")]
    pub policies: SessionPolicies,
    /// `aws:PrincipalTag/*`, over the role's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Keys of `tags` that sessions assumed from this one inherit.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub transitive: BTreeSet<String>,
    /// `aws:SourceIdentity`: set once, kept through every role that is assumed after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// Whose token the role was assumed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_identity: Option<WebIdentity>,
}

impl Session {
    /// A session without policies, tags and the like.
    pub fn of_role(role_arn: Arn, role_id: impl Into<String>, session_name: impl Into<String>) -> Self {
        Session {
            role_arn,
            role_id: role_id.into(),
            session_name: session_name.into(),
            function_arn: None,
            policies: SessionPolicies::default(),
            tags: BTreeMap::new(),
            transitive: BTreeSet::new(),
            source_identity: None,
            web_identity: None,
        }
    }

    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`; the role's path is not in it.
    pub fn arn(&self) -> String {
        let (role, name) = (role_name(&self.role_arn), &self.session_name);
        format!("arn:aws:sts::{}:assumed-role/{role}/{name}", self.role_arn.account)
    }
}

/// What bounds a session, beside the policies of whom it acts as. Empty: nothing does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPolicies {
    /// The policy's text, without needless white space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<String>,
    /// ARNs of managed policies, at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed: Vec<String>,
}

impl SessionPolicies {
    pub fn is_empty(&self) -> bool {
        self.inline.is_none() && self.managed.is_empty()
    }
}

/// An identity that somebody else vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebIdentity {
    /// `arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH`.
    pub provider: String,
    pub subject: String,
    pub audience: String,
}

/// A session of `GetFederationToken`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Federated {
    pub name: String,
    /// Who asked for it, within whose permissions it stays; `None` for root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<IamUser>,
    #[serde(default, skip_serializing_if = "SessionPolicies::is_empty")]
    pub policies: SessionPolicies,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl Principal {
    /// The account that owns what the principal makes.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Principal::Root(owner)
            | Principal::User { owner, .. }
            | Principal::Token { owner, .. }
            | Principal::Session { owner, .. }
            | Principal::Federated { owner, .. } => Some(owner),
            Principal::Service(_) | Principal::Anonymous => None,
        }
    }

    pub fn account(&self) -> Option<&AccountId> {
        self.owner().map(|owner| &owner.account)
    }

    /// The user that acts, by whatever credentials of their own.
    pub fn user(&self) -> Option<&IamUser> {
        match self {
            Principal::User { user, .. } => Some(user),
            Principal::Token { user, .. } => user.as_deref(),
            _ => None,
        }
    }

    /// When the credentials hold; `None` for those that always do.
    pub fn validity(&self) -> Option<Validity> {
        match self {
            Principal::Token { validity, .. }
            | Principal::Session { validity, .. }
            | Principal::Federated { validity, .. } => Some(*validity),
            _ => None,
        }
    }

    /// What bounds the session; `None` where nothing does.
    pub fn session_policies(&self) -> Option<&SessionPolicies> {
        let policies = match self {
            Principal::Session { session, .. } => &session.policies,
            // Without a policy a federated user may do nothing: that is bounded too.
            Principal::Federated { federated, .. } => return Some(&federated.policies),
            _ => return None,
        };
        (!policies.is_empty()).then_some(policies)
    }

    /// As policies and denials name the principal.
    pub fn arn(&self) -> String {
        match self {
            Principal::Root(owner) | Principal::Token { owner, user: None, .. } => {
                format!("arn:aws:iam::{}:root", owner.account)
            }
            Principal::User { owner, user } | Principal::Token { owner, user: Some(user), .. } => {
                user.arn(&owner.account)
            }
            Principal::Session { session, .. } => session.arn(),
            Principal::Federated { owner, federated, .. } => {
                format!("arn:aws:sts::{}:federated-user/{}", owner.account, federated.name)
            }
            Principal::Service(name) => name.clone(),
            Principal::Anonymous => "anonymous".to_owned(),
        }
    }

    /// `aws:userid` (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>).
    pub fn user_id(&self) -> String {
        match self {
            Principal::Root(owner) | Principal::Token { owner, user: None, .. } => owner.account.to_string(),
            Principal::User { user, .. } | Principal::Token { user: Some(user), .. } => user.id.clone(),
            Principal::Session { session, .. } => format!("{}:{}", session.role_id, session.session_name),
            Principal::Federated { owner, federated, .. } => {
                format!("{}:{}", owner.account, federated.name)
            }
            Principal::Service(name) => name.clone(),
            Principal::Anonymous => "anonymous".to_owned(),
        }
    }
}

/// The last part of `role/path/to/name`.
fn role_name(role_arn: &Arn) -> &str {
    role_arn.resource.rsplit('/').next().unwrap_or(&role_arn.resource)
}

/// One of `A-Z2-7`, from the low five bits.
pub(crate) fn base32(byte: u8) -> char {
    let low = byte & 31;
    char::from(if low < 26 { b'A' + low } else { b'2' + (low - 26) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALIDITY: Validity = Validity { issued: Timestamp::EPOCH, expires: Timestamp::EPOCH };

    fn owner() -> Owner {
        Owner {
            account: AccountId::root(),
            canonical_user_id: "c".repeat(64),
            display_name: "root".to_owned(),
        }
    }

    fn session(role_arn: &str, role_id: &str) -> Principal {
        let role_arn = Arn::parse(role_arn).unwrap();
        let session = Session::of_role(role_arn, role_id, "thumb");
        Principal::Session { owner: owner(), session: Box::new(session), validity: VALIDITY }
    }

    #[test]
    fn a_session_is_named_by_its_role_and_session_name() {
        let principal = session("arn:aws:iam::000000000000:role/service-role/photos", "AROAX");
        assert_eq!(principal.arn(), "arn:aws:sts::000000000000:assumed-role/photos/thumb");
        assert_eq!(principal.user_id(), "AROAX:thumb");
    }

    #[test]
    fn every_kind_of_principal_has_its_names() {
        let user = || IamUser { name: "ann".to_owned(), path: "/a/".to_owned(), id: "AIDAX".to_owned() };
        let federated = Box::new(Federated {
            name: "bob".to_owned(),
            user: Some(user()),
            policies: SessionPolicies::default(),
            tags: BTreeMap::new(),
        });
        let token = |user| Principal::Token { owner: owner(), user, validity: VALIDITY };
        for (principal, arn, id) in [
            (Principal::Root(owner()), "arn:aws:iam::000000000000:root", "000000000000"),
            (token(None), "arn:aws:iam::000000000000:root", "000000000000"),
            (token(Some(Box::new(user()))), "arn:aws:iam::000000000000:user/a/ann", "AIDAX"),
            (
                Principal::User { owner: owner(), user: Box::new(user()) },
                "arn:aws:iam::000000000000:user/a/ann",
                "AIDAX",
            ),
            (
                Principal::Federated { owner: owner(), federated, validity: VALIDITY },
                "arn:aws:sts::000000000000:federated-user/bob",
                "000000000000:bob",
            ),
        ] {
            assert_eq!((principal.arn().as_str(), principal.user_id().as_str()), (arn, id));
            assert_eq!(principal.account(), Some(&AccountId::root()));
        }
        let service = Principal::Service("s3.amazonaws.com".to_owned());
        assert_eq!((service.arn().as_str(), service.account()), ("s3.amazonaws.com", None));
    }
}
