use super::{Tables, TablesError};
use crate::Refusal;
use crate::keys;
use crate::table::TableId;
use kv::{Snapshot, Transaction};
use std::collections::BTreeMap;

/// Of one table.
pub const TAGS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

impl Tables {
    /// Adds tags or changes their values.
    ///
    /// # Errors
    /// `NoSuchArn`, `Refused`; the store fails.
    pub async fn tag(&self, id: TableId, tags: BTreeMap<String, String>) -> Result<(), TablesError> {
        self.change_tags(id, move |kept| kept.extend(tags.clone())).await
    }

    /// Takes tags away; those that are not there are no error.
    ///
    /// # Errors
    /// As [`Tables::tag`].
    pub async fn untag(&self, id: TableId, keys: Vec<String>) -> Result<(), TablesError> {
        self.change_tags(id, move |kept| kept.retain(|key, _| !keys.contains(key))).await
    }

    /// # Errors
    /// `NoSuchArn`; the store fails.
    pub async fn tags(&self, id: TableId) -> Result<BTreeMap<String, String>, TablesError> {
        let known = self.known.clone();
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let found = known.find(snapshot, &id).await?;
                let record = found.ok_or_else(|| TablesError::NoSuchArn(id.arn().to_string()))?;
                Ok(record.tags.clone())
            })
            .await
    }

    async fn change_tags(
        &self,
        id: TableId,
        change: impl Fn(&mut BTreeMap<String, String>) + Send + 'static,
    ) -> Result<(), TablesError> {
        let known = self.known.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let found = known.find(tx, &id).await?;
                let record = found.ok_or_else(|| TablesError::NoSuchArn(id.arn().to_string()))?;
                let mut record = record.record.clone();
                change(&mut record.tags);
                check(&record.tags)?;
                kv::put_record(tx, keys::table(&id), &record);
                Ok(())
            })
            .await
    }
}

/// # Errors
/// `Validation`.
pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > TAGS_MAX {
        return Err(Refusal::validation(format!("Too many tags: at most {TAGS_MAX} on one resource")));
    }
    for (key, value) in tags {
        if key.starts_with("aws:") {
            return Err(Refusal::validation("Tag keys starting with 'aws:' are reserved for system use"));
        }
        if key.is_empty() || key.chars().count() > KEY_CHARS_MAX || value.chars().count() > VALUE_CHARS_MAX {
            return Err(Refusal::validation(format!(
                "Tag keys have 1 to {KEY_CHARS_MAX} characters, values at most {VALUE_CHARS_MAX}"
            )));
        }
    }
    Ok(())
}
