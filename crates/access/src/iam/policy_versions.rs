use super::managed_policy::{PolicyRecord, load, use_record};
use super::policies::check_text;
use super::quotas::{POLICY_VERSIONS_IN_USE_MAX, POLICY_VERSIONS_MAX};
use super::records::PolicyText;
use super::{Iam, IamError, ManagedPolicy, Page, Paging, aws_managed, keys, register};
use clock::Timestamp;
use kv::{Read, Snapshot, Transaction, get_record, put_record};
use names::AccountId;

/// A version of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    pub version: u32,
    pub is_default: bool,
    pub created: Timestamp,
    /// As it was given; not in lists.
    pub text: Option<String>,
}

impl Iam {
    /// # Errors
    /// `NoSuchEntity`, `MalformedPolicyDocument`; `LimitExceeded` for a sixth version.
    pub async fn create_policy_version(
        &self,
        account: AccountId,
        arn: String,
        text: String,
        is_default: bool,
    ) -> Result<PolicyVersion, IamError> {
        check_text(&text)?;
        let now = self.clock().now().truncated_to_seconds();
        self.transact(async move |tx: &mut Transaction| {
            let mut policy = load(tx, &account, &arn).await?;
            if policy.versions.len() >= POLICY_VERSIONS_MAX {
                return Err(IamError::LimitExceeded(format!(
                    "A managed policy can have up to {POLICY_VERSIONS_MAX} versions. Before you create a new \
                     version, you must delete an existing version."
                )));
            }
            let mut facts = register::account_record(tx, &account).await?;
            if facts.policy_versions >= POLICY_VERSIONS_IN_USE_MAX {
                return Err(IamError::LimitExceeded(format!(
                    "Cannot exceed quota for PolicyVersionsInUse: {POLICY_VERSIONS_IN_USE_MAX}"
                )));
            }
            facts.policy_versions = facts.policy_versions.saturating_add(1);
            put_record(tx, keys::account(&account), &facts);
            policy.last_version = policy.last_version.saturating_add(1);
            let version = policy.last_version;
            policy.versions.insert(version, now);
            if is_default {
                policy.default_version = version;
                policy.updated = now;
            }
            put_record(tx, keys::policy_text(&policy.id, version), &PolicyText { text: text.clone() });
            put_record(tx, keys::policy(&account, &policy.name), &policy);
            Ok(PolicyVersion { version, is_default, created: now, text: None })
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity` for the policy or the version.
    pub async fn get_policy_version(
        &self,
        account: AccountId,
        arn: String,
        version: String,
    ) -> Result<PolicyVersion, IamError> {
        self.read(async move |from: &Snapshot| {
            let unknown = || no_version(&arn, &version);
            let number = parse_version(&version).ok_or_else(unknown)?;
            if let Some(policy) = aws_managed::find(&arn) {
                return policy.version(number).ok_or_else(unknown);
            }
            let policy = load(from, &account, &arn).await?;
            let created = *policy.versions.get(&number).ok_or_else(unknown)?;
            Ok(PolicyVersion {
                version: number,
                is_default: number == policy.default_version,
                created,
                text: Some(text_of(from, &policy, number).await?),
            })
        })
        .await
    }

    /// The newest first.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn list_policy_versions(
        &self,
        account: AccountId,
        arn: String,
        paging: Paging,
    ) -> Result<Page<PolicyVersion>, IamError> {
        let versions = self
            .read(async move |from: &Snapshot| {
                if let Some(policy) = aws_managed::find(&arn) {
                    return Ok(policy.versions());
                }
                let policy = load(from, &account, &arn).await?;
                let listed = policy.versions.iter().rev().map(|(&version, &created)| PolicyVersion {
                    version,
                    is_default: version == policy.default_version,
                    created,
                    text: None,
                });
                Ok(listed.collect())
            })
            .await?;
        let before = paging.marker.as_deref().and_then(parse_version).unwrap_or(u32::MAX);
        let rest = versions.into_iter().filter(|version| version.version < before);
        Ok(Page::cut(rest.map(|version| (format!("v{}", version.version), version)).collect(), paging.max))
    }

    /// # Errors
    /// `NoSuchEntity`; `DeleteConflict` for the default version.
    pub async fn delete_policy_version(
        &self,
        account: AccountId,
        arn: String,
        version: String,
    ) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let mut policy = load(tx, &account, &arn).await?;
            let number = known_version(&policy, &arn, &version)?;
            if number == policy.default_version {
                let message = "Cannot delete the default version of a policy.";
                return Err(IamError::DeleteConflict(message.to_owned()));
            }
            policy.versions.remove(&number);
            let mut facts = register::account_record(tx, &account).await?;
            facts.policy_versions = facts.policy_versions.saturating_sub(1);
            put_record(tx, keys::account(&account), &facts);
            tx.delete(keys::policy_text(&policy.id, number));
            put_record(tx, keys::policy(&account, &policy.name), &policy);
            Ok(())
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity` for the policy or the version.
    pub async fn set_default_policy_version(
        &self,
        account: AccountId,
        arn: String,
        version: String,
    ) -> Result<(), IamError> {
        let now = self.clock().now().truncated_to_seconds();
        self.transact(async move |tx: &mut Transaction| {
            let mut policy = load(tx, &account, &arn).await?;
            policy.default_version = known_version(&policy, &arn, &version)?;
            policy.updated = now;
            put_record(tx, keys::policy(&account, &policy.name), &policy);
            Ok(())
        })
        .await
    }

    /// A managed policy with the text of each of its versions, the newest first, as
    /// GetAccountAuthorizationDetails shows it.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn policy_details(
        &self,
        account: AccountId,
        arn: String,
    ) -> Result<(ManagedPolicy, Vec<PolicyVersion>), IamError> {
        self.read(async move |from: &Snapshot| {
            let uses = use_record(from, &account, &arn).await?;
            if let Some(policy) = aws_managed::find(&arn) {
                let versions = policy.versions().into_iter();
                let versions = versions.filter_map(|listed| policy.version(listed.version));
                return Ok((policy.with_uses(&uses), versions.collect()));
            }
            let policy = load(from, &account, &arn).await?;
            let mut versions = Vec::new();
            for (&version, &created) in policy.versions.iter().rev() {
                let text = Some(text_of(from, &policy, version).await?);
                let is_default = version == policy.default_version;
                versions.push(PolicyVersion { version, is_default, created, text });
            }
            Ok((policy.with_uses(&uses), versions))
        })
        .await
    }
}

/// # Errors
/// The store lacks what it promised to have.
pub(crate) async fn text_of(
    from: &impl Read,
    policy: &PolicyRecord,
    version: u32,
) -> Result<String, IamError> {
    let found = get_record::<PolicyText>(from, keys::policy_text(&policy.id, version)).await?;
    let missing = || IamError::Internal(format!("version {version} of policy {} has no text", policy.id));
    Ok(found.ok_or_else(missing)?.text)
}

/// `v12` as 12.
fn parse_version(text: &str) -> Option<u32> {
    text.strip_prefix('v')?.parse().ok()
}

fn known_version(policy: &PolicyRecord, arn: &str, version: &str) -> Result<u32, IamError> {
    let number = parse_version(version).filter(|number| policy.versions.contains_key(number));
    number.ok_or_else(|| no_version(arn, version))
}

fn no_version(arn: &str, version: &str) -> IamError {
    IamError::NoSuchEntity(format!("Policy {arn} version {version} does not exist or is not attachable."))
}
