//! What SimulateCustomPolicy and SimulatePrincipalPolicy have in common.

use super::model;
use crate::{ApiError, Call};
use access::IamError;
use access::iam::LoadedPolicy;
use access::policy::{Context, Layer, MalformedPolicy, PolicyKind};
use access::simulate::{Simulated, Simulation, given_policies};
use names::{AccountId, Arn};

/// What both are asked for.
pub(super) struct Asked {
    pub actions: Vec<String>,
    pub resources: Option<Vec<String>>,
    pub marker: Option<String>,
    pub max_items: Option<i32>,
}

/// Results on a page when nobody says how many.
const PAGE_RESULTS: usize = 100;

/// One result for each action on each resource, in the order in which they were asked for.
///
/// # Errors
/// The marker is none of ours.
pub(super) fn answer(
    simulation: &Simulation,
    asked: Asked,
) -> Result<model::SimulatePolicyResponse, ApiError> {
    let resources = asked.resources.filter(|resources| !resources.is_empty());
    let resources = resources.unwrap_or_else(|| vec!["*".to_owned()]);
    let start = match asked.marker.map(|marker| marker.parse::<usize>()) {
        None => 0,
        Some(Ok(start)) => start,
        Some(Err(_)) => return Err(ApiError::invalid("InvalidInput", "The marker is not valid.")),
    };
    let max = asked.max_items.and_then(|max| usize::try_from(max).ok()).unwrap_or(PAGE_RESULTS);
    let all =
        asked.actions.iter().flat_map(|action| resources.iter().map(move |resource| (action, resource)));
    let mut rest = all.skip(start);
    let results: Vec<_> = rest
        .by_ref()
        .take(max)
        .map(|(action, resource)| shown(simulation.run(action, resource), action, resource))
        .collect();
    let is_truncated = rest.next().is_some();
    let marker = is_truncated.then(|| start.saturating_add(results.len()).to_string());
    Ok(model::SimulatePolicyResponse {
        evaluation_results: Some(results),
        is_truncated: Some(is_truncated),
        marker,
    })
}

fn shown(result: Simulated, action: &str, resource: &str) -> model::EvaluationResult {
    let matched = result.verdict.decided_by.iter().map(|source| model::Statement {
        source_policy_id: Some(source.policy.clone()),
        source_policy_type: Some(kind(source.layer, &source.policy).to_owned()),
        start_position: None,
        end_position: None,
    });
    let boundary = result.allowed_by_boundary.map(|allowed| model::PermissionsBoundaryDecisionDetail {
        allowed_by_permissions_boundary: Some(allowed),
    });
    let organizations = result
        .allowed_by_guardrails
        .map(|allowed| model::OrganizationsDecisionDetail { allowed_by_organizations: Some(allowed) });
    model::EvaluationResult {
        eval_action_name: action.to_owned(),
        eval_resource_name: Some(resource.to_owned()),
        eval_decision: result.decision().to_owned(),
        matched_statements: Some(matched.collect()),
        missing_context_values: Some(result.missing_keys),
        organizations_decision_detail: organizations,
        permissions_boundary_decision_detail: boundary,
        eval_decision_details: None,
        resource_specific_results: None,
    }
}

fn kind(layer: Layer, policy: &str) -> &'static str {
    let holder = |word: &str| policy.starts_with("inline ") && policy.contains(&format!(" of {word} "));
    match layer {
        Layer::Resource | Layer::Trust => "resource",
        _ if policy.starts_with("arn:aws:iam::aws:") => "aws-managed",
        _ if policy.starts_with("arn:") => "user-managed",
        _ if holder("user") => "user",
        _ if holder("group") => "group",
        _ if holder("role") => "role",
        _ => "none",
    }
}

/// # Errors
/// An entry without a name.
pub(super) fn context(entries: Option<Vec<model::ContextEntry>>) -> Result<Context, ApiError> {
    let mut context = Context::new();
    for entry in entries.unwrap_or_default() {
        let unnamed = || ApiError::invalid("InvalidInput", "A context entry must have a name.");
        let name = entry.context_key_name.ok_or_else(unnamed)?;
        context.set_all(&name, entry.context_key_values.unwrap_or_default());
    }
    Ok(context)
}

/// # Errors
/// `InvalidInput`: a policy that is none.
pub(super) fn policies(
    prefix: &str,
    texts: &[String],
    kind: PolicyKind,
) -> Result<Vec<LoadedPolicy>, ApiError> {
    given_policies(prefix, texts, kind).map_err(malformed)
}

/// # Errors
/// As [`policies`].
pub(super) fn resource_policy(text: Option<String>) -> Result<Option<LoadedPolicy>, ApiError> {
    let texts: Vec<String> = text.into_iter().collect();
    Ok(policies("ResourcePolicy", &texts, PolicyKind::Resource)?.pop())
}

fn malformed(error: MalformedPolicy) -> ApiError {
    IamError::InvalidInput(error.to_string()).into()
}

/// An account's ARN or id.
///
/// # Errors
/// `InvalidInput`: neither.
pub(super) fn owner(text: Option<String>) -> Result<Option<AccountId>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let account = Arn::parse(&text).map_or(text.clone(), |arn| arn.account);
    let invalid = |_| ApiError::invalid("InvalidInput", format!("{text} is no account."));
    AccountId::parse(&account).map(Some).map_err(invalid)
}

/// # Errors
/// `InvalidInput`: no ARN.
pub(super) fn arn(text: &str) -> Result<Arn, ApiError> {
    Arn::parse(text).map_err(|_| ApiError::invalid("InvalidInput", format!("Invalid ARN: {text}")))
}

/// What a simulation that is of nobody's policies acts on: as IAM, anything.
///
/// # Errors
/// None in fact: an account's id makes an ARN.
pub(super) fn anything(call: &Call) -> Result<Vec<access::Resource>, ApiError> {
    super::resources::new(call, "*", Some(""), "")
}
