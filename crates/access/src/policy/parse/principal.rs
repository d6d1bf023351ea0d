use super::element::texts;
use crate::policy::json::Json;
use crate::policy::principal::{PrincipalElement, PrincipalName};
use crate::policy::{MalformedPolicy, PolicyKind};
use names::{AccountId, Arn};

/// `"*"`, or kinds of principals with one or several names each.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
pub(super) fn read(json: Json, negated: bool, kind: PolicyKind) -> Result<PrincipalElement, MalformedPolicy> {
    let members = match json {
        Json::Text(text) if text == "*" => {
            return Ok(PrincipalElement { negated, names: [PrincipalName::Everyone].into() });
        }
        Json::Object(members) if !members.is_empty() => members,
        Json::Text(text) => return Err(MalformedPolicy::principal(kind, None, &text)),
        _ => return Err(MalformedPolicy::principal(kind, None, "")),
    };
    let mut names = Vec::new();
    for (of, value) in members {
        let texts = texts(value).ok_or_else(|| MalformedPolicy::syntax(kind))?;
        if texts.is_empty() {
            return Err(MalformedPolicy::principal(kind, Some(&of), ""));
        }
        for text in texts {
            let name = name(&of, &text, kind);
            names.push(name.ok_or_else(|| MalformedPolicy::principal(kind, Some(&of), &text))?);
        }
    }
    Ok(PrincipalElement { negated, names: names.into() })
}

fn name(of: &str, text: &str, kind: PolicyKind) -> Option<PrincipalName> {
    match of {
        "AWS" => aws(text),
        "Service" => is_service(text).then(|| PrincipalName::Service(text.into())),
        "Federated" => {
            (!text.is_empty() && !text.contains('*')).then(|| PrincipalName::Federated(text.into()))
        }
        "CanonicalUser" if kind == PolicyKind::Resource => {
            let is_id = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_id.then(|| PrincipalName::CanonicalUser(text.into()))
        }
        _ => None,
    }
}

/// Everyone, an account, or the whole ARN or unique id of one principal: never a part of one.
fn aws(text: &str) -> Option<PrincipalName> {
    if text == "*" {
        return Some(PrincipalName::EveryAws);
    }
    if text.contains(['*', '?']) {
        return None;
    }
    if AccountId::parse(text).is_ok() {
        return Some(PrincipalName::Account { text: text.into(), id: text.into() });
    }
    let is_unique_id = (16..=128).contains(&text.len())
        && ["AIDA", "AROA"].iter().any(|prefix| text.starts_with(prefix))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_unique_id {
        return Some(PrincipalName::Aws(text.into()));
    }
    let arn = Arn::parse(text).ok()?;
    let is_plain = arn.region.is_empty() && AccountId::parse(&arn.account).is_ok();
    if !is_plain {
        return None;
    }
    let (of, name) = arn.resource.split_once('/').unwrap_or((&arn.resource, ""));
    match (arn.service.as_str(), of) {
        ("iam", "root") if name.is_empty() => {
            Some(PrincipalName::Account { text: text.into(), id: arn.account.as_str().into() })
        }
        ("iam", "user" | "role") | ("sts", "federated-user") if !name.is_empty() => {
            Some(PrincipalName::Aws(text.into()))
        }
        ("sts", "assumed-role") if name.split_once('/').is_some_and(|(_, session)| !session.is_empty()) => {
            Some(PrincipalName::Aws(text.into()))
        }
        _ => None,
    }
}

/// A host name, such as `lambda.amazonaws.com`.
fn is_service(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.contains('.') && text.split('.').all(is_part)
}
