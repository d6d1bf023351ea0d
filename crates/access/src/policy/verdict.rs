use super::request::Request;

/// The answer of [`evaluate`](super::evaluate), with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub decision: Decision,
    /// The statement that denied, or the one that allowed. `None` where nothing matched, and for root.
    pub decided_by: Option<Source>,
    /// Of an implicit deny: the first layer that would have had to allow and did not.
    pub missing: Option<Layer>,
    /// What each layer said that was there, in the order of evaluation.
    pub evaluated: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allow,
    ExplicitDeny,
    ImplicitDeny,
}

/// What policies are attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    Guardrail,
    Resource,
    /// A role's trust policy: the resource layer of `sts:AssumeRole…`.
    Trust,
    Identity,
    Boundary,
    Session,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub layer: Layer,
    /// The policy's name, as it was given.
    pub policy: String,
    pub sid: Option<String>,
    /// Counted from 0.
    pub statement: usize,
}

/// What one layer said. Guardrails have a step for each level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub layer: Layer,
    pub outcome: Outcome,
    pub by: Option<Source>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Allowed,
    Denied,
    /// No statement was about the request.
    Silent,
}

impl Verdict {
    pub fn is_allowed(&self) -> bool {
        self.decision == Decision::Allow
    }

    /// What follows `User: … is not authorized to perform: … on resource: …`, in AWS's words; empty when allowed.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
    pub fn because(&self, request: &Request<'_>) -> String {
        let action = request.action;
        match (self.decision, &self.decided_by, self.missing) {
            (Decision::ExplicitDeny, Some(source), _) => {
                let article = if source.layer == Layer::Identity { "an" } else { "a" };
                let of = source.layer.words();
                if source.policy.starts_with("arn:") {
                    format!("with an explicit deny in {article} {of}: {}", source.policy)
                } else {
                    format!("with an explicit deny in {article} {of}")
                }
            }
            (Decision::ImplicitDeny, _, Some(layer)) => {
                format!("because no {} allows the {action} action", layer.words())
            }
            _ => String::new(),
        }
    }
}

impl Layer {
    /// As AWS's denials call it.
    pub fn words(self) -> &'static str {
        match self {
            Layer::Guardrail => "service control policy",
            Layer::Resource => "resource-based policy",
            Layer::Trust => "role trust policy",
            Layer::Identity => "identity-based policy",
            Layer::Boundary => "permissions boundary",
            Layer::Session => "session policy",
        }
    }
}
