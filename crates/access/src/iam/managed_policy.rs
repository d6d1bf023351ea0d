//! Managed policies: those of an account, and those that AWS manages, by ARN.

use super::records::IdRecord;
use super::{IamError, Identity, aws_managed, keys};
use clock::Timestamp;
use kv::{Read, Transaction, get_record, put_record};
use names::AccountId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A managed policy without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicy {
    pub arn: String,
    pub name: String,
    pub path: String,
    /// `ANPA` and 17 characters.
    pub id: String,
    pub description: Option<String>,
    pub created: Timestamp,
    /// Of the default version.
    pub updated: Timestamp,
    pub default_version: u32,
    pub tags: BTreeMap<String, String>,
    pub attachments: u64,
    pub boundary_uses: u64,
    /// Whether users, groups and roles may have it; false for what only service-linked roles have.
    pub is_attachable: bool,
    pub is_aws_managed: bool,
}

/// A managed policy that an account made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PolicyRecord {
    pub account: AccountId,
    pub name: String,
    pub path: String,
    pub id: String,
    pub description: Option<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub default_version: u32,
    /// Numbers are never given out again.
    pub last_version: u32,
    /// When each was made.
    pub versions: BTreeMap<u32, Timestamp>,
    pub tags: BTreeMap<String, String>,
}

impl kv::Record for PolicyRecord {
    const KIND: &'static str = "managed policy";
    const VERSION: u8 = 1;
}

impl PolicyRecord {
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:iam::{}:policy{}{}", self.account, self.path, self.name)
    }

    pub(crate) fn with_uses(self, uses: &UseRecord) -> ManagedPolicy {
        ManagedPolicy {
            arn: self.arn(),
            name: self.name,
            path: self.path,
            id: self.id,
            description: self.description,
            created: self.created,
            updated: self.updated,
            default_version: self.default_version,
            tags: self.tags,
            attachments: uses.attachments,
            boundary_uses: uses.boundaries,
            is_attachable: true,
            is_aws_managed: false,
        }
    }
}

/// How a managed policy is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    Attached,
    Boundary,
}

impl Usage {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Usage::Attached => "attached",
            Usage::Boundary => "boundary",
        }
    }
}

/// How often an account uses a managed policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UseRecord {
    pub attachments: u64,
    pub boundaries: u64,
}

impl kv::Record for UseRecord {
    const KIND: &'static str = "use of a managed policy";
    const VERSION: u8 = 1;
}

impl UseRecord {
    pub(crate) fn is_used(&self) -> bool {
        self.attachments > 0 || self.boundaries > 0
    }

    fn count_mut(&mut self, usage: Usage) -> &mut u64 {
        match usage {
            Usage::Attached => &mut self.attachments,
            Usage::Boundary => &mut self.boundaries,
        }
    }
}

/// Where a policy stands in a list by names, of which one's own and AWS's can have the same.
pub(crate) fn marker(arn: &str) -> String {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    // A space sorts before whatever a name may consist of.
    format!("{name} {}", if arn.starts_with(aws_managed::ARN_PREFIX) { "aws" } else { "local" })
}

/// The policy of `account` that has `arn`; none for what AWS manages.
pub(crate) async fn find(
    from: &impl Read,
    account: &AccountId,
    arn: &str,
) -> Result<Option<PolicyRecord>, IamError> {
    let resource = arn.strip_prefix(&format!("arn:aws:iam::{account}:policy/"));
    let Some(name) = resource.and_then(|resource| resource.rsplit('/').next()) else { return Ok(None) };
    let found = get_record::<PolicyRecord>(from, keys::policy(account, name)).await?;
    Ok(found.filter(|policy| policy.arn() == arn))
}

/// # Errors
/// `NoSuchEntity`; `UnmodifiableEntity`-like refusals for what AWS manages are the caller's.
pub(crate) async fn load(from: &impl Read, account: &AccountId, arn: &str) -> Result<PolicyRecord, IamError> {
    if aws_managed::find(arn).is_some() {
        return Err(IamError::InvalidInput(format!("ARN {arn} is not valid: AWS manages this policy.")));
    }
    find(from, account, arn).await?.ok_or_else(|| not_found(arn))
}

pub(crate) fn not_found(arn: &str) -> IamError {
    IamError::NoSuchEntity(format!("Policy {arn} was not found."))
}

pub(crate) async fn use_record(
    from: &impl Read,
    account: &AccountId,
    arn: &str,
) -> Result<UseRecord, IamError> {
    Ok(get_record(from, keys::policy_use(account, arn)).await?.unwrap_or_default())
}

/// # Errors
/// `NoSuchEntity`; `PolicyNotAttachable`.
pub(crate) async fn check_attachable(
    from: &impl Read,
    account: &AccountId,
    arn: &str,
) -> Result<(), IamError> {
    match aws_managed::find(arn) {
        Some(policy) if !policy.is_attachable() => Err(IamError::PolicyNotAttachable(
            "Cannot attach a Service Role Policy to a Customer Role.".to_owned(),
        )),
        Some(_) => Ok(()),
        None if find(from, account, arn).await?.is_some() => Ok(()),
        None => Err(IamError::NoSuchEntity(format!("Policy {arn} does not exist or is not attachable."))),
    }
}

/// # Errors
/// `NoSuchEntity`.
pub(crate) async fn check_boundary(from: &impl Read, account: &AccountId, arn: &str) -> Result<(), IamError> {
    if aws_managed::find(arn).is_some_and(|policy| policy.is_attachable())
        || find(from, account, arn).await?.is_some()
    {
        return Ok(());
    }
    Err(IamError::NoSuchEntity(format!("Scope ARN: {arn} does not exist or is not attachable.")))
}

/// Notes that `identity` uses a policy, which it did not before.
pub(crate) async fn uses(
    tx: &mut Transaction,
    identity: &Identity,
    arn: &str,
    usage: Usage,
) -> Result<(), IamError> {
    let Identity { account, kind, name, .. } = identity;
    let mut record = use_record(tx, account, arn).await?;
    let count = record.count_mut(usage);
    *count = count.saturating_add(1);
    put_record(tx, keys::policy_use(account, arn), &record);
    put_record(tx, keys::policy_user(account, arn, usage, *kind, name), &IdRecord::of(identity));
    Ok(())
}

/// The reverse of [`uses`].
pub(crate) async fn uses_no_more(
    tx: &mut Transaction,
    identity: &Identity,
    arn: &str,
    usage: Usage,
) -> Result<(), IamError> {
    let Identity { account, kind, name, .. } = identity;
    let mut record = use_record(tx, account, arn).await?;
    let count = record.count_mut(usage);
    *count = count.saturating_sub(1);
    let key = keys::policy_use(account, arn);
    match record.is_used() {
        true => put_record(tx, key, &record),
        false => tx.delete(key),
    }
    tx.delete(keys::policy_user(account, arn, usage, *kind, name));
    Ok(())
}

/// The user of a policy has another name.
pub(crate) fn renamed(tx: &mut Transaction, old: &Identity, new: &Identity, arn: &str, usage: Usage) {
    tx.delete(keys::policy_user(&old.account, arn, usage, old.kind, &old.name));
    let key = keys::policy_user(&new.account, arn, usage, new.kind, &new.name);
    put_record(tx, key, &IdRecord::of(new));
}
