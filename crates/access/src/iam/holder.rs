//! What users, groups and roles have done to them alike.

use super::{Holder, Iam, IamError, Identity, IdentityKind, Page, Paging, keys, page, register, tags, words};
use kv::Snapshot;
use names::AccountId;
use std::collections::{BTreeMap, BTreeSet};

impl Iam {
    /// A user, group or role that is about to be made.
    ///
    /// # Errors
    /// `Validation` or `InvalidInput`: its name or tags cannot be.
    pub(crate) fn new_identity(
        &self,
        account: AccountId,
        kind: IdentityKind,
        path: String,
        name: String,
        boundary: Option<String>,
        tags: Vec<(String, String)>,
    ) -> Result<Identity, IamError> {
        let (what, max) = match kind {
            IdentityKind::User => ("userName", words::SHORT_NAME_CHARS_MAX),
            IdentityKind::Group => ("groupName", words::NAME_CHARS_MAX),
            IdentityKind::Role => ("roleName", words::SHORT_NAME_CHARS_MAX),
        };
        words::check_name(what, &name, max)?;
        Ok(Identity {
            account,
            kind,
            path,
            name,
            id: words::unique_id(kind.id_prefix(), self.clock()),
            created: self.clock().now().truncated_to_seconds(),
            tags: tags::new(tags)?,
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary,
        })
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn get<H: Holder>(&self, account: AccountId, name: String) -> Result<H, IamError> {
        self.read(async move |from: &Snapshot| register::load::<H>(from, &account, &name).await).await
    }

    /// # Errors
    /// The store fails.
    pub async fn list<H: Holder>(
        &self,
        account: AccountId,
        path_prefix: Option<String>,
        paging: Paging,
    ) -> Result<Page<H>, IamError> {
        self.read(async move |from: &Snapshot| {
            let prefix = keys::all(<H as Holder>::KIND.keyspace(), &account);
            let wanted = |holder: &H| {
                path_prefix.as_ref().is_none_or(|prefix| holder.identity().path.starts_with(prefix))
            };
            page::of_records(from, &prefix, &paging, |holder: &H| &holder.identity().name, wanted).await
        })
        .await
    }
}
