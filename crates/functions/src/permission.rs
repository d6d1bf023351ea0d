//! Who else may use a function or a layer: their resource policies.

mod judge;
mod statement;

pub use judge::{Use, allows};
pub use statement::Statement;

use crate::configuration::check_revision;
use crate::{FunctionId, Functions, FunctionsError, keys, lookup};
use kv::{KvError, Read, Record, Snapshot, Transaction};
use names::{Key, Qualifier};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Of the policy as JSON.
const POLICY_BYTES_MAX: usize = 20 * 1024;

/// The resource policy of a function, one of its versions or aliases, or a layer version.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PolicyRecord {
    pub statements: Vec<Statement>,
    pub revision_id: String,
}

impl Record for PolicyRecord {
    const KIND: &'static str = "resource policy";
    const VERSION: u8 = 1;
}

impl PolicyRecord {
    /// The whole policy document.
    pub fn to_json(&self, resource: &str) -> Value {
        let statements: Vec<Value> =
            self.statements.iter().map(|statement| statement.to_json(resource)).collect();
        json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements })
    }
}

impl Functions {
    /// Returns the statement as JSON.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the statement id is taken; `Precondition`; `PolicyTooLong` (20 KiB).
    pub async fn add_permission(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
        statement: Statement,
        revision_id: Option<String>,
    ) -> Result<String, FunctionsError> {
        statement.check()?;
        let revision = self.clock.uuid();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                lookup::check_target(tx, &id, qualifier.as_ref()).await?;
                let key = keys::policy(&id, &lookup::qualifier_text(qualifier.as_ref()));
                let resource = id.arn_with(qualifier.as_ref()).to_string();
                let expected = Revision { expected: revision_id.as_deref(), next: &revision };
                add(tx, key, &resource, &statement, &expected).await
            })
            .await
    }

    /// # Errors
    /// `NotFound` for the function, the policy or the statement; `Precondition`.
    pub async fn remove_permission(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
        sid: String,
        revision_id: Option<String>,
    ) -> Result<(), FunctionsError> {
        let revision = self.clock.uuid();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                lookup::check_target(tx, &id, qualifier.as_ref()).await?;
                let key = keys::policy(&id, &lookup::qualifier_text(qualifier.as_ref()));
                let expected = Revision { expected: revision_id.as_deref(), next: &revision };
                remove(tx, key, &sid, &expected).await
            })
            .await
    }

    /// # Errors
    /// `NotFound` for the function, or when it has no policy.
    pub async fn get_policy(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
    ) -> Result<PolicyRecord, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                lookup::check_target(snapshot, &id, qualifier.as_ref()).await?;
                policy(snapshot, &id, qualifier.as_ref()).await?.ok_or_else(no_policy)
            })
            .await
    }
}

/// The revision that a policy must have, if any, and the one that it gets.
pub(crate) struct Revision<'a> {
    pub expected: Option<&'a str>,
    pub next: &'a str,
}

/// Adds a statement to the policy at `key`, and returns it as JSON.
///
/// # Errors
/// `Conflict`, `Precondition`, `PolicyTooLong`.
pub(crate) async fn add(
    tx: &mut Transaction,
    key: Key,
    resource: &str,
    statement: &Statement,
    revision: &Revision<'_>,
) -> Result<String, FunctionsError> {
    let mut policy = record(tx, key.clone()).await?.unwrap_or_default();
    check_revision(revision.expected, &policy.revision_id)?;
    if policy.statements.iter().any(|other| other.sid == statement.sid) {
        return Err(FunctionsError::Conflict(format!(
            "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
            statement.sid
        )));
    }
    policy.statements.push(statement.clone());
    revision.next.clone_into(&mut policy.revision_id);
    if policy.to_json(resource).to_string().len() > POLICY_BYTES_MAX {
        return Err(FunctionsError::PolicyTooLong(format!(
            "The final policy size is bigger than the limit ({POLICY_BYTES_MAX})."
        )));
    }
    kv::put_record(tx, key, &policy);
    Ok(statement.to_json(resource).to_string())
}

/// Removes a statement from the policy at `key`.
///
/// # Errors
/// `NotFound` for the policy or the statement; `Precondition`.
pub(crate) async fn remove(
    tx: &mut Transaction,
    key: Key,
    sid: &str,
    revision: &Revision<'_>,
) -> Result<(), FunctionsError> {
    let mut policy = record(tx, key.clone()).await?.ok_or_else(no_policy)?;
    check_revision(revision.expected, &policy.revision_id)?;
    let before = policy.statements.len();
    policy.statements.retain(|statement| statement.sid != sid);
    if policy.statements.len() == before {
        return Err(FunctionsError::NotFound(format!("Statement {sid} is not found in resource policy.")));
    }
    if policy.statements.is_empty() {
        tx.delete(key);
    } else {
        revision.next.clone_into(&mut policy.revision_id);
        kv::put_record(tx, key, &policy);
    }
    Ok(())
}

/// The policy of exactly this qualifier.
pub(crate) async fn policy(
    from: &impl Read,
    id: &FunctionId,
    qualifier: Option<&Qualifier>,
) -> Result<Option<PolicyRecord>, FunctionsError> {
    Ok(record(from, keys::policy(id, &lookup::qualifier_text(qualifier))).await?)
}

async fn record(from: &impl Read, key: Key) -> Result<Option<PolicyRecord>, KvError> {
    kv::get_record(from, key).await
}

pub(crate) fn no_policy() -> FunctionsError {
    FunctionsError::not_found("The resource you requested does not exist.")
}
