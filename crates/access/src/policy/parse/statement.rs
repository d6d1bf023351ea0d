use super::element::{actions, conditions, resources};
use super::principal;
use crate::policy::document::{Effect, Statement};
use crate::policy::json::Json;
use crate::policy::{MalformedPolicy, PolicyKind, Version};

pub(super) fn read(json: Json, kind: PolicyKind, version: Version) -> Result<Statement, MalformedPolicy> {
    let Json::Object(members) = json else { return Err(MalformedPolicy::syntax(kind)) };
    let mut elements = Elements::default();
    for (name, value) in members {
        let slot = match name.as_str() {
            "Sid" => &mut elements.sid,
            "Effect" => &mut elements.effect,
            "Principal" => &mut elements.principal,
            "NotPrincipal" => &mut elements.not_principal,
            "Action" => &mut elements.action,
            "NotAction" => &mut elements.not_action,
            "Resource" => &mut elements.resource,
            "NotResource" => &mut elements.not_resource,
            "Condition" => &mut elements.condition,
            _ => return Err(MalformedPolicy::unknown(kind, &name)),
        };
        *slot = Some(value);
    }
    statement(elements, kind, version)
}

/// The elements of a statement, as they came.
#[derive(Default)]
struct Elements {
    sid: Option<Json>,
    effect: Option<Json>,
    principal: Option<Json>,
    not_principal: Option<Json>,
    action: Option<Json>,
    not_action: Option<Json>,
    resource: Option<Json>,
    not_resource: Option<Json>,
    condition: Option<Json>,
}

fn statement(elements: Elements, kind: PolicyKind, version: Version) -> Result<Statement, MalformedPolicy> {
    let Elements {
        sid,
        effect,
        principal,
        not_principal,
        action,
        not_action,
        resource,
        not_resource,
        condition,
    } = elements;
    let effect = match effect {
        Some(Json::Text(text)) if text == "Allow" => Effect::Allow,
        Some(Json::Text(text)) if text == "Deny" => Effect::Deny,
        None => return Err(MalformedPolicy::missing(kind, "Effect")),
        Some(Json::Text(text)) => return Err(MalformedPolicy::effect(kind, &text)),
        Some(_) => return Err(MalformedPolicy::syntax(kind)),
    };
    let principal = match one_of(kind, principal, not_principal)? {
        Some(_) if matches!(kind, PolicyKind::Identity | PolicyKind::Guardrail) => {
            return Err(MalformedPolicy::prohibited(kind, "Principal"));
        }
        Some((_, true)) if kind == PolicyKind::Trust => {
            return Err(MalformedPolicy::prohibited(kind, "NotPrincipal"));
        }
        // Everyone but one, the anonymous among them, was never meant.
        Some((_, true)) if effect == Effect::Allow => return Err(MalformedPolicy::syntax(kind)),
        Some((json, negated)) => Some(principal::read(json, negated, kind)?),
        None if matches!(kind, PolicyKind::Resource | PolicyKind::Trust) => {
            return Err(MalformedPolicy::missing(kind, "Principal"));
        }
        None => None,
    };
    let Some((action, negated)) = one_of(kind, action, not_action)? else {
        return Err(MalformedPolicy::missing(kind, "Action"));
    };
    let actions = actions(action, negated, kind)?;
    let resources = match one_of(kind, resource, not_resource)? {
        Some((_, negated)) if kind == PolicyKind::Trust => {
            return Err(MalformedPolicy::prohibited(kind, if negated { "NotResource" } else { "Resource" }));
        }
        Some((json, negated)) => Some(resources(json, negated, kind, version)?),
        None if kind == PolicyKind::Trust => None,
        None => return Err(MalformedPolicy::missing(kind, "Resource")),
    };
    let conditions = condition.map_or(Ok(Vec::new()), |json| conditions(json, kind, version))?;
    Ok(Statement {
        sid: sid.map(|json| self::sid(json, kind)).transpose()?,
        effect,
        principal,
        actions,
        resources,
        conditions,
    })
}

/// An element or its negation (then `true`), never both.
fn one_of(
    kind: PolicyKind,
    plain: Option<Json>,
    negated: Option<Json>,
) -> Result<Option<(Json, bool)>, MalformedPolicy> {
    match (plain, negated) {
        (Some(_), Some(_)) => Err(MalformedPolicy::syntax(kind)),
        (Some(json), None) => Ok(Some((json, false))),
        (None, Some(json)) => Ok(Some((json, true))),
        (None, None) => Ok(None),
    }
}

/// Services take more characters in the policies of their resources than IAM does in its own.
fn sid(json: Json, kind: PolicyKind) -> Result<String, MalformedPolicy> {
    match json {
        Json::Text(text) if kind == PolicyKind::Resource => Ok(text),
        Json::Text(text) if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Ok(text),
        Json::Text(_) => Err(MalformedPolicy::new(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression \
             [0-9A-Za-z]*",
        )),
        _ => Err(MalformedPolicy::syntax(kind)),
    }
}
