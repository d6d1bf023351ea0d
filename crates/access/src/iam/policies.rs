//! CreatePolicy, GetPolicy, ListPolicies, DeletePolicy and tags of managed policies.

use super::managed_policy::{ManagedPolicy, PolicyRecord, UseRecord, load, marker, use_record};
use super::quotas::{self, POLICY_CHARS_MAX, policy_chars};
use super::records::{NameRecord, PolicyText};
use super::tags::{self, Tags};
use super::words::{self, NAME_CHARS_MAX};
use super::{Iam, IamError, Page, Paging, aws_managed, keys, managed_policy, register};
use crate::policy::{PolicyDocument, PolicyKind};
use kv::{Read, Snapshot, Transaction, get_record, put_record, range_records};
use names::{AccountId, Keyspace};
use std::collections::BTreeMap;

/// What CreatePolicy is asked for.
#[derive(Debug, Clone, Default)]
pub struct NewPolicy {
    pub name: String,
    /// `/` where there is none.
    pub path: Option<String>,
    pub text: String,
    pub description: Option<String>,
    pub tags: Vec<(String, String)>,
}

/// Whose managed policies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    All,
    Aws,
    Local,
    /// Of AWS's only those that the account uses.
    UsedAws,
    LocalAndUsedAws,
}

impl Scope {
    fn has_local(self) -> bool {
        matches!(self, Scope::All | Scope::Local | Scope::LocalAndUsedAws)
    }

    fn has_aws(self) -> bool {
        self != Scope::Local
    }

    fn is_of_used_aws(self) -> bool {
        matches!(self, Scope::UsedAws | Scope::LocalAndUsedAws)
    }
}

/// Which managed policies ListPolicies is asked for.
#[derive(Debug, Clone, Default)]
pub struct PolicyFilter {
    pub scope: Scope,
    pub only_attached: bool,
    pub path_prefix: Option<String>,
    pub usage: Option<managed_policy::Usage>,
}

impl Iam {
    /// # Errors
    /// `EntityAlreadyExists`, also where the name differs in nothing but case; `MalformedPolicyDocument`;
    /// `LimitExceeded`; `Validation` and `InvalidInput` for what cannot be.
    pub async fn create_policy(&self, account: AccountId, new: NewPolicy) -> Result<ManagedPolicy, IamError> {
        words::check_name("policyName", &new.name, NAME_CHARS_MAX)?;
        check_text(&new.text)?;
        let now = self.clock().now().truncated_to_seconds();
        let policy = PolicyRecord {
            account,
            name: new.name,
            path: words::checked_path(new.path)?,
            id: words::unique_id("ANPA", self.clock()),
            description: new.description,
            created: now,
            updated: now,
            default_version: 1,
            last_version: 1,
            versions: BTreeMap::from([(1, now)]),
            tags: tags::new(new.tags)?,
        };
        let (made, text) = (policy.clone(), PolicyText { text: new.text });
        self.transact(async move |tx: &mut Transaction| add(tx, &made, &text).await).await?;
        Ok(policy.with_uses(&UseRecord::default()))
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn get_policy(&self, account: AccountId, arn: String) -> Result<ManagedPolicy, IamError> {
        self.read(async move |from: &Snapshot| {
            let uses = use_record(from, &account, &arn).await?;
            match aws_managed::find(&arn) {
                Some(policy) => Ok(policy.with_uses(&uses)),
                None => Ok(load(from, &account, &arn).await?.with_uses(&uses)),
            }
        })
        .await
    }

    /// In byte order of names; AWS's before one's own of the same name.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list_policies(
        &self,
        account: AccountId,
        filter: PolicyFilter,
        paging: Paging,
    ) -> Result<Page<ManagedPolicy>, IamError> {
        self.read(async move |from: &Snapshot| {
            let mut found = Vec::new();
            let uses = uses_of(from, &account).await?;
            let used = |arn: &str| uses.get(arn).cloned().unwrap_or_default();
            if filter.scope.has_local() {
                let range = keys::all(Keyspace::IamPolicy, &account).range();
                let own = range_records::<PolicyRecord>(from, &range, POLICIES_READ_MAX).await?;
                found.extend(own.into_iter().map(|(_, policy)| {
                    let uses = used(&policy.arn());
                    policy.with_uses(&uses)
                }));
            }
            if filter.scope.has_aws() {
                found.extend(aws_managed::all().map(|policy| policy.with_uses(&used(&policy.arn))));
            }
            found.retain(|policy| filter.keeps(policy));
            let mut found: Vec<_> = found.into_iter().map(|policy| (marker(&policy.arn), policy)).collect();
            found.retain(|(marker, _)| paging.marker.as_ref().is_none_or(|after| marker > after));
            found.sort_by(|(one, _), (other, _)| one.cmp(other));
            Ok(Page::cut(found, paging.max))
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity`; `DeleteConflict` while it is used or has a second version.
    pub async fn delete_policy(&self, account: AccountId, arn: String) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let policy = load(tx, &account, &arn).await?;
            if use_record(tx, &account, &arn).await?.is_used() {
                let message = "Cannot delete a policy attached to entities.";
                return Err(IamError::DeleteConflict(message.to_owned()));
            }
            if policy.versions.len() > 1 {
                return Err(IamError::DeleteConflict(
                    "This policy has more than one version. Before you delete a policy, you must delete the \
                     policy's versions. The default version is deleted with the policy."
                        .to_owned(),
                ));
            }
            let mut facts = register::account_record(tx, &account).await?;
            facts.policies = facts.policies.saturating_sub(1);
            facts.policy_versions = facts.policy_versions.saturating_sub(1);
            put_record(tx, keys::account(&account), &facts);
            for version in policy.versions.keys() {
                tx.delete(keys::policy_text(&policy.id, *version));
            }
            tx.delete(keys::name(&account, "policy", &policy.name));
            tx.delete(keys::policy(&account, &policy.name));
            Ok(())
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity`; `InvalidInput` for tags that cannot be; `LimitExceeded` beyond 50.
    pub async fn tag_policy(
        &self,
        account: AccountId,
        arn: String,
        tags: Vec<(String, String)>,
    ) -> Result<(), IamError> {
        tags::check(&tags)?;
        self.change_tags(account, arn, move |all| tags::add(all, tags.clone())).await
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn untag_policy(
        &self,
        account: AccountId,
        arn: String,
        keys: Vec<String>,
    ) -> Result<(), IamError> {
        let change = move |all: &mut Tags| {
            tags::remove(all, &keys);
            Ok(())
        };
        self.change_tags(account, arn, change).await
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn list_policy_tags(
        &self,
        account: AccountId,
        arn: String,
        paging: Paging,
    ) -> Result<Page<(String, String)>, IamError> {
        Ok(tags::page_of(&self.get_policy(account, arn).await?.tags, &paging))
    }

    async fn change_tags(
        &self,
        account: AccountId,
        arn: String,
        change: impl Fn(&mut Tags) -> Result<(), IamError> + Send + 'static,
    ) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let mut policy = load(tx, &account, &arn).await?;
            change(&mut policy.tags)?;
            put_record(tx, keys::policy(&account, &policy.name), &policy);
            Ok(())
        })
        .await
    }
}

/// More than the quota lets there be.
const POLICIES_READ_MAX: usize = 10_000;

impl PolicyFilter {
    fn keeps(&self, policy: &ManagedPolicy) -> bool {
        let used = policy.attachments > 0 || policy.boundary_uses > 0;
        let usage = self.usage.is_none_or(|usage| match usage {
            // Without a filter by use a list has both; with it, what is used in neither way stays too.
            managed_policy::Usage::Attached => policy.boundary_uses == 0 || policy.attachments > 0,
            managed_policy::Usage::Boundary => policy.boundary_uses > 0,
        });
        let path = self.path_prefix.as_ref().is_none_or(|prefix| policy.path.starts_with(prefix));
        let only_used = self.only_attached || policy.is_aws_managed && self.scope.is_of_used_aws();
        usage && path && (used || !only_used)
    }
}

/// # Errors
/// `MalformedPolicyDocument`, `LimitExceeded`.
pub(crate) fn check_text(text: &str) -> Result<(), IamError> {
    PolicyDocument::parse(text, PolicyKind::Identity)?;
    if policy_chars(text) > POLICY_CHARS_MAX {
        return Err(IamError::LimitExceeded(format!(
            "Cannot exceed quota for PolicySize: {POLICY_CHARS_MAX}"
        )));
    }
    Ok(())
}

async fn add(tx: &mut Transaction, policy: &PolicyRecord, text: &PolicyText) -> Result<(), IamError> {
    let PolicyRecord { account, name, id, .. } = policy;
    let name_key = keys::name(account, "policy", name);
    if get_record::<NameRecord>(tx, &name_key).await?.is_some() {
        return Err(IamError::EntityAlreadyExists(format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        )));
    }
    let mut facts = register::account_record(tx, account).await?;
    if facts.policies >= quotas::POLICIES_MAX {
        let message = format!("Cannot exceed quota for PoliciesPerAccount: {}", quotas::POLICIES_MAX);
        return Err(IamError::LimitExceeded(message));
    }
    facts.policies = facts.policies.saturating_add(1);
    facts.policy_versions = facts.policy_versions.saturating_add(1);
    put_record(tx, keys::account(account), &facts);
    put_record(tx, name_key, &NameRecord { name: name.clone() });
    put_record(tx, keys::policy(account, name), policy);
    put_record(tx, keys::policy_text(id, 1), text);
    Ok(())
}

/// By ARN.
async fn uses_of(from: &impl Read, account: &AccountId) -> Result<BTreeMap<String, UseRecord>, IamError> {
    let prefix = keys::all(Keyspace::IamPolicyUse, account);
    let mut uses = BTreeMap::new();
    for (key, record) in range_records::<UseRecord>(from, &prefix.range(), POLICIES_READ_MAX).await? {
        let mut parts =
            names::key::KeyParts::of(Keyspace::IamPolicyUse, &key).map_err(IamError::unreadable)?;
        parts.text().map_err(IamError::unreadable)?;
        uses.insert(parts.text().map_err(IamError::unreadable)?, record);
    }
    Ok(uses)
}

impl IamError {
    pub(crate) fn unreadable(error: names::NameError) -> Self {
        IamError::Internal(format!("a key cannot be read: {error}"))
    }
}
