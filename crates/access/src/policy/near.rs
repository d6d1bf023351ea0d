use super::condition::Condition;
use super::document::{Effect, Statement};
use super::verdict::{Layer, Outcome, Source, Verdict};
use super::{Named, PolicyKind, Request};

/// Near misses that are told of at most.
pub const NEAR_MISSES_MAX: usize = 5;

/// Values of a near miss that are told of at most, of each kind.
const VALUES_MAX: usize = 10;

/// A statement that is about the action, would have allowed, and does not apply for want of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    pub by: Source,
    pub lacks: Lack,
}

/// What kept a statement from applying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// All but these conditions hold. Never empty.
    Conditions(Vec<FailedCondition>),
    /// It names other resources, at most ten of which are listed.
    Resource { named: Vec<String> },
    /// It names other principals.
    Principal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCondition {
    /// Operator and key as the policy writes them.
    pub operator: String,
    pub key: String,
    /// What the policy compares to, at most ten values.
    pub wanted: Vec<String>,
    /// What the request has; empty where it lacks the key.
    pub found: Vec<String>,
}

impl Verdict {
    /// The statements of layers that allowed nothing which came closest to it: at most [`NEAR_MISSES_MAX`],
    /// those that lack a condition first. None where a statement denied.
    pub fn near_misses(&self, request: &Request<'_>) -> Vec<NearMiss> {
        if self.missing.is_none() {
            return Vec::new();
        }
        let is_silent = |layer: Layer| {
            self.evaluated.iter().any(|step| step.layer == layer && step.outcome == Outcome::Silent)
        };
        let policies = request.policies;
        let trusts = policies.resource.is_some_and(|policy| policy.document.kind() == PolicyKind::Trust);
        let resource = if trusts { Layer::Trust } else { Layer::Resource };
        let guardrails = policies.guardrails.iter().copied().flatten();
        let layers = guardrails.map(|policy| (Layer::Guardrail, policy));
        let layers = layers
            .chain(policies.resource.map(|policy| (resource, policy)))
            .chain(policies.identity.iter().map(|policy| (Layer::Identity, policy)))
            .chain(policies.boundary.into_iter().flatten().map(|policy| (Layer::Boundary, policy)))
            .chain(policies.session.into_iter().flatten().map(|policy| (Layer::Session, policy)));
        let action = request.action.to_ascii_lowercase();
        let mut near: Vec<NearMiss> = layers
            .filter(|(layer, _)| is_silent(*layer))
            .flat_map(|(layer, policy)| of_policy(layer, policy, request, &action))
            .collect();
        // Stable: else in the order of the policies.
        near.sort_by_key(|miss| !matches!(miss.lacks, Lack::Conditions(_)));
        near.truncate(NEAR_MISSES_MAX);
        near
    }
}

fn of_policy(layer: Layer, policy: &Named<'_>, request: &Request<'_>, action: &str) -> Vec<NearMiss> {
    let statements = policy.document.statements.iter().enumerate();
    let misses = statements.filter_map(|(place, statement)| {
        let lacks = statement.lacks(request, action)?;
        let by =
            Source { layer, policy: policy.name.to_owned(), sid: statement.sid.clone(), statement: place };
        Some(NearMiss { by, lacks })
    });
    misses.take(NEAR_MISSES_MAX).collect()
}

impl Statement {
    /// `None` for what denies, is about other actions, or applies.
    fn lacks(&self, request: &Request<'_>, action: &str) -> Option<Lack> {
        if self.effect != Effect::Allow || !self.actions.cover(action) {
            return None;
        }
        let (arn, context) = (&request.resource.arn, request.context);
        if let Some(resources) = &self.resources
            && !resources.cover(arn, context, self.effect)
        {
            let named = resources.patterns.iter().take(VALUES_MAX).map(|template| template.text.to_string());
            return Some(Lack::Resource { named: named.collect() });
        }
        if self.principal.as_ref().is_some_and(|element| element.names(request.principal).is_none()) {
            return Some(Lack::Principal);
        }
        let failed = self.conditions.iter().filter(|condition| !condition.holds(context, self.effect));
        let failed: Vec<_> = failed.map(|condition| condition.failed(request)).collect();
        (!failed.is_empty()).then_some(Lack::Conditions(failed))
    }
}

impl Condition {
    fn failed(&self, request: &Request<'_>) -> FailedCondition {
        let found = request.context.get_lower(&self.key).unwrap_or_default();
        FailedCondition {
            operator: self.operator_name.to_string(),
            key: self.key_name.to_string(),
            wanted: self.values.iter().take(VALUES_MAX).map(|value| value.text.to_string()).collect(),
            found: found.iter().take(VALUES_MAX).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{
        Context, PolicyDocument, PolicySet, PrincipalFacts, PrincipalKind, ResourceFacts, evaluate,
    };
    use names::AccountId;

    /// What the near misses of reading `arn:aws:s3:::b/k` from 10.0.0.1 are, by their statements.
    fn check(statements: &str, expected: &[(usize, &str)]) {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let document = PolicyDocument::parse(&text, PolicyKind::Identity).unwrap();
        let identity = [Named { name: "p", document: &document }];
        let policies = PolicySet { identity: &identity, ..PolicySet::default() };
        let account = Some(AccountId::root());
        let kind =
            PrincipalKind::User { arn: "arn:aws:iam::000000000000:user/a".to_owned(), id: "A".to_owned() };
        let principal = PrincipalFacts { kind, account: account.clone(), canonical_user_id: None };
        let resource = ResourceFacts { arn: "arn:aws:s3:::b/k".to_owned(), account };
        let context: Context = [("aws:SourceIp", "10.0.0.1")].into_iter().collect();
        let (action, resource) = ("s3:GetObject", &resource);
        let request =
            Request { principal: &principal, action, resource, context: &context, policies: &policies };
        let near = evaluate(&request).near_misses(&request);
        let told = near.iter().map(|miss| {
            let what = match &miss.lacks {
                Lack::Conditions(failed) => failed
                    .iter()
                    .map(|one| format!("{} {} {:?} {:?}", one.operator, one.key, one.wanted, one.found))
                    .collect::<Vec<_>>()
                    .join("; "),
                Lack::Resource { named } => named.join(" "),
                Lack::Principal => "principal".to_owned(),
            };
            (miss.by.statement, what)
        });
        let expected: Vec<_> = expected.iter().map(|(place, what)| (*place, (*what).to_owned())).collect();
        assert_eq!(told.collect::<Vec<_>>(), expected, "{statements}");
    }

    #[test]
    fn what_almost_allowed_is_told() {
        let elsewhere = r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b"}"#;
        check(elsewhere, &[(0, "arn:aws:s3:::b")]);
        let other_action = r#"{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}"#;
        check(other_action, &[]);
        let from_home = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*",
            "Condition":{"IpAddress":{"aws:SourceIp":"192.168.0.0/16"},"Bool":{"aws:Seen":"true"}}}"#;
        check(
            &format!("{elsewhere},{from_home}"),
            &[
                (
                    1,
                    "IpAddress aws:SourceIp [\"192.168.0.0/16\"] [\"10.0.0.1\"]; Bool aws:Seen [\"true\"] []",
                ),
                (0, "arn:aws:s3:::b"),
            ],
        );
        // What is allowed, or denied by a statement, has none.
        check(&format!(r#"{elsewhere},{{"Effect":"Allow","Action":"*","Resource":"*"}}"#), &[]);
        check(&format!(r#"{elsewhere},{{"Effect":"Deny","Action":"*","Resource":"*"}}"#), &[]);
    }

    #[test]
    fn there_are_not_more_than_a_few() {
        let one = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::c"}"#;
        let expected: Vec<_> = (0..NEAR_MISSES_MAX).map(|place| (place, "arn:aws:s3:::c")).collect();
        check(&[one; NEAR_MISSES_MAX + 2].join(","), &expected);
    }
}
