use names::AccountId;
use serde_json::{Map, Value};

/// What a Principal element is compared to: who asks, by all the names that a policy may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalFacts {
    pub kind: PrincipalKind,
    /// `None` for who belongs to no account: services, web identities, the anonymous.
    pub account: Option<AccountId>,
    /// S3's name for the account, where it is known.
    pub canonical_user_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The account itself.
    Root,
    User {
        arn: String,
        id: String,
    },
    /// A role's session; `session_arn` is `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    RoleSession {
        role_arn: String,
        role_id: String,
        session_arn: String,
    },
    /// A session of `GetFederationToken`: `arn:aws:sts::ACCOUNT:federated-user/NAME`, and the user who
    /// asked for it (`None` for root).
    FederatedUser {
        arn: String,
        user_arn: Option<String>,
    },
    /// Such as `lambda.amazonaws.com`.
    Service(String),
    /// Who shows a token of an identity provider: the provider's ARN, or its name.
    WebIdentity {
        provider: String,
    },
    Anonymous,
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PrincipalElement {
    pub(super) negated: bool,
    pub(super) names: Box<[PrincipalName]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PrincipalName {
    /// `"*"`.
    Everyone,
    /// `{"AWS": "*"}`: the same, written differently.
    EveryAws,
    Account {
        text: Box<str>,
        id: Box<str>,
    },
    /// The ARN of a user, role, role session or federated user, or a unique id.
    Aws(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    CanonicalUser(Box<str>),
}

/// How closely a statement names who asks; a closer name grants more.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// The account: whether its principals may is up to their own policies.
    Account,
    /// The role of the session, or the user whose federated session it is: boundaries and session
    /// policies limit what is granted.
    Behind,
    /// The very principal, or everyone: nothing but an explicit deny limits what is granted.
    Direct,
}

impl PrincipalElement {
    /// Whether a statement with this element is about the principal, and how closely it names it.
    ///
    /// Who is left out by NotPrincipal must be left out by every name it has: its account, and its role or
    /// user, and its session: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>.
    pub(super) fn names(&self, facts: &PrincipalFacts) -> Option<Naming> {
        if self.negated {
            return (!self.leaves_out(facts)).then_some(Naming::Direct);
        }
        self.names.iter().filter_map(|name| name.names(facts)).max()
    }

    fn leaves_out(&self, facts: &PrincipalFacts) -> bool {
        let has = |naming| self.names.iter().any(|name| name.names(facts) == Some(naming));
        let has_account = || match (&facts.kind, &facts.account) {
            (PrincipalKind::Root, _) | (_, None) => true,
            _ => has(Naming::Account),
        };
        let has_behind = || match &facts.kind {
            PrincipalKind::RoleSession { .. } => has(Naming::Behind),
            PrincipalKind::FederatedUser { user_arn, .. } => user_arn.is_none() || has(Naming::Behind),
            _ => true,
        };
        let everyone =
            |name: &PrincipalName| matches!(name, PrincipalName::Everyone | PrincipalName::EveryAws);
        self.names.iter().any(everyone) || (has(Naming::Direct) && has_account() && has_behind())
    }
}

impl PrincipalName {
    fn names(&self, facts: &PrincipalFacts) -> Option<Naming> {
        let direct = |is_named: bool| is_named.then_some(Naming::Direct);
        match self {
            PrincipalName::Everyone | PrincipalName::EveryAws => Some(Naming::Direct),
            PrincipalName::Account { id, .. } => {
                let is_of_account = facts.account.as_ref().is_some_and(|account| account.as_str() == &**id);
                let naming = if facts.kind == PrincipalKind::Root { Naming::Direct } else { Naming::Account };
                is_of_account.then_some(naming)
            }
            PrincipalName::Aws(name) => aws(name, &facts.kind),
            PrincipalName::Service(name) => {
                direct(matches!(&facts.kind, PrincipalKind::Service(service) if *service == **name))
            }
            PrincipalName::Federated(name) => {
                direct(matches!(&facts.kind, PrincipalKind::WebIdentity { provider } if *provider == **name))
            }
            // S3 reads it as the account that has this id.
            PrincipalName::CanonicalUser(id) => {
                let is_named = facts.canonical_user_id.as_deref() == Some(&**id);
                let naming = if facts.kind == PrincipalKind::Root { Naming::Direct } else { Naming::Account };
                is_named.then_some(naming)
            }
        }
    }
}

fn aws(name: &str, kind: &PrincipalKind) -> Option<Naming> {
    match kind {
        PrincipalKind::User { arn, id } => (name == arn || name == id).then_some(Naming::Direct),
        PrincipalKind::RoleSession { role_arn, role_id, session_arn } => {
            if name == session_arn {
                Some(Naming::Direct)
            } else {
                (name == role_arn || name == role_id).then_some(Naming::Behind)
            }
        }
        PrincipalKind::FederatedUser { arn, user_arn } => {
            if name == arn {
                Some(Naming::Direct)
            } else {
                (Some(name) == user_arn.as_deref()).then_some(Naming::Behind)
            }
        }
        PrincipalKind::Root
        | PrincipalKind::Service(_)
        | PrincipalKind::WebIdentity { .. }
        | PrincipalKind::Anonymous => None,
    }
}

impl PrincipalElement {
    /// As it is written in a policy.
    pub(super) fn to_value(&self) -> Value {
        if *self.names == [PrincipalName::Everyone] {
            return Value::from("*");
        }
        let mut element = Map::new();
        for name in &self.names {
            let (kind, text) = match name {
                PrincipalName::Everyone | PrincipalName::EveryAws => ("AWS", "*"),
                PrincipalName::Account { text, .. } | PrincipalName::Aws(text) => ("AWS", &**text),
                PrincipalName::Service(text) => ("Service", &**text),
                PrincipalName::Federated(text) => ("Federated", &**text),
                PrincipalName::CanonicalUser(text) => ("CanonicalUser", &**text),
            };
            let list = element.entry(kind).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.push(Value::from(text));
            }
        }
        Value::Object(element)
    }
}
