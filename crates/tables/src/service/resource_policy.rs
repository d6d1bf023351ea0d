//! The policies that tables have of their own: who may use a table and its indexes, also from other accounts.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/access-control-resource-based.html>

mod shared;

pub(crate) use shared::Shared;

use super::{Tables, TablesError};
use crate::Refusal;
use crate::keys;
use crate::table::TableId;
use access::policy::{PolicyDocument, PolicyKind};
use clock::Clock;
use kv::{Read, Snapshot, Transaction};
use serde::{Deserialize, Serialize};

/// Bytes of one policy, spaces and all.
const LEN_MAX: usize = 20 * 1024;
/// What `ExpectedRevisionId` says where there must be no policy.
const NO_POLICY: &str = "NO_POLICY";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePolicy {
    /// As it was given.
    pub text: String,
    /// Another one for each other text.
    pub revision: String,
}

impl kv::Record for TablePolicy {
    const KIND: &'static str = "policy of a table";
    const VERSION: u8 = 1;
}

/// Reads what is to become a table's policy.
///
/// # Errors
/// `Refused`: too long, or no policy.
pub fn read_policy(text: &str) -> Result<PolicyDocument, TablesError> {
    if text.len() > LEN_MAX {
        return Err(Refusal::validation(format!(
            "Resource-based policy document exceeds the maximum size of {LEN_MAX} bytes"
        ))
        .into());
    }
    PolicyDocument::parse(text, PolicyKind::Resource)
        .map_err(|error| Refusal::validation(format!("Invalid policy document: {}", error.message())).into())
}

impl Tables {
    /// Answers the revision. The same policy once more changes nothing.
    ///
    /// # Errors
    /// `NoSuchArn`, `Refused`, `NoPolicy` where `expected` is given and is not the revision; the store fails.
    pub async fn put_resource_policy(
        &self,
        id: TableId,
        text: String,
        expected: Option<String>,
    ) -> Result<String, TablesError> {
        read_policy(&text)?;
        let (known, clock) = (self.known.clone(), self.clock.clone());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                if known.find(tx, &id).await?.is_none() {
                    return Err(TablesError::NoSuchArn(id.arn().to_string()));
                }
                let kept = kv::get_record::<TablePolicy>(tx, keys::policy(&id)).await?;
                expect(&id, kept.as_ref(), expected.as_deref())?;
                if let Some(same) = kept.filter(|kept| kept.text == text) {
                    return Ok(same.revision);
                }
                Ok(put(tx, &id, text.clone(), &clock))
            })
            .await
    }

    /// # Errors
    /// `NoSuchArn`, `NoPolicy`; the store fails.
    pub async fn get_resource_policy(&self, id: TableId) -> Result<TablePolicy, TablesError> {
        let known = self.known.clone();
        self.kv
            .read(async move |snapshot: &Snapshot| {
                if known.find(snapshot, &id).await?.is_none() {
                    return Err(TablesError::NoSuchArn(id.arn().to_string()));
                }
                let kept = kv::get_record::<TablePolicy>(snapshot, keys::policy(&id)).await?;
                kept.ok_or_else(|| TablesError::NoPolicy(id.arn().to_string()))
            })
            .await
    }

    /// Answers the revision of the policy that was there, if there was one.
    ///
    /// # Errors
    /// As [`Tables::put_resource_policy`].
    pub async fn delete_resource_policy(
        &self,
        id: TableId,
        expected: Option<String>,
    ) -> Result<Option<String>, TablesError> {
        let known = self.known.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                if known.find(tx, &id).await?.is_none() {
                    return Err(TablesError::NoSuchArn(id.arn().to_string()));
                }
                let kept = kv::get_record::<TablePolicy>(tx, keys::policy(&id)).await?;
                expect(&id, kept.as_ref(), expected.as_deref())?;
                if kept.is_some() {
                    tx.delete(keys::policy(&id));
                }
                Ok(kept.map(|kept| kept.revision))
            })
            .await
    }
}

/// Answers the revision.
pub(super) fn put(tx: &mut Transaction, id: &TableId, text: String, clock: &Clock) -> String {
    let revision = clock.uuid();
    kv::put_record(tx, keys::policy(id), &TablePolicy { text, revision: revision.clone() });
    revision
}

/// Of a table that is gone.
pub(super) async fn forget(tx: &mut Transaction, id: &TableId) -> Result<(), TablesError> {
    // Others' policies are read anew only where there was one.
    if tx.get(&keys::policy(id)).await?.is_some() {
        tx.delete(keys::policy(id));
    }
    Ok(())
}

fn expect(id: &TableId, kept: Option<&TablePolicy>, expected: Option<&str>) -> Result<(), TablesError> {
    let is_so = match (expected, kept) {
        (None, _) | (Some(NO_POLICY), None) => true,
        (Some(revision), Some(kept)) => revision == kept.revision,
        (Some(_), None) => false,
    };
    if is_so { Ok(()) } else { Err(TablesError::NoPolicy(id.arn().to_string())) }
}
