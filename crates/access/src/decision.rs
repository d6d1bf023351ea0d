use crate::Principal;
use names::{AccountId, Arn};

/// Everything a decision may depend on. Policies will read more of it than today's rule does.
#[derive(Debug)]
pub struct Request<'a> {
    pub principal: &'a Principal,
    /// As IAM writes it, e.g. `s3:PutObject`.
    pub action: &'a str,
    /// What the request acts on; all of them must be allowed. Never empty: see [`decide`].
    pub resources: &'a [Resource],
}

/// Something a request acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    pub arn: Arn,
    /// `None` where the thing does not exist (yet), so that nobody owns it.
    pub owner: Option<AccountId>,
}

impl Resource {
    /// A resource whose ARN carries its owner's account, as all but S3's do.
    ///
    /// An ARN without an account gives a resource that nobody owns.
    pub fn new(arn: Arn) -> Self {
        let owner = AccountId::parse(&arn.account).ok();
        Resource { arn, owner }
    }

    /// A resource whose ARN does not say who owns it.
    pub fn owned_by(arn: Arn, owner: Option<AccountId>) -> Self {
        Resource { arn, owner }
    }
}

/// The answer of [`decide`], with the reason in words fit for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Allow { because: &'static str },
    Deny { because: String },
}

impl Decision {
    pub fn is_allowed(&self) -> bool {
        matches!(self, Decision::Allow { .. })
    }
}

/// Whether `principal` could be allowed `action` on anything at all: asked before a request is looked at
/// more closely, so that whom nothing could allow is told nothing.
///
/// Resource policies that let the public in will be asked here first.
pub fn admit(principal: &Principal, action: &str) -> Decision {
    match principal {
        Principal::Anonymous => deny(principal, action, None, "the request carries no credentials"),
        Principal::Root(_) => Decision::Allow { because: "root of the account" },
        Principal::User { .. } => Decision::Allow { because: "user inside their own account" },
        Principal::Token { .. } | Principal::Session { .. } | Principal::Federated { .. } => {
            Decision::Allow { because: "session inside its own account" }
        }
        Principal::Service(_) => deny(principal, action, None, "services send no requests"),
    }
}

/// Default deny. Pure: the same request always gets the same answer.
///
/// Today's rule, until identity and resource policies are evaluated here: a principal may do
/// everything inside its own account and nothing outside of it.
pub fn decide(request: &Request<'_>) -> Decision {
    let Request { principal, action, resources } = request;
    let admitted = admit(principal, action);
    let (Decision::Allow { .. }, Some(account)) = (&admitted, principal.account()) else {
        return admitted;
    };
    let foreign =
        resources.iter().find(|resource| resource.owner.as_ref().is_some_and(|owner| owner != account));
    match foreign.or(resources.first()) {
        None => deny(principal, action, None, "the request names no resource to decide on"),
        Some(resource) if foreign.is_some() => {
            let why = "the resource belongs to another account and no policy shares it";
            deny(principal, action, Some(resource), why)
        }
        Some(_) => admitted,
    }
}

/// Worded as AWS does:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
fn deny(principal: &Principal, action: &str, resource: Option<&Resource>, why: &str) -> Decision {
    let on = resource.map(|resource| format!(" on resource: {}", resource.arn)).unwrap_or_default();
    let who = principal.arn();
    Decision::Deny {
        because: format!("User: {who} is not authorized to perform: {action}{on} because {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Owner;

    fn root(account: &str) -> Principal {
        Principal::Root(Owner {
            account: AccountId::parse(account).unwrap(),
            canonical_user_id: "c".repeat(64),
            display_name: "root".to_owned(),
        })
    }

    fn check(principal: &Principal, owners: &[Option<&str>], allowed: bool) {
        let resources: Vec<Resource> = owners
            .iter()
            .map(|owner| Resource::owned_by(Arn::s3("photos"), owner.map(|id| AccountId::parse(id).unwrap())))
            .collect();
        let request = Request { principal, action: "s3:GetObject", resources: &resources };
        let decision = decide(&request);
        assert_eq!(decision.is_allowed(), allowed, "{request:?}: {decision:?}");
    }

    #[test]
    fn a_principal_stays_inside_its_account() {
        let mine = root("111111111111");
        check(&mine, &[Some("111111111111")], true);
        check(&mine, &[None], true);
        check(&mine, &[Some("222222222222")], false);
        check(&mine, &[Some("111111111111"), Some("222222222222")], false);
        check(&mine, &[], false);
    }

    #[test]
    fn who_shows_no_credentials_is_denied() {
        check(&Principal::Anonymous, &[Some("111111111111")], false);
        check(&Principal::Anonymous, &[None], false);
        check(&Principal::Anonymous, &[], false);
    }

    #[test]
    fn a_denial_says_who_wanted_what() {
        let resources = [Resource::owned_by(Arn::s3("photos/cat"), AccountId::parse("222222222222").ok())];
        let principal = root("111111111111");
        let request = Request { principal: &principal, action: "s3:GetObject", resources: &resources };
        let Decision::Deny { because } = decide(&request) else { panic!("allowed") };
        assert_eq!(
            because,
            "User: arn:aws:iam::111111111111:root is not authorized to perform: s3:GetObject on resource: \
             arn:aws:s3:::photos/cat because the resource belongs to another account and no policy shares it"
        );
    }
}
