use crate::decision::{BY_TOKEN, Decision, Resource, admit, denial, denial_by};
use crate::iam::{Loaded, LoadedPolicy};
use crate::policy::{Context, Named, PolicySet, Request, ResourceFacts, evaluate};
use crate::{Access, IamError, Principal};
use clock::Timestamp;
use names::{AccountId, Arn, Region};
use std::net::IpAddr;

/// One action that a request asks for.
#[derive(Debug)]
pub struct Asked<'a> {
    pub principal: &'a Principal,
    /// As IAM writes it, e.g. `s3:PutObject`.
    pub action: &'a str,
    /// All of them must be allowed. Never empty: who names nothing is denied.
    pub resources: &'a [Resource],
    pub sent: &'a Sent<'a>,
    /// What the action's own condition keys say.
    pub context: Context,
    /// The policy that each resource has of its own, in the resources' order; those left out have none.
    pub shared: &'a [Option<LoadedPolicy>],
}

/// What is known of a request before its meaning.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    pub at: Timestamp,
    pub source_ip: IpAddr,
    pub user_agent: &'a str,
    pub region: &'a Region,
}

impl Sent<'_> {
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    fn describe(&self, context: &mut Context) {
        context.set("aws:CurrentTime", self.at.to_string());
        context.set("aws:EpochTime", self.at.as_seconds().to_string());
        context.set("aws:SourceIp", self.source_ip.to_string());
        context.set("aws:RequestedRegion", self.region.as_str());
        // Requests come over plain HTTP, and no service passes one on.
        context.set("aws:SecureTransport", "false");
        context.set("aws:ViaAWSService", "false");
        if !self.user_agent.is_empty() {
            context.set("aws:UserAgent", self.user_agent);
        }
    }
}

/// Everybody may ask who they are, and for temporary credentials of their own; no policy can forbid it
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>,
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>).
const FREE: [&str; 2] = ["sts:GetCallerIdentity", "sts:GetSessionToken"];

/// Decided together with the role's trust policy, by [`Access::assume_role`] and
/// [`Access::assume_role_with_web_identity`].
const BY_TRUST: [&str; 2] = ["sts:AssumeRole", BY_TOKEN];

/// What temporary credentials of a user or root, which are made without a second factor, may do of IAM and STS
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>).
const OF_TOKENS: [&str; 2] = ["sts:AssumeRole", "sts:GetCallerIdentity"];

/// Of federated users
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>).
const OF_FEDERATED: [&str; 1] = ["sts:GetCallerIdentity"];

impl Access {
    /// Default deny: reads the policies of whom the principal acts as, and decides by them.
    ///
    /// # Errors
    /// The store fails, or holds what is no policy.
    pub async fn authorize(&self, asked: Asked<'_>) -> Result<Decision, IamError> {
        let Asked { principal, action, resources, sent, mut context, shared } = asked;
        let admitted = admit(principal, action);
        if !admitted.is_allowed() {
            return Ok(admitted);
        }
        if let Some(why) = out_of_reach(principal, action) {
            return Ok(denial(principal, action, resources.first(), why));
        }
        if FREE.contains(&action) || BY_TRUST.contains(&action) {
            return Ok(admitted);
        }
        if resources.is_empty() {
            return Ok(denial(principal, action, None, "because the request names no resource to decide on"));
        }
        let loaded = self.iam().policies_of(principal).await?;
        let guardrails = self.guardrails();
        let levels = guardrails.levels(principal.account());
        let identity = loaded.as_deref().map(Loaded::identity_policies).unwrap_or_default();
        let session = self.session_policies(principal).await?;
        // Nothing that is asked of root's requests depends on the rest.
        if !matches!(principal, Principal::Root(_)) || !levels.is_empty() || !shared.is_empty() {
            sent.describe(&mut context);
            principal.describe(loaded.as_deref(), &mut context);
        }
        let levels: Vec<_> = levels.iter().map(Vec::as_slice).collect();
        let boundary = loaded.as_deref().and_then(|loaded| loaded.boundary.as_ref()).map(LoadedPolicy::named);
        let session: Option<Vec<_>> = session.as_deref().map(named);
        let policies = PolicySet {
            identity: &identity,
            boundary: boundary.as_ref().map(std::slice::from_ref),
            session: session.as_deref(),
            resource: None,
            guardrails: &levels,
        };
        let shared = shared.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        Ok(decide(principal, action, resources.iter().zip(shared), &policies, &mut context))
    }

    /// Whether a policy that decides about the principal may ask for tags of what it acts on, so that they must be
    /// read. Sessions that carry policies of their own are not looked into; of guardrails one for any account counts.
    ///
    /// # Errors
    /// As [`Access::authorize`].
    pub async fn asks_for_tags(&self, principal: &Principal) -> Result<bool, IamError> {
        if principal.session_policies().is_some() || self.guardrails().ask_for_tags() {
            return Ok(true);
        }
        Ok(self.iam().policies_of(principal).await?.is_some_and(|loaded| loaded.asks_for_tags))
    }

    /// The same for `dynamodb:LeadingKeys` and `dynamodb:Attributes`.
    ///
    /// # Errors
    /// As [`Access::authorize`].
    pub async fn asks_for_items(&self, principal: &Principal) -> Result<bool, IamError> {
        if principal.session_policies().is_some() || self.guardrails().ask_for_items() {
            return Ok(true);
        }
        Ok(self.iam().policies_of(principal).await?.is_some_and(|loaded| loaded.asks_for_items))
    }

    /// Whether there is a role that lets a service act in it.
    ///
    /// # Errors
    /// As [`Access::authorize`].
    pub async fn trusts_service(&self, role: &Arn, service: &str) -> Result<bool, IamError> {
        let Some(loaded) = self.iam().role_policies(role).await? else { return Ok(false) };
        let Some(trust) = &loaded.trust else { return Ok(false) };
        let (facts, context) = (Principal::Service(service.to_owned()).facts(), Context::new());
        let trust = trust.named();
        let policies = PolicySet { resource: Some(&trust), ..PolicySet::default() };
        let resource = ResourceFacts { arn: role.to_string(), account: AccountId::parse(&role.account).ok() };
        let request = Request {
            principal: &facts,
            action: "sts:AssumeRole",
            resource: &resource,
            context: &context,
            policies: &policies,
        };
        Ok(evaluate(&request).is_allowed())
    }
}

fn named(policies: &[LoadedPolicy]) -> Vec<Named<'_>> {
    policies.iter().map(LoadedPolicy::named).collect()
}

/// `policies`: all but the resources' own.
fn decide<'a>(
    principal: &Principal,
    action: &str,
    resources: impl Iterator<Item = (&'a Resource, Option<&'a LoadedPolicy>)>,
    policies: &PolicySet<'_>,
    context: &mut Context,
) -> Decision {
    let facts = principal.facts();
    for (resource, shared) in resources {
        let shared = shared.map(LoadedPolicy::named);
        let policies = PolicySet { resource: shared.as_ref(), ..*policies };
        let resource_facts = ResourceFacts { arn: resource.arn.to_string(), account: resource.owner.clone() };
        match &resource.owner {
            Some(owner) => context.set("aws:ResourceAccount", owner.as_str()),
            None => context.set_all::<String>("aws:ResourceAccount", []),
        }
        // S3's own name for it.
        if let (Some(owner), true) = (&resource.owner, action.starts_with("s3:")) {
            context.set("s3:ResourceAccount", owner.as_str());
        }
        let tagged = (!resource.tags.is_empty()).then(|| {
            let mut tagged = context.clone();
            resource.describe_tags(&mut tagged);
            tagged
        });
        let request = Request {
            principal: &facts,
            action,
            resource: &resource_facts,
            context: tagged.as_ref().unwrap_or(context),
            policies: &policies,
        };
        let verdict = evaluate(&request);
        if !verdict.is_allowed() {
            return Decision::Deny(Box::new(denial_by(principal, &request, &verdict)));
        }
    }
    Decision::Allow { because: "the policies allow it" }
}

/// What credentials of this kind are never good for, whatever policies say.
fn out_of_reach(principal: &Principal, action: &str) -> Option<&'static str> {
    let is_of_identity = action.starts_with("iam:") || action.starts_with("sts:");
    match principal {
        Principal::Token { .. } if is_of_identity && !OF_TOKENS.contains(&action) => {
            Some("because credentials of GetSessionToken cannot be used for it")
        }
        Principal::Federated { .. } if is_of_identity && !OF_FEDERATED.contains(&action) => {
            Some("because credentials of GetFederationToken cannot be used for it")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
