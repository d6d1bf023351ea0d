use crate::policy::{Context, Request, Verdict};
use crate::{Denial, Explanation, Principal};
use names::{AccountId, Arn};
use std::collections::BTreeMap;

/// Something a request acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    pub arn: Arn,
    /// `None` where the thing does not exist (yet), so that nobody owns it.
    pub owner: Option<AccountId>,
    /// Read only where [`crate::Access::asks_for_tags`].
    pub tags: BTreeMap<String, String>,
}

impl Resource {
    /// A resource whose ARN carries its owner's account, as all but S3's do.
    ///
    /// An ARN without an account gives a resource that nobody owns.
    pub fn new(arn: Arn) -> Self {
        let owner = AccountId::parse(&arn.account).ok();
        Resource { arn, owner, tags: BTreeMap::new() }
    }

    /// A resource whose ARN does not say who owns it.
    pub fn owned_by(arn: Arn, owner: Option<AccountId>) -> Self {
        Resource { arn, owner, tags: BTreeMap::new() }
    }

    /// Adds the condition keys of its tags
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
    pub(crate) fn describe_tags(&self, context: &mut Context) {
        for (key, value) in &self.tags {
            match self.arn.service.as_str() {
                "s3" => context.set(&format!("s3:ExistingObjectTag/{key}"), value),
                "iam" => {
                    context.set(&format!("iam:ResourceTag/{key}"), value);
                    context.set(&format!("aws:ResourceTag/{key}"), value);
                }
                _ => context.set(&format!("aws:ResourceTag/{key}"), value),
            }
        }
    }
}

/// The answer of [`crate::Access::authorize`], with the reason in words fit for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Allow { because: &'static str },
    Deny(Box<Denial>),
}

impl Decision {
    pub fn is_allowed(&self) -> bool {
        matches!(self, Decision::Allow { .. })
    }
}

/// What needs no credentials: it is there to get them.
pub(crate) const BY_TOKEN: &str = "sts:AssumeRoleWithWebIdentity";

/// Whether `principal` could be allowed `action` on anything at all: asked before a request is looked at
/// more closely, so that whom nothing could allow is told nothing.
///
/// Resource policies that let the public in will be asked here first.
pub fn admit(principal: &Principal, action: &str) -> Decision {
    match principal {
        // The token is who they are.
        Principal::Anonymous if action == BY_TOKEN => {
            Decision::Allow { because: "a token may say who it is" }
        }
        Principal::Anonymous => denial(principal, action, None, "because the request carries no credentials"),
        Principal::Root(_) => Decision::Allow { because: "root of the account" },
        Principal::User { .. } => Decision::Allow { because: "user inside their own account" },
        Principal::Token { .. } | Principal::Session { .. } | Principal::Federated { .. } => {
            Decision::Allow { because: "session inside its own account" }
        }
        Principal::Service(_) => denial(principal, action, None, "because services send no requests"),
    }
}

/// Worded as AWS does:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
pub(crate) fn denial(
    principal: &Principal,
    action: &str,
    resource: Option<&Resource>,
    why: &str,
) -> Decision {
    let arn = resource.map(|resource| resource.arn.to_string());
    let message = sentence(principal, action, arn.as_deref(), why);
    Decision::Deny(Box::new(Denial::plain(message, action, arn)))
}

/// What policies came to, with what it rests on.
pub(crate) fn denial_by(principal: &Principal, request: &Request<'_>, verdict: &Verdict) -> Denial {
    let why = verdict.because(request);
    let message = sentence(principal, request.action, Some(&request.resource.arn), &why);
    Denial { message, explanation: Explanation::of(verdict, request) }
}

/// Without a reason where `why` is empty.
pub(crate) fn sentence(principal: &Principal, action: &str, resource: Option<&str>, why: &str) -> String {
    let on = resource.map(|resource| format!(" on resource: {resource}")).unwrap_or_default();
    let who = principal.arn();
    let mut said = format!("User: {who} is not authorized to perform: {action}{on} {why}");
    said.truncate(said.trim_end().len());
    said
}
