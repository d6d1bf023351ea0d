use crate::policy::condition::Condition;
use crate::policy::document::{Actions, Resources};
use crate::policy::json::Json;
use crate::policy::operator::{Operator, Test};
use crate::policy::pattern::Pattern;
use crate::policy::template::{Template, Wildcards};
use crate::policy::{MalformedPolicy, PolicyKind, Version};

pub(super) fn actions(json: Json, negated: bool, kind: PolicyKind) -> Result<Actions, MalformedPolicy> {
    let texts = texts(json).ok_or_else(|| MalformedPolicy::syntax(kind))?;
    if texts.is_empty() {
        return Err(MalformedPolicy::missing(kind, "Action"));
    }
    for text in &texts {
        action(text, kind)?;
    }
    let patterns = texts.into_iter().map(|text| {
        let pattern = Pattern::compile(&text.to_lowercase());
        (text.into(), pattern)
    });
    Ok(Actions { negated, patterns: patterns.collect() })
}

/// `*`, or a service's prefix without wildcards, one colon, and a name.
fn action(text: &str, kind: PolicyKind) -> Result<(), MalformedPolicy> {
    if kind == PolicyKind::Trust && !text.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("sts:")) {
        return Err(MalformedPolicy::new("AssumeRole policy may only specify STS AssumeRole actions."));
    }
    if text == "*" {
        return Ok(());
    }
    let (vendor, name) = text.split_once(':').ok_or_else(|| {
        let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
        MalformedPolicy::action(kind, message)
    })?;
    if name.contains(':') {
        return Err(MalformedPolicy::action(kind, "Actions/Condition can contain only one colon."));
    }
    let is_vendor = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if vendor.is_empty() || !vendor.bytes().all(is_vendor) {
        return Err(MalformedPolicy::action(kind, format!("Vendor {vendor} is not valid")));
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'?' | b'-' | b'_' | b'.');
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(MalformedPolicy::syntax(kind));
    }
    Ok(())
}

pub(super) fn resources(
    json: Json,
    negated: bool,
    kind: PolicyKind,
    version: Version,
) -> Result<Resources, MalformedPolicy> {
    let texts = texts(json).ok_or_else(|| MalformedPolicy::syntax(kind))?;
    if texts.is_empty() {
        return Err(MalformedPolicy::missing(kind, "Resource"));
    }
    let patterns = texts.iter().map(|text| resource(text, kind, version));
    Ok(Resources { negated, patterns: patterns.collect::<Result<_, _>>()? })
}

/// `*`, or an ARN. Of an ARN with fewer than six parts the others may be anything.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
fn resource(text: &str, kind: PolicyKind, version: Version) -> Result<Template, MalformedPolicy> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    if text != "*" {
        if parts.len() < 2 || parts.first() != Some(&"arn") {
            return Err(MalformedPolicy::resource(kind, text));
        }
        let partition = parts.get(1).copied().unwrap_or_default();
        if !matches!(partition, "aws" | "aws-cn" | "aws-us-gov" | "*") {
            let message = format!("Partition \"{partition}\" is not valid for resource \"{text}\".");
            return Err(MalformedPolicy::new(message));
        }
        let vendor = parts.get(2).copied().unwrap_or_default();
        if vendor.is_empty() || vendor.contains(['*', '?']) {
            return Err(MalformedPolicy::vendor(kind));
        }
    }
    let whole = match parts.len() {
        3..=5 => text.to_owned() + &":*".repeat(6 - parts.len()),
        _ => text.to_owned(),
    };
    // Variables stand only behind the fifth colon.
    let head: usize = parts.iter().take(5).map(|part| part.len() + 1).sum();
    let is_early = whole.find("${").is_some_and(|at| at < head);
    if version == Version::V2012 && is_early {
        return Err(MalformedPolicy::resource(kind, text));
    }
    Template::compile_from(text, &whole, Wildcards::Yes, version == Version::V2012)
        .map_err(|_| MalformedPolicy::syntax(kind))
}

pub(super) fn conditions(
    json: Json,
    kind: PolicyKind,
    version: Version,
) -> Result<Vec<Condition>, MalformedPolicy> {
    let Json::Object(operators) = json else { return Err(MalformedPolicy::syntax(kind)) };
    let mut conditions = Vec::new();
    for (name, keys) in operators {
        let operator = Operator::parse(&name).ok_or_else(|| MalformedPolicy::operator(kind, &name))?;
        let Json::Object(keys) = keys else { return Err(MalformedPolicy::syntax(kind)) };
        for (key, values) in keys {
            let is_key =
                key.split_once(':').is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty());
            if !is_key {
                return Err(MalformedPolicy::key(kind, &key));
            }
            let values = scalars(values).ok_or_else(|| MalformedPolicy::syntax(kind))?;
            let condition = Condition::compile(&name, operator, &key, &values, version == Version::V2012);
            conditions.push(condition.map_err(|_| match operator.test {
                Test::Date(_) => MalformedPolicy::legacy(kind),
                _ => MalformedPolicy::syntax(kind),
            })?);
        }
    }
    Ok(conditions)
}

/// One text, or a list of texts.
pub(super) fn texts(json: Json) -> Option<Vec<String>> {
    let text = |json| if let Json::Text(text) = json { Some(text) } else { None };
    match json {
        Json::List(list) => list.into_iter().map(text).collect(),
        single => Some(vec![text(single)?]),
    }
}

/// Numbers and truth values stand in conditions with or without quotation marks.
fn scalars(json: Json) -> Option<Vec<String>> {
    let text = |json| match json {
        Json::Text(text) => Some(text),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(truth) => Some(truth.to_string()),
        Json::Null | Json::List(_) | Json::Object(_) => None,
    };
    match json {
        Json::List(list) => list.into_iter().map(text).collect(),
        single => Some(vec![text(single)?]),
    }
}
