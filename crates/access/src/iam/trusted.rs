//! Whom trust policies name. Users and roles are meant by their unique ids, not by their names: who is made later
//! under the name of one that is gone is somebody else, and is not trusted
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>).

use super::{Iam, IamError, Role, User, register};
use crate::policy::{MalformedPolicy, PolicyDocument, PolicyKind};
use kv::{Read, Snapshot};
use names::{AccountId, Arn};
use serde_json::Value;
use std::collections::BTreeMap;

/// ARNs as a trust policy has them, each with the unique id of whom it meant when it was written.
pub(super) type Pinned = BTreeMap<String, String>;

/// The users and roles that a trust policy names.
///
/// # Errors
/// `MalformedPolicyDocument`: one of them is not there.
pub(super) async fn pin(from: &impl Read, text: &str) -> Result<Pinned, IamError> {
    let mut pinned = Pinned::new();
    for name in PolicyDocument::parse(text, PolicyKind::Trust)?.aws_principals() {
        let id = if is_id(name) {
            register::by_id(from, name).await?.map(|found| found.id)
        } else {
            match Arn::parse(name).ok().filter(is_identity) {
                Some(arn) => id_of(from, &arn).await?,
                // Accounts, everybody, and sessions, which are not kept.
                None => continue,
            }
        };
        let id = id.ok_or_else(|| {
            MalformedPolicy::new(format!("Invalid principal in policy: \"AWS\":\"{name}\""))
        })?;
        pinned.insert(name.to_owned(), id);
    }
    Ok(pinned)
}

fn is_identity(arn: &Arn) -> bool {
    let of_kind = ["user/", "role/"].iter().any(|kind| arn.resource.starts_with(kind));
    arn.service == "iam" && arn.region.is_empty() && of_kind
}

fn is_id(name: &str) -> bool {
    name.starts_with("AIDA") || name.starts_with("AROA")
}

async fn id_of(from: &impl Read, arn: &Arn) -> Result<Option<String>, IamError> {
    let Ok(account) = AccountId::parse(&arn.account) else { return Ok(None) };
    let Some((kind, path)) = arn.resource.split_once('/') else { return Ok(None) };
    let name = path.rsplit('/').next().unwrap_or(path);
    let found = match kind {
        "user" => register::load::<User>(from, &account, name).await.map(|user| user.identity),
        _ => register::load::<Role>(from, &account, name).await.map(|role| role.identity),
    };
    match found {
        Ok(identity) => Ok((identity.arn() == arn.to_string()).then_some(identity.id)),
        Err(IamError::NoSuchEntity(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Iam {
    /// Lets the trust policies name whom they mean by what they are called now, and by the unique id alone who is
    /// not there any more.
    ///
    /// # Errors
    /// The store fails.
    pub(super) async fn with_names_of_today(&self, roles: Vec<Role>) -> Result<Vec<Role>, IamError> {
        if roles.iter().all(|role| role.pinned.is_empty()) {
            return Ok(roles);
        }
        self.read(async move |from: &Snapshot| {
            let mut told = roles.clone();
            for role in &mut told {
                let mut renamed = BTreeMap::new();
                for (written, id) in &role.pinned {
                    let now = name_of(from, id).await?;
                    if now != *written {
                        renamed.insert(written.clone(), now);
                    }
                }
                role.trust_policy = rewritten(&role.trust_policy, &renamed);
            }
            Ok(told)
        })
        .await
    }
}

async fn name_of(from: &impl Read, id: &str) -> Result<String, IamError> {
    let Some(found) = register::by_id(from, id).await? else { return Ok(id.to_owned()) };
    let path = register::path_of(from, &found.account, found.kind, &found.name).await?;
    Ok(format!("arn:aws:iam::{}:{}{path}{}", found.account, found.kind.word(), found.name))
}

/// Stays as it was written where nobody is called otherwise.
fn rewritten(text: &str, renamed: &BTreeMap<String, String>) -> String {
    let Ok(mut policy) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let mut is_changed = false;
    let mut rename = |name: &mut Value| {
        if let Some(now) = name.as_str().and_then(|name| renamed.get(name)) {
            *name = Value::from(now.as_str());
            is_changed = true;
        }
    };
    let Some(statements) = policy.get_mut("Statement") else { return text.to_owned() };
    for statement in each(statements) {
        for element in ["Principal", "NotPrincipal"] {
            if let Some(names) = statement.get_mut(element).and_then(|element| element.get_mut("AWS")) {
                each(names).for_each(&mut rename);
            }
        }
    }
    if is_changed { policy.to_string() } else { text.to_owned() }
}

/// What policies may write as a list, or as its only member.
fn each(value: &mut Value) -> std::slice::IterMut<'_, Value> {
    match value {
        Value::Array(list) => list.iter_mut(),
        one => std::slice::from_mut(one).iter_mut(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_called_otherwise_is_renamed() {
        let gone = "arn:aws:iam::000000000000:user/gone";
        let renamed = BTreeMap::from([(gone.to_owned(), "AIDAGONE".to_owned())]);
        let check = |text: &str, expected: &str| assert_eq!(rewritten(text, &renamed), expected);
        check(
            r#"{ "Statement": {"Principal": {"AWS": "arn:aws:iam::000000000000:user/gone"}} }"#,
            r#"{"Statement":{"Principal":{"AWS":"AIDAGONE"}}}"#,
        );
        check(
            r#"{"Statement":[{"Principal":{"AWS":["arn:aws:iam::000000000000:user/gone","000000000000"]}}]}"#,
            r#"{"Statement":[{"Principal":{"AWS":["AIDAGONE","000000000000"]}}]}"#,
        );
        for same in [
            r#"{ "Statement": {"Principal": {"AWS": "arn:aws:iam::000000000000:user/here"}} }"#,
            r#"{ "Statement": {"Principal": "*"} }"#,
            r#"{ "Statement": {"Principal": {"Service": "arn:aws:iam::000000000000:user/gone"}} }"#,
        ] {
            check(same, same);
        }
    }
}
