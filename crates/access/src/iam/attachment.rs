use super::managed_policy::{Usage, check_attachable, not_found, uses, uses_no_more};
use super::quotas::ATTACHED_MAX;
use super::records::IdRecord;
use super::{Holder, Iam, IamError, IdentityKind, Page, Paging, aws_managed, keys, managed_policy, register};
use kv::{Snapshot, Transaction, range_records};
use names::AccountId;

/// A managed policy that is attached to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    pub name: String,
    pub arn: String,
}

impl Attached {
    pub fn of(arn: &str) -> Self {
        Attached { name: arn.rsplit('/').next().unwrap_or(arn).to_owned(), arn: arn.to_owned() }
    }
}

/// Who has a managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyHolder {
    pub kind: IdentityKind,
    pub name: String,
    pub id: String,
}

/// Which of those that have a policy ListEntitiesForPolicy is asked for; `None` is all.
#[derive(Debug, Clone, Default)]
pub struct HolderFilter {
    pub kind: Option<IdentityKind>,
    pub path_prefix: Option<String>,
    pub usage: Option<Usage>,
}

impl Iam {
    /// AttachUserPolicy, AttachGroupPolicy, AttachRolePolicy; once more is no error.
    ///
    /// # Errors
    /// `NoSuchEntity` for the holder or the policy; `LimitExceeded`, `PolicyNotAttachable`,
    /// `UnmodifiableEntity`.
    pub async fn attach_policy<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        arn: String,
    ) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let mut holder = register::load_to_change::<H>(tx, &account, &name).await?;
            check_attachable(tx, &account, &arn).await?;
            let identity = holder.identity_mut();
            if !identity.attached.insert(arn.clone()) {
                return Ok(());
            }
            if identity.attached.len() > ATTACHED_MAX {
                let title = identity.kind.title();
                let message = format!("Cannot exceed quota for PoliciesPer{title}: {ATTACHED_MAX}");
                return Err(IamError::LimitExceeded(message));
            }
            uses(tx, identity, &arn, Usage::Attached).await?;
            register::save(tx, &holder);
            Ok(())
        })
        .await
    }

    /// DetachUserPolicy, DetachGroupPolicy, DetachRolePolicy.
    ///
    /// # Errors
    /// `NoSuchEntity` for the holder, or when the policy is not attached; `UnmodifiableEntity`.
    pub async fn detach_policy<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        arn: String,
    ) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let mut holder = register::load_to_change::<H>(tx, &account, &name).await?;
            if !holder.identity_mut().attached.remove(&arn) {
                return Err(not_found(&arn));
            }
            uses_no_more(tx, holder.identity(), &arn, Usage::Attached).await?;
            register::save(tx, &holder);
            Ok(())
        })
        .await
    }

    /// ListAttachedUserPolicies, ListAttachedGroupPolicies, ListAttachedRolePolicies; in byte order of names.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn list_attached_policies<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        path_prefix: Option<String>,
        paging: Paging,
    ) -> Result<Page<Attached>, IamError> {
        let holder = self.get::<H>(account, name).await?;
        let in_path = |arn: &&String| {
            let resource = arn.split_once(":policy").map_or("", |(_, resource)| resource);
            path_prefix.as_ref().is_none_or(|prefix| resource.starts_with(prefix))
        };
        let attached = holder.identity().attached.iter().filter(in_path).map(|arn| Attached::of(arn));
        let mut attached: Vec<(String, Attached)> =
            attached.map(|attached| (managed_policy::marker(&attached.arn), attached)).collect();
        attached.sort_by(|(one, _), (other, _)| one.cmp(other));
        attached.retain(|(marker, _)| paging.marker.as_ref().is_none_or(|after| marker > after));
        Ok(Page::cut(attached, paging.max))
    }

    /// Groups, roles and users, each in byte order of their names.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn list_entities_for_policy(
        &self,
        account: AccountId,
        arn: String,
        filter: HolderFilter,
        paging: Paging,
    ) -> Result<Page<PolicyHolder>, IamError> {
        self.read(async move |from: &Snapshot| {
            if aws_managed::find(&arn).is_none() {
                managed_policy::load(from, &account, &arn).await?;
            }
            let usages = match filter.usage {
                Some(usage) => vec![usage],
                None => vec![Usage::Attached, Usage::Boundary],
            };
            let mut found = Vec::new();
            for usage in usages {
                let range = keys::policy_users(&account, &arn, usage).range();
                for (_, IdRecord { kind, name, id, .. }) in range_records(from, &range, HOLDERS_MAX).await? {
                    let key = format!("{}/{name}", kind.word());
                    if filter.kind.is_none_or(|wanted| wanted == kind)
                        && paging.marker.as_ref().is_none_or(|marker| key > *marker)
                        && path_fits(from, &account, kind, &name, filter.path_prefix.as_deref()).await?
                    {
                        found.push((key, PolicyHolder { kind, name, id }));
                    }
                }
            }
            found.sort_by(|(one, _), (other, _)| one.cmp(other));
            found.dedup_by(|(one, _), (other, _)| one == other);
            Ok(Page::cut(found, paging.max))
        })
        .await
    }
}

/// More than all quotas together let there be.
const HOLDERS_MAX: usize = 10_000;

async fn path_fits(
    from: &Snapshot,
    account: &AccountId,
    kind: IdentityKind,
    name: &str,
    prefix: Option<&str>,
) -> Result<bool, IamError> {
    let Some(prefix) = prefix else { return Ok(true) };
    Ok(register::path_of(from, account, kind, name).await?.starts_with(prefix))
}
