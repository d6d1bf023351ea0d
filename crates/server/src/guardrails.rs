//! Guardrails as the configuration names them: files with a policy each, read at the start and again on SIGHUP.

use crate::config::Config;
use access::Guardrails;
use access::iam::LoadedPolicy;
use access::policy::{PolicyDocument, PolicyKind};
use names::AccountId;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A policy and whom it binds, for `zerun doctor`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Guardrail {
    /// `None`: every account.
    account: Option<AccountId>,
    policy: PathBuf,
    statements: usize,
}

impl Guardrail {
    pub fn row(&self) -> [String; 3] {
        let account = self.account.as_ref().map_or("every account".to_owned(), ToString::to_string);
        [account, format!("{} statements", self.statements), self.policy.display().to_string()]
    }
}

/// # Errors
/// A file that cannot be read or holds no such policy, by its path.
pub fn load(config: &Config) -> Result<(Guardrails, Vec<Guardrail>), String> {
    let mut listed = Vec::new();
    let mut read = |account: Option<&AccountId>, paths: &[PathBuf]| {
        paths
            .iter()
            .map(|path| {
                let loaded = policy(&config.directory.join(path))?;
                let statements = loaded.document.statements().len();
                listed.push(Guardrail { account: account.cloned(), policy: path.clone(), statements });
                Ok(loaded)
            })
            .collect::<Result<Vec<LoadedPolicy>, String>>()
    };
    let everyone = read(None, &config.guardrails.policies)?;
    let mut accounts: BTreeMap<AccountId, Vec<LoadedPolicy>> = BTreeMap::new();
    for account in &config.account {
        // An account may be named again, with a further key.
        accounts.entry(account.id.clone()).or_default().extend(read(Some(&account.id), &account.guardrails)?);
    }
    let guardrails = Guardrails::new(everyone, accounts).map_err(|error| error.to_string())?;
    Ok((guardrails, listed))
}

fn policy(path: &Path) -> Result<LoadedPolicy, String> {
    let refused = |why: &dyn std::fmt::Display| format!("guardrail {}: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| refused(&error))?;
    let document = PolicyDocument::parse(&text, PolicyKind::Guardrail).map_err(|error| refused(&error))?;
    Ok(LoadedPolicy { name: path.display().to_string(), document: Arc::new(document) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_found_beside_the_configuration_and_refused_by_path() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let load = |text: &str| {
            write("zerun.toml", text);
            let config =
                Config::load(Some(&folder.path().join("zerun.toml"))).map_err(|error| error.to_string())?;
            super::load(&config).map(|(_, listed)| listed)
        };
        write("deny.json", r#"{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#);
        write("bad.json", r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#);
        let text = "[guardrails]\npolicies = [\"deny.json\"]\n[[account]]\nid = \"111111111111\"\n\
            guardrails = [\"deny.json\"]\n";
        let listed = load(text).unwrap();
        assert_eq!(listed.iter().map(|it| it.account.is_some()).collect::<Vec<_>>(), [false, true]);
        assert!(load("").unwrap().is_empty());
        for (name, why) in
            [("bad.json", "requirements of the specified policy type"), ("none.json", "No such file")]
        {
            let refused = load(&text.replacen("deny.json", name, 1)).unwrap_err();
            assert!(refused.contains(name) && refused.contains(why), "{refused}");
        }
    }
}
