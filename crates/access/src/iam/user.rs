use super::{Holder, Iam, IamError, Identity, IdentityKind, Page, Paging, keys, members, register, words};
use kv::Transaction;
use names::AccountId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub identity: Identity,
    /// Unique ids of the groups that it is in.
    pub groups: BTreeSet<String>,
    /// Ids of its access keys, the oldest first.
    pub access_keys: Vec<String>,
}

impl kv::Record for User {
    const KIND: &'static str = "user";
    const VERSION: u8 = 1;
}

impl Holder for User {
    const KIND: IdentityKind = IdentityKind::User;

    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn identity_mut(&mut self) -> &mut Identity {
        &mut self.identity
    }
}

/// What CreateUser is asked for.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    pub name: String,
    /// `/` where there is none.
    pub path: Option<String>,
    pub boundary: Option<String>,
    pub tags: Vec<(String, String)>,
}

impl Iam {
    /// # Errors
    /// `EntityAlreadyExists`, also where the name differs in nothing but case; `LimitExceeded`; `Validation`
    /// and `InvalidInput` for what cannot be; `NoSuchEntity` for the boundary.
    pub async fn create_user(&self, account: AccountId, new: NewUser) -> Result<User, IamError> {
        let path = words::checked_path(new.path)?;
        let identity =
            self.new_identity(account, IdentityKind::User, path, new.name, new.boundary, new.tags)?;
        let user = User { identity, groups: BTreeSet::new(), access_keys: Vec::new() };
        let made = user.clone();
        self.transact(async move |tx: &mut Transaction| register::add(tx, &made).await).await?;
        Ok(user)
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn get_user(&self, account: AccountId, name: String) -> Result<User, IamError> {
        self.get(account, name).await
    }

    /// # Errors
    /// The store fails.
    pub async fn list_users(
        &self,
        account: AccountId,
        path_prefix: Option<String>,
        paging: Paging,
    ) -> Result<Page<User>, IamError> {
        self.list(account, path_prefix, paging).await
    }

    /// Gives a user another name, another path, or both. Whatever hangs on it stays.
    ///
    /// # Errors
    /// `NoSuchEntity`; `EntityAlreadyExists`; `Validation`.
    pub async fn update_user(
        &self,
        account: AccountId,
        name: String,
        new_name: Option<String>,
        new_path: Option<String>,
    ) -> Result<(), IamError> {
        if let Some(new_name) = &new_name {
            words::check_name("newUserName", new_name, words::SHORT_NAME_CHARS_MAX)?;
        }
        let new_path = new_path.map(|path| words::checked_path(Some(path))).transpose()?;
        self.change_keys(async move |tx: &mut Transaction| {
            let old = register::load::<User>(tx, &account, &name).await?;
            let mut user = old.clone();
            if let Some(new_name) = &new_name {
                user.identity.name.clone_from(new_name);
            }
            if let Some(new_path) = &new_path {
                user.identity.path.clone_from(new_path);
            }
            register::rename(tx, &old.identity, &user).await?;
            for group in &user.groups {
                tx.delete(keys::member(group, &old.identity.name));
                members::put(tx, group, &user.identity);
            }
            Ok((user.identity.id, ()))
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity`; `DeleteConflict` while it has keys or policies, or is in a group.
    pub async fn delete_user(&self, account: AccountId, name: String) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let user = register::load::<User>(tx, &account, &name).await?;
            let conflict = |message: &str| Err(IamError::DeleteConflict(message.to_owned()));
            if !user.groups.is_empty() {
                return conflict("Cannot delete entity, must remove users from group first.");
            }
            if !user.access_keys.is_empty() {
                return conflict("Cannot delete entity, must delete access keys first.");
            }
            register::remove(tx, &user).await
        })
        .await
    }
}
