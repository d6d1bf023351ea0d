//! Guardrails: the most that anybody of an account may do, root and functions among them, as service control
//! policies of an organization say it. They are the operator's, and nobody who asks over the network changes them.

use crate::iam::{LoadedPolicy, ask_for_items, ask_for_tags};
use crate::policy::{Effect, MalformedPolicy, Named, PolicyDocument, PolicyKind};
use names::AccountId;
use std::collections::HashMap;
use std::sync::Arc;

/// What stands beside policies that only forbid, as `FullAWSAccess` does in an organization.
const FULL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Two levels, each of which must allow: one for all accounts, and an account's own.
///
/// A level of which no statement allows anything only forbids: whatever it does not deny passes. With one that
/// allows, nothing else passes (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>).
#[derive(Debug, Clone, Default)]
pub struct Guardrails {
    everyone: Vec<LoadedPolicy>,
    accounts: HashMap<AccountId, Vec<LoadedPolicy>>,
    asks_for_tags: bool,
    asks_for_items: bool,
}

impl Guardrails {
    /// # Errors
    /// None in fact: what completes a level is a policy.
    pub fn new(
        everyone: Vec<LoadedPolicy>,
        accounts: impl IntoIterator<Item = (AccountId, Vec<LoadedPolicy>)>,
    ) -> Result<Self, MalformedPolicy> {
        let accounts = accounts.into_iter().filter(|(_, policies)| !policies.is_empty());
        let accounts = accounts.map(|(account, policies)| Ok((account, level(policies)?)));
        let accounts: HashMap<_, _> = accounts.collect::<Result<_, MalformedPolicy>>()?;
        let asks_for_tags = ask_for_tags(everyone.iter().chain(accounts.values().flatten()));
        let asks_for_items = ask_for_items(everyone.iter().chain(accounts.values().flatten()));
        Ok(Guardrails { everyone: level(everyone)?, accounts, asks_for_tags, asks_for_items })
    }

    /// Whether any of them asks for tags of resources.
    pub(crate) fn ask_for_tags(&self) -> bool {
        self.asks_for_tags
    }

    /// Whether any of them asks which items of tables a request is about.
    pub(crate) fn ask_for_items(&self) -> bool {
        self.asks_for_items
    }

    /// The levels that bind an account's principals; empty where nothing does.
    pub(crate) fn levels(&self, account: Option<&AccountId>) -> Vec<Vec<Named<'_>>> {
        // Who belongs to no account is bound by none: services, and who shows no credentials.
        let Some(account) = account else { return Vec::new() };
        self.of(account).map(|level| level.iter().map(LoadedPolicy::named).collect()).collect()
    }

    /// The same, to be kept.
    pub(crate) fn of(&self, account: &AccountId) -> impl Iterator<Item = &Vec<LoadedPolicy>> {
        let own = self.accounts.get(account);
        std::iter::once(&self.everyone).filter(|level| !level.is_empty()).chain(own)
    }
}

fn level(mut policies: Vec<LoadedPolicy>) -> Result<Vec<LoadedPolicy>, MalformedPolicy> {
    let allows = |policy: &LoadedPolicy| {
        policy.document.statements().iter().any(|statement| statement.effect() == Effect::Allow)
    };
    if !policies.is_empty() && !policies.iter().any(allows) {
        policies.push(full()?);
    }
    Ok(policies)
}

/// Allows everything.
fn full() -> Result<LoadedPolicy, MalformedPolicy> {
    let document = Arc::new(PolicyDocument::parse(FULL, PolicyKind::Guardrail)?);
    Ok(LoadedPolicy { name: "FullAWSAccess".to_owned(), document })
}
