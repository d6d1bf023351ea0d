//! Users, groups and roles come and go with everything that leads to them, in one transaction.

use super::managed_policy::{self, Usage};
use super::records::{AccountRecord, IdRecord, NameRecord};
use super::{Group, Holder, IamError, Identity, IdentityKind, Role, User, keys, quotas};
use kv::{Read, Transaction, get_record, put_record};
use names::AccountId;

/// # Errors
/// `NoSuchEntity`.
pub(crate) async fn load<H: Holder>(
    from: &impl Read,
    account: &AccountId,
    name: &str,
) -> Result<H, IamError> {
    let found = get_record::<H>(from, keys::identity(<H as Holder>::KIND, account, name)).await?;
    found.ok_or_else(|| unknown(<H as Holder>::KIND, name))
}

pub(crate) fn unknown(kind: IdentityKind, name: &str) -> IamError {
    IamError::NoSuchEntity(format!("The {} with name {name} cannot be found.", kind.word()))
}

/// # Errors
/// `NoSuchEntity`; `UnmodifiableEntity` for a role that is linked to a service.
pub(crate) async fn load_to_change<H: Holder>(
    from: &impl Read,
    account: &AccountId,
    name: &str,
) -> Result<H, IamError> {
    let holder = load::<H>(from, account, name).await?;
    if is_service_linked(holder.identity()) {
        return Err(IamError::UnmodifiableEntity(format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        )));
    }
    Ok(holder)
}

pub(crate) fn is_service_linked(identity: &Identity) -> bool {
    identity.kind == IdentityKind::Role && identity.path.starts_with(super::SERVICE_LINKED_PATH)
}

/// Writes a record whose name, id and path stay as they were.
pub(crate) fn save<H: Holder>(tx: &mut Transaction, holder: &H) {
    let Identity { account, kind, name, .. } = holder.identity();
    put_record(tx, keys::identity(*kind, account, name), holder);
}

/// # Errors
/// `EntityAlreadyExists`; `LimitExceeded`; `NoSuchEntity` for a boundary that is none.
pub(crate) async fn add<H: Holder>(tx: &mut Transaction, holder: &H) -> Result<(), IamError> {
    let identity = holder.identity();
    let Identity { account, kind, .. } = identity;
    let mut facts = account_record(tx, account).await?;
    let (quota, max) = quota(*kind);
    let count = facts.count_mut(*kind);
    if *count >= max {
        return Err(IamError::LimitExceeded(format!("Cannot exceed quota for {quota}: {max}")));
    }
    *count = count.saturating_add(1);
    put_record(tx, keys::account(account), &facts);
    if let Some(arn) = &identity.boundary {
        managed_policy::check_boundary(tx, account, arn).await?;
        managed_policy::uses(tx, identity, arn, Usage::Boundary).await?;
    }
    name(tx, identity).await?;
    save(tx, holder);
    Ok(())
}

/// # Errors
/// `DeleteConflict`: policies still hang on it.
pub(crate) async fn remove<H: Holder>(tx: &mut Transaction, holder: &H) -> Result<(), IamError> {
    let identity = holder.identity();
    let conflict = |message: &str| Err(IamError::DeleteConflict(message.to_owned()));
    if !identity.attached.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !identity.inline.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    let mut facts = account_record(tx, &identity.account).await?;
    let count = facts.count_mut(identity.kind);
    *count = count.saturating_sub(1);
    put_record(tx, keys::account(&identity.account), &facts);
    if let Some(arn) = &identity.boundary {
        managed_policy::uses_no_more(tx, identity, arn, Usage::Boundary).await?;
    }
    unname(tx, identity);
    Ok(())
}

/// Moves everything that is found by the name of `old` to that of `new`, which has the same id.
///
/// # Errors
/// `EntityAlreadyExists`.
pub(crate) async fn rename<H: Holder>(tx: &mut Transaction, old: &Identity, new: &H) -> Result<(), IamError> {
    unname(tx, old);
    let attached = old.attached.iter().map(|arn| (arn, Usage::Attached));
    for (arn, usage) in attached.chain(old.boundary.iter().map(|arn| (arn, Usage::Boundary))) {
        managed_policy::renamed(tx, old, new.identity(), arn, usage);
    }
    name(tx, new.identity()).await?;
    save(tx, new);
    Ok(())
}

/// # Errors
/// `NoSuchEntity`.
pub(crate) async fn path_of(
    from: &impl Read,
    account: &AccountId,
    kind: IdentityKind,
    name: &str,
) -> Result<String, IamError> {
    Ok(match kind {
        IdentityKind::User => load::<User>(from, account, name).await?.identity.path,
        IdentityKind::Group => load::<Group>(from, account, name).await?.identity.path,
        IdentityKind::Role => load::<Role>(from, account, name).await?.identity.path,
    })
}

/// Who has `id`, if anybody.
pub(crate) async fn by_id(from: &impl Read, id: &str) -> Result<Option<IdRecord>, IamError> {
    Ok(get_record(from, keys::id(id)).await?)
}

pub(crate) async fn account_record(from: &impl Read, account: &AccountId) -> Result<AccountRecord, IamError> {
    Ok(get_record(from, keys::account(account)).await?.unwrap_or_default())
}

impl IdRecord {
    pub(crate) fn of(identity: &Identity) -> Self {
        IdRecord {
            account: identity.account.clone(),
            kind: identity.kind,
            name: identity.name.clone(),
            id: identity.id.clone(),
        }
    }
}

async fn name(tx: &mut Transaction, identity: &Identity) -> Result<(), IamError> {
    let Identity { account, kind, name, id, .. } = identity;
    let key = keys::name(account, kind.word(), name);
    if get_record::<NameRecord>(tx, &key).await?.is_some() {
        let message = format!("{} with name {name} already exists.", kind.title());
        return Err(IamError::EntityAlreadyExists(message));
    }
    put_record(tx, key, &NameRecord { name: name.clone() });
    put_record(tx, keys::id(id), &IdRecord::of(identity));
    Ok(())
}

fn unname(tx: &mut Transaction, identity: &Identity) {
    let Identity { account, kind, name, id, .. } = identity;
    tx.delete(keys::name(account, kind.word(), name));
    tx.delete(keys::id(id));
    tx.delete(keys::identity(*kind, account, name));
}

fn quota(kind: IdentityKind) -> (&'static str, u64) {
    match kind {
        IdentityKind::User => ("UsersPerAccount", quotas::USERS_MAX),
        IdentityKind::Group => ("GroupsPerAccount", quotas::GROUPS_MAX),
        IdentityKind::Role => ("RolesPerAccount", quotas::ROLES_MAX),
    }
}
