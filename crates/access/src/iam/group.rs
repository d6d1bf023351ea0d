use super::{Holder, Iam, IamError, Identity, IdentityKind, Page, Paging, members, register, words};
use kv::{Snapshot, Transaction};
use names::AccountId;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub identity: Identity,
}

impl kv::Record for Group {
    const KIND: &'static str = "group";
    const VERSION: u8 = 1;
}

impl Holder for Group {
    const KIND: IdentityKind = IdentityKind::Group;

    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn identity_mut(&mut self) -> &mut Identity {
        &mut self.identity
    }
}

impl Iam {
    /// # Errors
    /// `EntityAlreadyExists`, also where the name differs in nothing but case; `LimitExceeded`; `Validation`.
    pub async fn create_group(
        &self,
        account: AccountId,
        name: String,
        path: Option<String>,
    ) -> Result<Group, IamError> {
        let path = words::checked_path(path)?;
        let identity = self.new_identity(account, IdentityKind::Group, path, name, None, Vec::new())?;
        let group = Group { identity };
        let made = group.clone();
        self.transact(async move |tx: &mut Transaction| register::add(tx, &made).await).await?;
        Ok(group)
    }

    /// The group without its users, which [`Iam::list_group_users`] has.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn get_group(&self, account: AccountId, name: String) -> Result<Group, IamError> {
        self.get(account, name).await
    }

    /// # Errors
    /// The store fails.
    pub async fn list_groups(
        &self,
        account: AccountId,
        path_prefix: Option<String>,
        paging: Paging,
    ) -> Result<Page<Group>, IamError> {
        self.list(account, path_prefix, paging).await
    }

    /// Gives a group another name, another path, or both. Its users and policies stay.
    ///
    /// # Errors
    /// `NoSuchEntity`; `EntityAlreadyExists`; `Validation`.
    pub async fn update_group(
        &self,
        account: AccountId,
        name: String,
        new_name: Option<String>,
        new_path: Option<String>,
    ) -> Result<(), IamError> {
        if let Some(new_name) = &new_name {
            words::check_name("newGroupName", new_name, words::NAME_CHARS_MAX)?;
        }
        let new_path = new_path.map(|path| words::checked_path(Some(path))).transpose()?;
        self.transact(async move |tx: &mut Transaction| {
            let old = register::load::<Group>(tx, &account, &name).await?;
            let mut group = old.clone();
            if let Some(new_name) = &new_name {
                group.identity.name.clone_from(new_name);
            }
            if let Some(new_path) = &new_path {
                group.identity.path.clone_from(new_path);
            }
            register::rename(tx, &old.identity, &group).await
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity`; `DeleteConflict` while it has users or policies.
    pub async fn delete_group(&self, account: AccountId, name: String) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let group = register::load::<Group>(tx, &account, &name).await?;
            if !members::is_empty(tx, &group.identity.id).await? {
                let message = "Cannot delete entity, must remove users from group first.";
                return Err(IamError::DeleteConflict(message.to_owned()));
            }
            register::remove(tx, &group).await
        })
        .await
    }

    /// GetGroup's users.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn list_group_users(
        &self,
        account: AccountId,
        name: String,
        paging: Paging,
    ) -> Result<(Group, Page<super::User>), IamError> {
        self.read(async move |from: &Snapshot| {
            let group = register::load::<Group>(from, &account, &name).await?;
            let page = members::users(from, &group.identity, &paging).await?;
            Ok((group, page))
        })
        .await
    }
}
