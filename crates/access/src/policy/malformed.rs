use super::PolicyKind;
use super::json::JsonFault;

/// Why a text is no policy, in the words that IAM has for it (or, for a resource's policy, S3).
///
/// What belongs around it (`MalformedPolicyDocument`, `MalformedPolicy` and a status) is the caller's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MalformedPolicy {
    message: String,
}

impl MalformedPolicy {
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn new(message: impl Into<String>) -> Self {
        MalformedPolicy { message: message.into() }
    }

    /// Anything that is JSON but does not follow the grammar, where no better word is known.
    pub(super) fn syntax(kind: PolicyKind) -> Self {
        MalformedPolicy::new(match kind {
            PolicyKind::Identity | PolicyKind::Trust => "Syntax errors in policy.",
            PolicyKind::Resource => "Policy has invalid syntax",
            PolicyKind::Guardrail => GUARDRAIL,
        })
    }

    pub(super) fn json(kind: PolicyKind, fault: JsonFault) -> Self {
        match (kind, fault) {
            (PolicyKind::Trust, JsonFault::Syntax | JsonFault::DuplicateKey) => {
                MalformedPolicy::new("This policy contains invalid Json")
            }
            (PolicyKind::Resource, JsonFault::Syntax) => {
                MalformedPolicy::new("Policies must be valid JSON and the first byte must be '{'")
            }
            (PolicyKind::Resource, JsonFault::DuplicateKey) => {
                MalformedPolicy::new("Duplicate JSON keys are not allowed in a policy")
            }
            (PolicyKind::Guardrail, _) => MalformedPolicy::new(GUARDRAIL),
            _ => MalformedPolicy::syntax(kind),
        }
    }

    pub(super) fn missing(kind: PolicyKind, element: &str) -> Self {
        match (kind, element) {
            (PolicyKind::Identity, "Action") => {
                MalformedPolicy::new("Policy statement must contain actions.")
            }
            (PolicyKind::Identity, "Resource") => {
                MalformedPolicy::new("Policy statement must contain resources.")
            }
            (PolicyKind::Trust | PolicyKind::Resource, _) => {
                MalformedPolicy::new(format!("Missing required field {element}"))
            }
            _ => MalformedPolicy::syntax(kind),
        }
    }

    pub(super) fn prohibited(kind: PolicyKind, element: &str) -> Self {
        match kind {
            PolicyKind::Identity => MalformedPolicy::new("Policy document should not specify a principal."),
            PolicyKind::Trust => MalformedPolicy::new(format!("Has prohibited field {element}")),
            PolicyKind::Resource | PolicyKind::Guardrail => MalformedPolicy::syntax(kind),
        }
    }

    pub(super) fn unknown(kind: PolicyKind, element: &str) -> Self {
        match kind {
            PolicyKind::Resource => MalformedPolicy::new(format!("Unknown field {element}")),
            PolicyKind::Trust => MalformedPolicy::prohibited(kind, element),
            PolicyKind::Identity | PolicyKind::Guardrail => MalformedPolicy::syntax(kind),
        }
    }

    pub(super) fn version(kind: PolicyKind) -> Self {
        match kind {
            PolicyKind::Resource => MalformedPolicy::new("The policy must contain a valid version string"),
            _ => MalformedPolicy::syntax(kind),
        }
    }

    pub(super) fn effect(kind: PolicyKind, text: &str) -> Self {
        match kind {
            PolicyKind::Resource => MalformedPolicy::new(format!("Invalid effect: {text}")),
            _ if ["allow", "deny"].iter().any(|effect| text.eq_ignore_ascii_case(effect)) => {
                MalformedPolicy::legacy(kind)
            }
            _ => MalformedPolicy::syntax(kind),
        }
    }

    /// What follows the grammar but has a word or a date in it that means nothing.
    pub(super) fn legacy(kind: PolicyKind) -> Self {
        match kind {
            PolicyKind::Identity | PolicyKind::Trust => {
                MalformedPolicy::new("The policy failed legacy parsing")
            }
            PolicyKind::Resource | PolicyKind::Guardrail => MalformedPolicy::syntax(kind),
        }
    }

    /// `message` is what IAM says.
    pub(super) fn action(kind: PolicyKind, message: impl Into<String>) -> Self {
        match kind {
            PolicyKind::Resource => MalformedPolicy::new("Policy has invalid action"),
            PolicyKind::Guardrail => MalformedPolicy::syntax(kind),
            PolicyKind::Identity | PolicyKind::Trust => MalformedPolicy::new(message),
        }
    }

    pub(super) fn resource(kind: PolicyKind, text: &str) -> Self {
        match kind {
            PolicyKind::Resource => MalformedPolicy::new("Policy has invalid resource"),
            _ => MalformedPolicy::new(format!("Resource {text} must be in ARN format or \"*\".")),
        }
    }

    /// The service of a resource's ARN is absent or not written out.
    pub(super) fn vendor(kind: PolicyKind) -> Self {
        match kind {
            PolicyKind::Resource => MalformedPolicy::new("Policy has invalid resource"),
            _ => MalformedPolicy::new("Resource vendor must be fully qualified and cannot contain regexes."),
        }
    }

    pub(super) fn operator(kind: PolicyKind, name: &str) -> Self {
        match kind {
            PolicyKind::Resource => MalformedPolicy::new(format!("Invalid Condition type : {name}")),
            _ => MalformedPolicy::syntax(kind),
        }
    }

    pub(super) fn key(kind: PolicyKind, key: &str) -> Self {
        match kind {
            PolicyKind::Resource => {
                MalformedPolicy::new(format!("Policy has an invalid condition key: {key}"))
            }
            _ => MalformedPolicy::new(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            ),
        }
    }

    /// `of` is the kind of principal, such as `AWS`.
    pub(super) fn principal(kind: PolicyKind, of: Option<&str>, text: &str) -> Self {
        match (kind, of) {
            (PolicyKind::Trust, Some(of)) => {
                MalformedPolicy::new(format!("Invalid principal in policy: \"{of}\":\"{text}\""))
            }
            _ => MalformedPolicy::new("Invalid principal in policy"),
        }
    }
}

/// What Organizations says of every policy that it does not take.
const GUARDRAIL: &str =
    "The provided policy document does not meet the requirements of the specified policy type.";
