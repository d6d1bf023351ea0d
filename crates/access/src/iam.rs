//! Users, groups, roles and policies of all accounts, and what they add up to for a principal.
//!
//! The key tree is drawn in `keys.rs`. Each change is one transaction with all of its indexes; nothing that
//! is deleted leaves anything behind. Names differ in more than case, and are found only as they were given.

mod access_key;
mod account;
mod attachment;
mod aws_managed;
mod boundary;
mod credential_report;
mod error;
mod group;
mod holder;
mod identity;
mod inline_policy;
mod keys;
mod last_used;
mod loaded;
mod managed_policy;
mod members;
mod oidc_provider;
mod page;
mod policies;
mod policy_versions;
pub mod quotas;
mod records;
mod register;
mod role;
mod service_linked;
mod tags;
mod trusted;
mod user;
mod words;

pub use access_key::{AccessKey, KeyRecord};
pub use account::AccountCounts;
pub use attachment::{Attached, HolderFilter, PolicyHolder};
pub use credential_report::{CREDENTIAL_REPORT_LIFETIME, CredentialReport, RootFacts};
pub use error::IamError;
pub use group::Group;
pub use identity::{Holder, Identity, IdentityKind};
pub use last_used::LastUsed;
pub use loaded::{Loaded, LoadedPolicy};
pub(crate) use loaded::{ask_for_items, ask_for_tags};
pub use managed_policy::{ManagedPolicy, Usage};
pub use oidc_provider::{NewOidcProvider, OidcProvider};
pub use page::{PAGE_ITEMS, PAGE_ITEMS_MAX, Page, Paging};
pub use policies::{NewPolicy, PolicyFilter, Scope};
pub use policy_versions::PolicyVersion;
pub use role::{NewRole, Role};
pub use user::{NewUser, User};

use crate::cipher::Cipher;
use crate::{AccessError, MasterKey};
use access_key::KnownKeys;
use clock::Clock;
use credential_report::Reports;
use kv::{Kv, Snapshot, Transaction};
use last_used::Noted;
use loaded::Kept;
use std::sync::Arc;

/// Where roles that are linked to services live; nobody else may make one there, or change it.
pub(crate) const SERVICE_LINKED_PATH: &str = "/aws-service-role/";

/// The store of users, groups, roles and policies. Cheap to clone.
#[derive(Clone)]
pub struct Iam(Arc<Inner>);

struct Inner {
    kv: Kv,
    clock: Clock,
    cipher: Cipher,
    keys: KnownKeys,
    /// Held while what keys stand for changes, in the store and then in memory.
    key_changes: tokio::sync::Mutex<()>,
    last_used: Noted,
    kept: Kept,
    reports: Reports,
}

impl Iam {
    /// # Errors
    /// The store fails, or a stored secret does not open with `master`.
    pub async fn open(kv: &Kv, clock: Clock, master: &MasterKey) -> Result<Iam, AccessError> {
        let iam = Iam(Arc::new(Inner {
            kv: kv.clone(),
            clock,
            cipher: master.cipher("access key")?,
            keys: KnownKeys::default(),
            key_changes: tokio::sync::Mutex::default(),
            last_used: Noted::default(),
            kept: Kept::new(kv),
            reports: Reports::default(),
        }));
        iam.load_keys(kv).await?;
        Ok(iam)
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    async fn transact<T, F>(&self, work: F) -> Result<T, IamError>
    where
        F: AsyncFn(&mut Transaction) -> Result<T, IamError> + Send + 'static,
        T: Send + 'static,
    {
        self.0.kv.transact(work).await
    }

    async fn read<T, F>(&self, work: F) -> Result<T, IamError>
    where
        F: AsyncFn(&Snapshot) -> Result<T, IamError> + Send + 'static,
        T: Send + 'static,
    {
        self.0.kv.read(work).await
    }
}

impl std::fmt::Debug for Iam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Iam(..)")
    }
}

#[cfg(test)]
mod tests;
