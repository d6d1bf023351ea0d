use super::{Context, PolicyDocument, PrincipalFacts};
use names::AccountId;

/// All that a decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub principal: &'a PrincipalFacts,
    /// As IAM writes it, in any case: `s3:GetObject`.
    pub action: &'a str,
    pub resource: &'a ResourceFacts,
    /// Global and service keys, the principal's tags as `aws:PrincipalTag/…` among them.
    pub context: &'a Context,
    pub policies: &'a PolicySet<'a>,
}

/// What is acted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceFacts {
    /// `*` where the action knows no resource.
    pub arn: String,
    /// Who owns it; `None` where nobody does, so that nobody else's permission is needed.
    pub account: Option<AccountId>,
}

/// The policies that apply to a request, by what they are attached to.
#[derive(Debug, Clone, Copy, Default)]
pub struct PolicySet<'a> {
    /// Of the user and its groups, or of the role. Not asked for root, which may do everything.
    pub identity: &'a [Named<'a>],
    /// `None`: there is no boundary. Of an empty one, nothing is allowed.
    pub boundary: Option<&'a [Named<'a>]>,
    /// `None`: the session was made without policies, or there is no session.
    pub session: Option<&'a [Named<'a>]>,
    /// Of the resource; for `sts:AssumeRole…`, the role's trust policy, which must then allow.
    pub resource: Option<&'a Named<'a>>,
    /// Levels of guardrails of the principal's account, each of which must allow.
    pub guardrails: &'a [&'a [Named<'a>]],
}

/// A policy and what an explanation calls it: its ARN, or `inline NAME of role R`.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    pub name: &'a str,
    pub document: &'a PolicyDocument,
}
