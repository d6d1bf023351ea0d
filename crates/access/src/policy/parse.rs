mod element;
mod principal;
mod statement;

use super::json::{self, Json};
use super::{MalformedPolicy, PolicyDocument, PolicyKind, Version};
use std::collections::HashSet;

/// Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.
pub(super) fn document(text: &str, kind: PolicyKind) -> Result<PolicyDocument, MalformedPolicy> {
    let json = json::read(text).map_err(|fault| MalformedPolicy::json(kind, fault))?;
    let Json::Object(members) = json else {
        return Err(MalformedPolicy::json(kind, json::JsonFault::Syntax));
    };
    let (mut version, mut id, mut statements) = (None, None, None);
    for (name, value) in members {
        match name.as_str() {
            "Version" => version = Some(value),
            "Id" => id = Some(value),
            "Statement" => statements = Some(value),
            _ => return Err(MalformedPolicy::unknown(kind, &name)),
        }
    }
    let version = match version {
        None => Version::V2008,
        Some(Json::Text(text)) if text == "2012-10-17" => Version::V2012,
        Some(Json::Text(text)) if text == "2008-10-17" => Version::V2008,
        Some(_) => return Err(MalformedPolicy::version(kind)),
    };
    let id = match id {
        None => None,
        Some(Json::Text(text)) => Some(text),
        Some(_) => return Err(MalformedPolicy::syntax(kind)),
    };
    let statements = match statements {
        Some(Json::List(list)) if !list.is_empty() => list,
        Some(single @ Json::Object(_)) => vec![single],
        Some(_) => return Err(MalformedPolicy::syntax(kind)),
        None => return Err(MalformedPolicy::missing(kind, "Statement")),
    };
    let statements: Vec<_> =
        statements.into_iter().map(|json| statement::read(json, kind, version)).collect::<Result<_, _>>()?;
    let mut sids = HashSet::new();
    if !statements.iter().filter_map(|statement| statement.sid.as_deref()).all(|sid| sids.insert(sid)) {
        return Err(MalformedPolicy::new("Statement IDs (SID) in a single policy must be unique."));
    }
    Ok(PolicyDocument { kind, version, id, statements })
}
