use super::quotas::{SESSION_SECONDS_MAX, SESSION_SECONDS_MIN, TRUST_POLICY_CHARS_MAX, policy_chars};
use super::trusted::{self, Pinned};
use super::{
    Holder, Iam, IamError, Identity, IdentityKind, Page, Paging, SERVICE_LINKED_PATH, keys, register, words,
};
use crate::policy::{PolicyDocument, PolicyKind};
use kv::Transaction;
use names::AccountId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub identity: Identity,
    /// Who may assume it; the text as it was given, but with the names of today where it is read for others.
    pub trust_policy: String,
    /// Whom the text names, by unique id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) pinned: Pinned,
    pub description: Option<String>,
    /// The longest that a session may be asked for, 3,600–43,200.
    pub max_session_seconds: u32,
}

impl kv::Record for Role {
    const KIND: &'static str = "role";
    const VERSION: u8 = 1;
}

impl Holder for Role {
    const KIND: IdentityKind = IdentityKind::Role;

    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn identity_mut(&mut self) -> &mut Identity {
        &mut self.identity
    }
}

/// What CreateRole is asked for.
#[derive(Debug, Clone, Default)]
pub struct NewRole {
    pub name: String,
    /// `/` where there is none.
    pub path: Option<String>,
    pub trust_policy: String,
    pub description: Option<String>,
    pub max_session_seconds: Option<u32>,
    pub boundary: Option<String>,
    pub tags: Vec<(String, String)>,
}

impl Iam {
    /// # Errors
    /// `EntityAlreadyExists`, also where the name differs in nothing but case; `MalformedPolicyDocument`;
    /// `LimitExceeded`; `Validation` and `InvalidInput` for what cannot be; `NoSuchEntity` for the boundary.
    pub async fn create_role(&self, account: AccountId, new: NewRole) -> Result<Role, IamError> {
        let path = words::checked_path(new.path)?;
        if path.starts_with(SERVICE_LINKED_PATH) {
            return Err(IamError::InvalidInput(format!(
                "The path {SERVICE_LINKED_PATH} is reserved for service-linked roles."
            )));
        }
        check_trust_policy(&new.trust_policy)?;
        let role = Role {
            identity: self.new_identity(
                account,
                IdentityKind::Role,
                path,
                new.name,
                new.boundary,
                new.tags,
            )?,
            trust_policy: new.trust_policy,
            pinned: Pinned::new(),
            description: new.description,
            max_session_seconds: checked_session_seconds(new.max_session_seconds)?,
        };
        let made = role.clone();
        self.transact(async move |tx: &mut Transaction| {
            let pinned = trusted::pin(tx, &made.trust_policy).await?;
            register::add(tx, &Role { pinned, ..made.clone() }).await
        })
        .await?;
        Ok(role)
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn get_role(&self, account: AccountId, name: String) -> Result<Role, IamError> {
        let role = self.get(account, name.clone()).await?;
        let told = self.with_names_of_today(vec![role]).await?;
        told.into_iter().next().ok_or_else(|| register::unknown(IdentityKind::Role, &name))
    }

    /// # Errors
    /// The store fails.
    pub async fn list_roles(
        &self,
        account: AccountId,
        path_prefix: Option<String>,
        paging: Paging,
    ) -> Result<Page<Role>, IamError> {
        let page: Page<Role> = self.list(account, path_prefix, paging).await?;
        Ok(Page { items: self.with_names_of_today(page.items).await?, next_marker: page.next_marker })
    }

    /// # Errors
    /// `NoSuchEntity`; `DeleteConflict` while policies hang on it; `UnmodifiableEntity`.
    pub async fn delete_role(&self, account: AccountId, name: String) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let role = register::load_to_change::<Role>(tx, &account, &name).await?;
            register::remove(tx, &role).await?;
            tx.delete(keys::last_used(&role.identity.id));
            Ok(())
        })
        .await
    }

    /// What is `None` stays as it is; so does what UpdateRoleDescription leaves alone.
    ///
    /// # Errors
    /// `NoSuchEntity`, `Validation`, `UnmodifiableEntity`.
    pub async fn update_role(
        &self,
        account: AccountId,
        name: String,
        description: Option<String>,
        max_session_seconds: Option<u32>,
    ) -> Result<Role, IamError> {
        if max_session_seconds.is_some() {
            checked_session_seconds(max_session_seconds)?;
        }
        self.transact(async move |tx: &mut Transaction| {
            let mut role = register::load_to_change::<Role>(tx, &account, &name).await?;
            if description.is_some() {
                role.description.clone_from(&description);
            }
            role.max_session_seconds = max_session_seconds.unwrap_or(role.max_session_seconds);
            register::save(tx, &role);
            Ok(role)
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity`, `MalformedPolicyDocument`, `LimitExceeded`, `UnmodifiableEntity`.
    pub async fn update_assume_role_policy(
        &self,
        account: AccountId,
        name: String,
        trust_policy: String,
    ) -> Result<(), IamError> {
        check_trust_policy(&trust_policy)?;
        self.transact(async move |tx: &mut Transaction| {
            let mut role = register::load_to_change::<Role>(tx, &account, &name).await?;
            role.trust_policy.clone_from(&trust_policy);
            role.pinned = trusted::pin(tx, &trust_policy).await?;
            register::save(tx, &role);
            Ok(())
        })
        .await
    }
}

fn checked_session_seconds(seconds: Option<u32>) -> Result<u32, IamError> {
    let seconds = seconds.unwrap_or(SESSION_SECONDS_MIN);
    if !(SESSION_SECONDS_MIN..=SESSION_SECONDS_MAX).contains(&seconds) {
        return Err(IamError::Validation(format!(
            "The maximum session duration must be between {SESSION_SECONDS_MIN} and {SESSION_SECONDS_MAX} \
             seconds, got {seconds}"
        )));
    }
    Ok(seconds)
}

fn check_trust_policy(text: &str) -> Result<(), IamError> {
    PolicyDocument::parse(text, PolicyKind::Trust)?;
    if policy_chars(text) > TRUST_POLICY_CHARS_MAX {
        let message = format!("Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARS_MAX}");
        return Err(IamError::LimitExceeded(message));
    }
    Ok(())
}
