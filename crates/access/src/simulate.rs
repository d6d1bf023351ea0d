//! The policy simulator: the evaluator, asked about requests that nobody sent.

use crate::iam::{Group, IdentityKind, Loaded, LoadedPolicy};
use crate::policy::{
    self, Context, Decision, Layer, MalformedPolicy, Named, Outcome, PolicyDocument, PolicyKind, PolicySet,
    PrincipalFacts, PrincipalKind, ResourceFacts, Verdict,
};
use crate::{Access, Iam, IamError};
use names::{AccountId, Arn};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Whose policies a simulation starts from.
#[derive(Debug, Clone, Default)]
pub struct Source {
    pub policies: Vec<LoadedPolicy>,
    pub boundary: Option<Vec<LoadedPolicy>>,
}

/// Everything that a simulation is of, but for the single action and resource.
#[derive(Debug)]
pub struct Simulation {
    pub principal: PrincipalFacts,
    pub source: Source,
    pub resource_policy: Option<LoadedPolicy>,
    /// Of resources whose ARN does not say whose they are.
    pub resource_owner: Option<AccountId>,
    pub guardrails: Vec<Vec<LoadedPolicy>>,
    pub context: Context,
}

/// What one action on one resource came to.
#[derive(Debug, Clone)]
pub struct Simulated {
    pub verdict: Verdict,
    /// Keys that policies read and the context lacks, lower-cased.
    pub missing_keys: Vec<String>,
    pub allowed_by_boundary: Option<bool>,
    pub allowed_by_guardrails: Option<bool>,
}

impl Simulation {
    pub fn run(&self, action: &str, resource: &str) -> Simulated {
        let identity = named(&self.source.policies);
        let boundary = self.source.boundary.as_deref().map(named);
        let guardrails: Vec<Vec<Named<'_>>> = self.guardrails.iter().map(|level| named(level)).collect();
        let guardrails: Vec<&[Named<'_>]> = guardrails.iter().map(Vec::as_slice).collect();
        let by_resource = self.resource_policy.as_ref().map(LoadedPolicy::named);
        let policies = PolicySet {
            identity: &identity,
            boundary: boundary.as_deref(),
            session: None,
            resource: by_resource.as_ref(),
            guardrails: &guardrails,
        };
        let account = Arn::parse(resource).ok().and_then(|arn| AccountId::parse(&arn.account).ok());
        let account = account.or_else(|| self.resource_owner.clone());
        let resource = ResourceFacts { arn: resource.to_owned(), account };
        let context = &self.context;
        let principal = &self.principal;
        let verdict = policy::evaluate(&policy::Request {
            principal,
            action,
            resource: &resource,
            context,
            policies: &policies,
        });
        let allowed_by = |layer: Layer| {
            let mut steps = verdict.evaluated.iter().filter(|step| step.layer == layer).peekable();
            steps.peek()?;
            Some(steps.all(|step| step.outcome == Outcome::Allowed))
        };
        let (boundary, guardrail) = (allowed_by(Layer::Boundary), allowed_by(Layer::Guardrail));
        Simulated {
            missing_keys: self.missing_keys(),
            allowed_by_boundary: boundary,
            allowed_by_guardrails: guardrail,
            verdict,
        }
    }

    fn missing_keys(&self) -> Vec<String> {
        let source = &self.source;
        let all = source.policies.iter().chain(source.boundary.iter().flatten());
        let all = all.chain(&self.resource_policy).chain(self.guardrails.iter().flatten());
        let keys: BTreeSet<String> = all.flat_map(|policy| policy.document.context_keys()).collect();
        keys.into_iter().filter(|key| self.context.get(key).is_none()).collect()
    }
}

impl Simulated {
    /// As the simulator calls it.
    pub fn decision(&self) -> &'static str {
        match self.verdict.decision {
            Decision::Allow => "allowed",
            Decision::ExplicitDeny => "explicitDeny",
            Decision::ImplicitDeny => "implicitDeny",
        }
    }
}

fn named(policies: &[LoadedPolicy]) -> Vec<Named<'_>> {
    policies.iter().map(LoadedPolicy::named).collect()
}

/// Policies as somebody gives them, called `PREFIX.1` and so on.
///
/// # Errors
/// One of them is no policy of that kind.
pub fn given_policies(
    prefix: &str,
    texts: &[String],
    kind: PolicyKind,
) -> Result<Vec<LoadedPolicy>, MalformedPolicy> {
    let read = |(index, text): (usize, &String)| {
        let document = Arc::new(PolicyDocument::parse(text, kind)?);
        Ok(LoadedPolicy { name: format!("{prefix}.{}", index.saturating_add(1)), document })
    };
    texts.iter().enumerate().map(read).collect()
}

/// Who an ARN of a user, a role, a role's session or an account's root is, without looking whether there is one.
pub fn principal_of(arn: &Arn) -> Option<PrincipalFacts> {
    let account = AccountId::parse(&arn.account).ok()?;
    let (word, rest) = arn.resource.split_once('/').unwrap_or((arn.resource.as_str(), ""));
    let text = arn.to_string();
    let kind = match (arn.service.as_str(), word) {
        ("iam", "root") => PrincipalKind::Root,
        ("iam", "user" | "group") => PrincipalKind::User { arn: text, id: String::new() },
        ("iam", "role") => {
            PrincipalKind::RoleSession { role_arn: text, role_id: String::new(), session_arn: String::new() }
        }
        ("sts", "assumed-role") => {
            let role = rest.split('/').next().unwrap_or(rest);
            let role_arn = format!("arn:aws:iam::{account}:role/{role}");
            PrincipalKind::RoleSession { role_arn, role_id: String::new(), session_arn: text }
        }
        ("sts", "federated-user") => PrincipalKind::FederatedUser { arn: text, user_arn: None },
        _ => return None,
    };
    Some(PrincipalFacts { kind, account: Some(account), canonical_user_id: None })
}

impl Access {
    /// The guardrails that bind an account's principals.
    pub fn guardrails_of(&self, account: &AccountId) -> Vec<Vec<LoadedPolicy>> {
        self.guardrails().of(account).cloned().collect()
    }
}

impl Iam {
    /// The policies of the user, group or role that has an ARN.
    ///
    /// # Errors
    /// `InvalidInput`: the ARN is of nothing that has policies; `NoSuchEntity`.
    pub async fn policy_source(&self, account: AccountId, arn: &Arn) -> Result<Source, IamError> {
        let name = arn.resource.rsplit('/').next().unwrap_or_default().to_owned();
        let word = arn.resource.split('/').next().unwrap_or_default();
        if arn.service != "iam" || arn.account != account.as_str() {
            return Err(IamError::InvalidInput(format!(
                "Invalid Entity Arn: {arn} does not clearly define entity type and name."
            )));
        }
        let loaded = if word == IdentityKind::User.word() {
            self.user_policies(account, &name).await?
        } else if word == IdentityKind::Role.word() {
            self.role_policies(arn).await?
        } else if word == IdentityKind::Group.word() {
            return self.group_source(account, name).await;
        } else {
            return Err(IamError::InvalidInput(format!(
                "Invalid Entity Arn: {arn} does not clearly define entity type and name."
            )));
        };
        let unknown = || IamError::NoSuchEntity(format!("The {word} with name {name} cannot be found."));
        let loaded: Arc<Loaded> = loaded.ok_or_else(unknown)?;
        Ok(Source {
            policies: loaded.policies.clone(),
            boundary: loaded.boundary.clone().map(|policy| vec![policy]),
        })
    }

    async fn group_source(&self, account: AccountId, name: String) -> Result<Source, IamError> {
        let group = self.get::<Group>(account.clone(), name.clone()).await?;
        let mut policies = Vec::new();
        for inline in group.identity.inline.keys() {
            let text = self.get_policy_text::<Group>(account.clone(), name.clone(), inline.clone()).await?;
            let document = Arc::new(PolicyDocument::parse(&text, PolicyKind::Identity)?);
            policies.push(LoadedPolicy { name: format!("inline {inline} of group {name}"), document });
        }
        for arn in &group.identity.attached {
            policies.extend(self.managed_policy(&account, arn).await?);
        }
        Ok(Source { policies, boundary: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/${aws:username}/*"}]}"#;
    const DENY: &str =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#;

    fn simulation(policies: &[&str], boundary: Option<&str>) -> Simulation {
        let read = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            given_policies("PolicyInputList", &texts, PolicyKind::Identity).unwrap()
        };
        let mut context = Context::new();
        context.set("aws:username", "ann");
        Simulation {
            principal: principal_of(&Arn::parse("arn:aws:iam::000000000000:user/ann").unwrap()).unwrap(),
            source: Source { policies: read(policies), boundary: boundary.map(|text| read(&[text])) },
            resource_policy: None,
            resource_owner: None,
            guardrails: Vec::new(),
            context,
        }
    }

    #[test]
    fn a_simulation_decides_and_says_by_what() {
        let own = "arn:aws:s3:::photos/ann/cat";
        let allowed = simulation(&[READ], None).run("s3:GetObject", own);
        assert_eq!((allowed.decision(), allowed.missing_keys.len()), ("allowed", 0));
        assert_eq!(allowed.verdict.decided_by.unwrap().policy, "PolicyInputList.1");
        let other = simulation(&[READ], None).run("s3:GetObject", "arn:aws:s3:::photos/bob/cat");
        assert_eq!(other.decision(), "implicitDeny");
        let denied = simulation(&[READ, DENY], None).run("s3:GetObject", own);
        assert_eq!(denied.decision(), "explicitDeny");
        assert_eq!(denied.verdict.decided_by.unwrap().policy, "PolicyInputList.2");
        let bounded = simulation(&[READ], Some(&READ.replace("GetObject", "PutObject")));
        let bounded = bounded.run("s3:GetObject", own);
        assert_eq!((bounded.decision(), bounded.allowed_by_boundary), ("implicitDeny", Some(false)));
    }

    #[test]
    fn keys_that_nobody_gave_are_named() {
        let mut simulation = simulation(&[READ], None);
        simulation.context = Context::new();
        assert_eq!(simulation.run("s3:GetObject", "*").missing_keys, ["aws:username"]);
    }
}
