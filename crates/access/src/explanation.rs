use crate::policy::{Decision, Layer, NearMiss, Request, Source, Step, Verdict};

/// A refusal: what the caller is told, and what it rests on, which is for those alone who may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// As AWS words it; fit for the caller.
    pub message: String,
    pub explanation: Explanation,
}

/// How a request came to be denied, in full. Names policies, and values of condition keys, that the caller may
/// not be allowed to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// As IAM writes it; empty where no action was asked for.
    pub action: String,
    pub resource: Option<String>,
    /// A statement denied; else nothing allowed.
    pub is_explicit: bool,
    /// The statement that denied.
    pub decided_by: Option<Source>,
    /// The layer that would have had to allow and did not. `None`, without `decided_by` too: no policy was asked,
    /// since none could have allowed it.
    pub missing: Option<Layer>,
    /// What each layer said.
    pub evaluated: Vec<Step>,
    pub near_misses: Vec<NearMiss>,
    /// Condition keys of the request, lower-cased and in order, with their values.
    pub context: Vec<(String, Vec<String>)>,
    /// In a policy of the missing layer, it would allow the request there.
    pub smallest_statement: Option<String>,
}

impl Denial {
    /// Without a policy that could have decided.
    pub fn plain(message: impl Into<String>, action: &str, resource: Option<String>) -> Self {
        let explanation = Explanation { action: action.to_owned(), resource, ..Explanation::default() };
        Denial { message: message.into(), explanation }
    }
}

impl Explanation {
    /// Of a verdict that does not allow.
    pub fn of(verdict: &Verdict, request: &Request<'_>) -> Self {
        let mut context: Vec<_> =
            request.context.iter().map(|(key, values)| (key.to_owned(), values.to_vec())).collect();
        context.sort();
        Explanation {
            action: request.action.to_owned(),
            resource: Some(request.resource.arn.clone()),
            is_explicit: verdict.decision == Decision::ExplicitDeny,
            decided_by: verdict.decided_by.clone(),
            missing: verdict.missing,
            evaluated: verdict.evaluated.clone(),
            near_misses: verdict.near_misses(request),
            context,
            smallest_statement: verdict.smallest_statement(request),
        }
    }
}
