//! A request in the audit log's words.

use crate::front::note::Note;
use access::policy::{Lack, Layer, NearMiss, Outcome as LayerOutcome, Source, Step};
use access::{Explanation, IamUser, Principal, Resource, Validity};
use audit::{
    Decision, Denial, FailedCondition, Judgement, Record, ResourceInfo, SessionAttributes, SessionContext,
    SessionIssuer, Statement, UserIdentity, cut,
};
use clock::Timestamp;
use names::{AccountId, Region};
use std::borrow::Cow;

/// Resources that a record lists.
const RESOURCES_MAX: usize = 20;

/// What is known only at the end.
pub(crate) struct Outcome<'a> {
    pub(crate) at: Timestamp,
    pub(crate) status: u16,
    pub(crate) decision: Decision,
    pub(crate) region: &'a Region,
    pub(crate) event_id: String,
    pub(crate) request_id: String,
}

pub(crate) fn record<'a>(note: &'a Note, outcome: Outcome<'a>) -> Record<'a> {
    let action = note.entry.map(|entry| entry.action).or(note.action.as_deref()).unwrap_or_default();
    let denied_on = note.denial().and_then(|explanation| explanation.resource.as_deref());
    let mut resources: Vec<_> = note.trail.resources().iter().take(RESOURCES_MAX).map(resource).collect();
    if let Some(arn) = denied_on
        && !resources.iter().any(|known| known.arn == arn)
    {
        resources.push(ResourceInfo { arn: arn.into(), account_id: None });
    }
    Record {
        event_version: "1.11".into(),
        user_identity: identity(note),
        event_time: outcome.at.to_iso8601().into(),
        event_source: source(note),
        event_name: match (note.operation, &note.unknown_operation) {
            ("-", Some(name)) => name.as_str().into(),
            ("-", None) => format!("{} {}", note.method, cut(&note.path)).into(),
            (name, _) => name.into(),
        },
        aws_region: outcome.region.as_str().into(),
        source_ip_address: note.peer.ip().to_string().into(),
        user_agent: cut(&note.user_agent),
        error_code: note.code.as_deref().map(Cow::Borrowed),
        error_message: note.message.as_deref().map(cut),
        request_parameters: note.parameters.clone(),
        request_id: outcome.request_id.into(),
        event_id: outcome.event_id.into(),
        read_only: !note.changes(),
        resources,
        event_type: "AwsApiCall".into(),
        management_event: !note.is_data(),
        recipient_account_id: account(note).map(AccountId::as_str).unwrap_or_default().into(),
        zerun: Judgement {
            action: action.into(),
            decision: outcome.decision,
            status: outcome.status,
            denial: note.denial().map(|explanation| Box::new(denial(explanation))),
            ..Judgement::default()
        },
    }
}

fn account(note: &Note) -> Option<&AccountId> {
    let owner = || note.trail.resources().first().and_then(|resource| resource.owner.as_ref());
    note.principal.as_ref().and_then(Principal::account).or_else(owner)
}

fn source(note: &Note) -> Cow<'static, str> {
    match (note.service.map(|service| service.name), &note.unknown_service) {
        (Some("s3"), _) => "s3.amazonaws.com".into(),
        (Some("lambda"), _) => "lambda.amazonaws.com".into(),
        (Some(name), _) => format!("{name}.amazonaws.com").into(),
        (None, Some(name)) => format!("{name}.amazonaws.com").into(),
        (None, None) => "zerun".into(),
    }
}

fn resource(resource: &Resource) -> ResourceInfo<'_> {
    let account_id = resource.owner.as_ref().map(|owner| owner.as_str().into());
    ResourceInfo { arn: resource.arn.to_string().into(), account_id }
}

/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
fn identity(note: &Note) -> UserIdentity<'_> {
    let access_key_id = note.access_key_id.as_deref().map(cut);
    let Some(principal) = note.known_principal() else {
        // As CloudTrail has whoever shows no credentials; or a key that is only claimed.
        let (kind, account_id) = match access_key_id {
            None => ("AWSAccount", Some("ANONYMOUS_PRINCIPAL".into())),
            Some(_) => ("Unknown", None),
        };
        return UserIdentity { kind: kind.into(), account_id, access_key_id, ..UserIdentity::default() };
    };
    let account = principal.account().map(AccountId::as_str).unwrap_or_default();
    let kind = match principal {
        Principal::Root(_) | Principal::Token { user: None, .. } => "Root",
        Principal::User { .. } | Principal::Token { .. } => "IAMUser",
        Principal::Session { .. } => "AssumedRole",
        Principal::Federated { .. } => "FederatedUser",
        Principal::Service(_) => "AWSService",
        Principal::Anonymous => "Unknown",
    };
    let session_context = principal.validity().map(|validity| {
        let mut context = session(validity);
        match principal {
            Principal::Session { session, .. } => {
                let name = session.role_arn.resource.rsplit('/').next().unwrap_or_default();
                context.session_issuer = Some(SessionIssuer {
                    kind: "Role".into(),
                    principal_id: session.role_id.as_str().into(),
                    arn: session.role_arn.to_string().into(),
                    account_id: session.role_arn.account.as_str().into(),
                    user_name: name.into(),
                });
                context.source_identity = session.source_identity.as_deref().map(Cow::Borrowed);
                context.function_arn = session.function_arn.as_ref().map(|arn| arn.to_string().into());
            }
            Principal::Federated { owner, federated, .. } => {
                context.session_issuer =
                    federated.user.as_ref().map(|user| user_issuer(user, &owner.account));
            }
            _ => {}
        }
        context
    });
    UserIdentity {
        kind: kind.into(),
        principal_id: Some(principal.user_id().into()),
        arn: Some(principal.arn().into()),
        account_id: Some(account.into()),
        access_key_id,
        user_name: principal.user().map(|user| user.name.as_str().into()),
        session_context,
    }
}

fn session(validity: Validity) -> SessionContext<'static> {
    let creation_date = validity.issued.to_iso8601().into();
    let attributes = SessionAttributes { creation_date, mfa_authenticated: "false".into() };
    SessionContext { attributes, ..SessionContext::default() }
}

fn user_issuer<'a>(user: &'a IamUser, account: &'a AccountId) -> SessionIssuer<'a> {
    SessionIssuer {
        kind: "IAMUser".into(),
        principal_id: user.id.as_str().into(),
        arn: user.arn(account).into(),
        account_id: account.as_str().into(),
        user_name: user.name.as_str().into(),
    }
}

fn denial(explanation: &Explanation) -> Denial {
    let layer = explanation.decided_by.as_ref().map(|source| source.layer).or(explanation.missing);
    let smallest = explanation.smallest_statement.as_deref();
    Denial {
        action: explanation.action.clone(),
        resource: explanation.resource.clone(),
        explicit: explanation.is_explicit,
        layer: layer.map(layer_words),
        statement: explanation.decided_by.as_ref().map(statement),
        evaluated: explanation.evaluated.iter().map(step).collect(),
        near_misses: explanation.near_misses.iter().map(near_miss).collect(),
        context: explanation.context.iter().map(|(key, values)| (key.clone(), shortened(values))).collect(),
        smallest_statement: smallest.and_then(|text| serde_json::from_str(text).ok()),
    }
}

fn layer_words(layer: Layer) -> String {
    layer.words().to_owned()
}

fn statement(source: &Source) -> Statement {
    Statement {
        layer: layer_words(source.layer),
        policy: source.policy.clone(),
        sid: source.sid.clone(),
        number: source.statement.saturating_add(1),
    }
}

fn step(step: &Step) -> audit::Step {
    let outcome = match step.outcome {
        LayerOutcome::Allowed => "allowed",
        LayerOutcome::Denied => "denied",
        LayerOutcome::Silent => "silent",
    };
    audit::Step {
        layer: layer_words(step.layer),
        outcome: outcome.to_owned(),
        by: step.by.as_ref().map(statement),
    }
}

fn near_miss(miss: &NearMiss) -> audit::NearMiss {
    let mut told = audit::NearMiss { statement: statement(&miss.by), ..audit::NearMiss::default() };
    match &miss.lacks {
        Lack::Conditions(failed) => {
            told.conditions = failed
                .iter()
                .map(|failed| FailedCondition {
                    operator: failed.operator.clone(),
                    key: failed.key.clone(),
                    wanted: shortened(&failed.wanted),
                    found: shortened(&failed.found),
                })
                .collect();
        }
        Lack::Resource { named } => told.resources = shortened(named),
        Lack::Principal => told.names_others = true,
    }
    told
}

/// At most ten values, none of them longer than a record's other texts.
fn shortened(values: &[String]) -> Vec<String> {
    values.iter().take(10).map(|value| cut(value).into_owned()).collect()
}
