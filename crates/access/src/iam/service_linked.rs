//! Roles that are linked to services: named and trusted as the service wants it, changed by nobody.
//!
//! They have no policies: the services of this server act under their own names and never in such a role.
//! Deploy tools ask for them, and that they are there.

mod table;

use super::{Iam, IamError, IdentityKind, Role, SERVICE_LINKED_PATH, keys, register};
use clock::Timestamp;
use kv::{Snapshot, Transaction, get_record, put_record, range_records};
use names::{AccountId, Keyspace};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long the outcome of a deletion can be asked for.
const DELETION_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Outcomes of deletions that one more looks at, to remove those that are old.
const DELETIONS_SWEPT_MAX: usize = 256;

/// A service that has a role linked to it.
pub(crate) struct LinkedService {
    pub principal: &'static str,
    pub role: &'static str,
    /// Whether there can be several, told apart by a suffix.
    pub takes_suffix: bool,
}

/// A deletion that succeeded; there are no others, since it is done when it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Deletion {
    deleted: Timestamp,
}

impl kv::Record for Deletion {
    const KIND: &'static str = "deletion of a service-linked role";
    const VERSION: u8 = 1;
}

impl Iam {
    /// # Errors
    /// `NotSupportedService`; `InvalidInput` for a service that takes no suffix, and where the role is there.
    pub async fn create_service_linked_role(
        &self,
        account: AccountId,
        service: String,
        suffix: Option<String>,
        description: Option<String>,
    ) -> Result<Role, IamError> {
        let invalid = |message: String| IamError::InvalidInput(message);
        let known = table::LINES.iter().find(|line| line.principal == service);
        let known = known.ok_or_else(|| {
            IamError::NotSupportedService(format!("No service-linked role is known for {service}."))
        })?;
        let name = match &suffix {
            Some(_) if !known.takes_suffix => {
                return Err(invalid(format!("Custom suffix is not allowed for {service}")));
            }
            Some(suffix) => format!("{}_{suffix}", known.role),
            None => known.role.to_owned(),
        };
        let path = format!("{SERVICE_LINKED_PATH}{service}/");
        let role = Role {
            identity: self.new_identity(account, IdentityKind::Role, path, name, None, Vec::new())?,
            pinned: super::trusted::Pinned::new(),
            trust_policy: format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
            ),
            description,
            max_session_seconds: super::quotas::SESSION_SECONDS_MIN,
        };
        let made = role.clone();
        let added = self.transact(async move |tx: &mut Transaction| register::add(tx, &made).await).await;
        match added {
            Err(IamError::EntityAlreadyExists(_)) => Err(invalid(format!(
                "Service role name {} has been taken in this account, please try a different suffix.",
                role.identity.name
            ))),
            Err(error) => Err(error),
            Ok(()) => Ok(role),
        }
    }

    /// Deletes the role and answers the task to ask for with [`Iam::service_linked_role_is_deleted`].
    ///
    /// # Errors
    /// `NoSuchEntity`; `InvalidInput` for a role that is linked to no service.
    pub async fn delete_service_linked_role(
        &self,
        account: AccountId,
        name: String,
    ) -> Result<String, IamError> {
        let (uuid, now) = (self.clock().uuid(), self.clock().now());
        self.transact(async move |tx: &mut Transaction| {
            let role = register::load::<Role>(tx, &account, &name).await?;
            let Some(service) = role.identity.path.strip_prefix(SERVICE_LINKED_PATH) else {
                return Err(IamError::InvalidInput(format!("The role {name} is not linked to a service.")));
            };
            let task = format!("task/aws-service-role/{service}{name}/{uuid}");
            register::remove(tx, &role).await?;
            tx.delete(keys::last_used(&role.identity.id));
            let prefix = keys::all(Keyspace::IamDeletion, &account);
            for (key, old) in range_records::<Deletion>(tx, &prefix.range(), DELETIONS_SWEPT_MAX).await? {
                if now.since(old.deleted) > DELETION_KEPT {
                    tx.delete(key);
                }
            }
            put_record(tx, prefix.text(&task), &Deletion { deleted: now });
            Ok(task)
        })
        .await
    }

    /// GetServiceLinkedRoleDeletionStatus: every task that is known has succeeded.
    ///
    /// # Errors
    /// `NoSuchEntity`: no such deletion was asked for, or longer ago than a day.
    pub async fn service_linked_role_is_deleted(
        &self,
        account: AccountId,
        task: String,
    ) -> Result<(), IamError> {
        self.read(async move |from: &Snapshot| {
            let key = keys::all(Keyspace::IamDeletion, &account).text(&task);
            match get_record::<Deletion>(from, key).await? {
                Some(_) => Ok(()),
                None => Err(IamError::NoSuchEntity(format!("The deletion task {task} cannot be found."))),
            }
        })
        .await
    }
}
