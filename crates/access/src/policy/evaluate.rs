use super::document::Effect;
use super::principal::Naming;
use super::verdict::{Decision, Layer, Outcome, Source, Step, Verdict};
use super::{Named, PolicyKind, PrincipalKind, Request};

/// Decides, by the published logic. Pure, and without bounds of its own: policies are bounded when parsed.
///
/// - An explicit deny anywhere wins.
/// - Every level of guardrails must allow.
/// - Inside one account the identity's policies or the resource's must allow, between accounts both.
/// - Boundary and session policies limit what identity policies allow, and what a resource's policy allows to
///   the role (or user) behind a session; not what it allows to the very session or user.
/// - A resource's policy that names an account leaves it to that account's own policies.
/// - A trust policy must allow in any case.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
pub fn evaluate(request: &Request<'_>) -> Verdict {
    let action = request.action.to_ascii_lowercase();
    let policies = request.policies;
    let mut findings = Findings { layers: Vec::with_capacity(5) };
    for level in policies.guardrails {
        findings.read(Layer::Guardrail, level, request, &action);
    }
    if let Some(policy) = policies.resource {
        findings.read(resource_layer(policy), std::slice::from_ref(policy), request, &action);
    }
    if !is_unlimited(&request.principal.kind) {
        findings.read(Layer::Identity, policies.identity, request, &action);
    }
    if let Some(boundary) = policies.boundary {
        findings.read(Layer::Boundary, boundary, request, &action);
    }
    if let Some(session) = policies.session {
        findings.read(Layer::Session, session, request, &action);
    }
    findings.verdict(request)
}

/// Whose identity layer allows everything.
fn is_unlimited(kind: &PrincipalKind) -> bool {
    matches!(kind, PrincipalKind::Root | PrincipalKind::FederatedUser { user_arn: None, .. })
}

fn resource_layer(policy: &Named<'_>) -> Layer {
    if policy.document.kind() == PolicyKind::Trust { Layer::Trust } else { Layer::Resource }
}

/// What every layer has to say.
struct Findings<'a> {
    layers: Vec<Found<'a>>,
}

struct Found<'a> {
    layer: Layer,
    deny: Option<At<'a>>,
    /// The allow that names who asks most closely.
    allow: Option<(Naming, At<'a>)>,
}

/// A statement, by its policy and its place.
#[derive(Clone, Copy)]
struct At<'a> {
    policy: &'a Named<'a>,
    statement: usize,
}

impl<'a> Findings<'a> {
    fn read(&mut self, layer: Layer, policies: &'a [Named<'a>], request: &Request<'_>, action: &str) {
        let mut found = Found { layer, deny: None, allow: None };
        for policy in policies {
            for (statement, of) in policy.document.statements.iter().enumerate() {
                // Once it is known that the layer allows (or denies), more of the same changes nothing.
                let is_known = match of.effect {
                    Effect::Deny => found.deny.is_some(),
                    Effect::Allow => matches!(found.allow, Some((Naming::Direct, _))),
                };
                if is_known {
                    continue;
                }
                let Some(naming) = of.applies(request, action) else { continue };
                let at = At { policy, statement };
                match of.effect {
                    Effect::Deny => found.deny = Some(at),
                    Effect::Allow if found.allow.is_none_or(|(known, _)| known < naming) => {
                        found.allow = Some((naming, at));
                    }
                    Effect::Allow => {}
                }
            }
        }
        self.layers.push(found);
    }

    fn verdict(&self, request: &Request<'_>) -> Verdict {
        let evaluated = self.layers.iter().map(Found::step).collect();
        let denied = self.layers.iter().find_map(|found| Some((found.layer, found.deny?)));
        if let Some((layer, at)) = denied {
            let decided_by = Some(at.source(layer));
            return Verdict { decision: Decision::ExplicitDeny, decided_by, missing: None, evaluated };
        }
        match self.allowed(request) {
            Ok(decided_by) => Verdict { decision: Decision::Allow, decided_by, missing: None, evaluated },
            Err(missing) => Verdict {
                decision: Decision::ImplicitDeny,
                decided_by: None,
                missing: Some(missing),
                evaluated,
            },
        }
    }

    /// Who allowed, or which layer should have and did not.
    fn allowed(&self, request: &Request<'_>) -> Result<Option<Source>, Layer> {
        self.must_allow(Layer::Guardrail)?;
        let resource_layer = request.policies.resource.map_or(Layer::Resource, resource_layer);
        let by_resource = self.allow(resource_layer);
        let resource_source = || by_resource.map(|(_, at)| at.source(resource_layer));
        let Some(account) = &request.principal.account else {
            // Has no policies of its own: the resource's decides alone.
            return match by_resource {
                Some((Naming::Direct, _)) => Ok(resource_source()),
                _ => Err(resource_layer),
            };
        };
        let is_same_account = request.resource.account.as_ref().is_none_or(|owner| owner == account);
        if is_same_account {
            match by_resource {
                Some((Naming::Direct, _)) => return Ok(resource_source()),
                Some((Naming::Behind, _)) => {
                    self.must_allow(Layer::Boundary)?;
                    self.must_allow(Layer::Session)?;
                    return Ok(resource_source());
                }
                None if resource_layer == Layer::Trust => return Err(Layer::Trust),
                Some((Naming::Account, _)) | None => {}
            }
        }
        self.must_allow(Layer::Identity)?;
        self.must_allow(Layer::Boundary)?;
        self.must_allow(Layer::Session)?;
        if !is_same_account && by_resource.is_none() {
            return Err(resource_layer);
        }
        Ok(self.allow(Layer::Identity).map(|(_, at)| at.source(Layer::Identity)).or_else(resource_source))
    }

    /// A layer that is not there limits nothing.
    fn must_allow(&self, layer: Layer) -> Result<(), Layer> {
        let allows = |found: &Found<'_>| found.layer != layer || found.allow.is_some();
        if self.layers.iter().all(allows) { Ok(()) } else { Err(layer) }
    }

    fn allow(&self, layer: Layer) -> Option<(Naming, At<'a>)> {
        self.layers.iter().find(|found| found.layer == layer).and_then(|found| found.allow)
    }
}

impl Found<'_> {
    fn step(&self) -> Step {
        let (outcome, at) = match (self.deny, self.allow) {
            (Some(at), _) => (Outcome::Denied, Some(at)),
            (None, Some((_, at))) => (Outcome::Allowed, Some(at)),
            (None, None) => (Outcome::Silent, None),
        };
        Step { layer: self.layer, outcome, by: at.map(|at| at.source(self.layer)) }
    }
}

impl At<'_> {
    fn source(self, layer: Layer) -> Source {
        let statement = self.policy.document.statements.get(self.statement);
        Source {
            layer,
            policy: self.policy.name.to_owned(),
            sid: statement.and_then(|statement| statement.sid.clone()),
            statement: self.statement,
        }
    }
}
