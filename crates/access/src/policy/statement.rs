use super::condition::Condition;
use super::document::{Actions, Effect, Resources, Statement};
use super::principal::{Naming, PrincipalElement};
use super::{Context, Request};

impl Statement {
    /// Whether the statement is about the request, and how closely it names who asks. `action` is lower-cased.
    pub(super) fn applies(&self, request: &Request<'_>, action: &str) -> Option<Naming> {
        let Request { resource, context, .. } = request;
        if !self.actions.cover(action)
            || !self
                .resources
                .as_ref()
                .is_none_or(|resources| resources.cover(&resource.arn, context, self.effect))
        {
            return None;
        }
        let naming = match &self.principal {
            None => Naming::Direct,
            Some(element) => naming(element, request)?,
        };
        let holds = |condition: &Condition| condition.holds(context, self.effect);
        self.conditions.iter().all(holds).then_some(naming)
    }
}

/// NotPrincipal, which stands in denies alone, denies whoever has a permissions boundary, named or not:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
fn naming(element: &PrincipalElement, request: &Request<'_>) -> Option<Naming> {
    if element.negated && request.policies.boundary.is_some() {
        return Some(Naming::Direct);
    }
    element.names(request.principal)
}

impl Actions {
    pub(super) fn cover(&self, action: &str) -> bool {
        self.patterns.iter().any(|(_, pattern)| pattern.matches(action)) != self.negated
    }
}

impl Resources {
    /// Of what to leave out, a variable without a value leaves it unknown; then nothing is allowed by it.
    pub(super) fn cover(&self, arn: &str, context: &Context, effect: Effect) -> bool {
        if self.negated
            && effect == Effect::Allow
            && self.patterns.iter().any(|pattern| !pattern.is_resolved(context))
        {
            return false;
        }
        self.patterns.iter().any(|pattern| pattern.matches(arn, context)) != self.negated
    }
}
