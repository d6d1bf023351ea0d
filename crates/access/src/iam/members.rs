//! Who is in which group: the user's record has its groups, an index has each group's users.

use super::quotas::GROUPS_PER_USER_MAX;
use super::records::IdRecord;
use super::{Group, Iam, IamError, Identity, Page, Paging, User, keys, page, register};
use kv::{Read, Snapshot, Transaction, put_record};
use names::AccountId;

impl Iam {
    /// Once more is no error.
    ///
    /// # Errors
    /// `NoSuchEntity` for the group or the user; `LimitExceeded` for an eleventh group.
    pub async fn add_user_to_group(
        &self,
        account: AccountId,
        group: String,
        user: String,
    ) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let group = register::load::<Group>(tx, &account, &group).await?;
            let mut user = register::load::<User>(tx, &account, &user).await?;
            if !user.groups.insert(group.identity.id.clone()) {
                return Ok(());
            }
            if user.groups.len() > GROUPS_PER_USER_MAX {
                let message = format!("Cannot exceed quota for GroupsPerUser: {GROUPS_PER_USER_MAX}");
                return Err(IamError::LimitExceeded(message));
            }
            put(tx, &group.identity.id, &user.identity);
            register::save(tx, &user);
            Ok(())
        })
        .await
    }

    /// Who is not in the group is no error.
    ///
    /// # Errors
    /// `NoSuchEntity` for the group or the user.
    pub async fn remove_user_from_group(
        &self,
        account: AccountId,
        group: String,
        user: String,
    ) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let group = register::load::<Group>(tx, &account, &group).await?;
            let mut user = register::load::<User>(tx, &account, &user).await?;
            if user.groups.remove(&group.identity.id) {
                tx.delete(keys::member(&group.identity.id, &user.identity.name));
                register::save(tx, &user);
            }
            Ok(())
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn list_groups_for_user(
        &self,
        account: AccountId,
        user: String,
        paging: Paging,
    ) -> Result<Page<Group>, IamError> {
        self.read(async move |from: &Snapshot| {
            let user = register::load::<User>(from, &account, &user).await?;
            let mut groups = Vec::new();
            for group in groups_of(from, &user).await? {
                groups.push((group.identity.name.clone(), group));
            }
            groups.retain(|(name, _)| paging.marker.as_ref().is_none_or(|marker| name > marker));
            Ok(Page::cut(groups, paging.max))
        })
        .await
    }
}

/// The groups of a user, in byte order of their names.
pub(crate) async fn groups_of(from: &impl Read, user: &User) -> Result<Vec<Group>, IamError> {
    let mut groups = Vec::new();
    for id in &user.groups {
        if let Some(IdRecord { account, name, .. }) = register::by_id(from, id).await? {
            groups.push(register::load::<Group>(from, &account, &name).await?);
        }
    }
    groups.sort_by(|one, other| one.identity.name.cmp(&other.identity.name));
    Ok(groups)
}

pub(crate) fn put(tx: &mut Transaction, group_id: &str, user: &Identity) {
    put_record(tx, keys::member(group_id, &user.name), &IdRecord::of(user));
}

pub(crate) async fn is_empty(from: &impl Read, group_id: &str) -> Result<bool, IamError> {
    Ok(from.range(&keys::members(group_id).range(), 1).await?.is_empty())
}

pub(crate) async fn users(
    from: &impl Read,
    group: &Identity,
    paging: &Paging,
) -> Result<Page<User>, IamError> {
    let prefix = keys::members(&group.id);
    let page = page::of_records(from, &prefix, paging, |member: &IdRecord| &member.name, |_| true).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for member in &page.items {
        items.push(register::load::<User>(from, &group.account, &member.name).await?);
    }
    Ok(Page { items, next_marker: page.next_marker })
}
