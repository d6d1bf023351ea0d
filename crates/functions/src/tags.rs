use crate::{EGRESS_TAG, FunctionId, Functions, FunctionsError, egress, keys, lookup};
use kv::{Snapshot, Transaction};
use std::collections::BTreeMap;

const TAGS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

impl Functions {
    /// Adds tags or changes their values.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for tags that cannot be, or more than 50 in all.
    ///
    /// A changed [`EGRESS_TAG`] holds from the next invocation on, in instances of its own.
    pub async fn tag_function(
        &self,
        id: FunctionId,
        tags: BTreeMap<String, String>,
    ) -> Result<(), FunctionsError> {
        if tags.contains_key(EGRESS_TAG) {
            egress::check(&self.config, &tags)?;
        }
        let function = id.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = lookup::function(tx, &id).await?;
                record.tags.extend(tags.clone());
                check(&record.tags)?;
                kv::put_record(tx, keys::function(&id), &record);
                Ok::<_, FunctionsError>(())
            })
            .await?;
        self.provision_soon(function);
        Ok(())
    }

    /// Takes tags away; those that are not there are no error.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn untag_function(&self, id: FunctionId, tags: Vec<String>) -> Result<(), FunctionsError> {
        let function = id.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = lookup::function(tx, &id).await?;
                record.tags.retain(|key, _| !tags.contains(key));
                kv::put_record(tx, keys::function(&id), &record);
                Ok::<_, FunctionsError>(())
            })
            .await?;
        self.provision_soon(function);
        Ok(())
    }

    /// # Errors
    /// `NotFound`.
    pub async fn list_tags(&self, id: FunctionId) -> Result<BTreeMap<String, String>, FunctionsError> {
        self.kv.read(async move |snapshot: &Snapshot| Ok(lookup::function(snapshot, &id).await?.tags)).await
    }
}

pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<(), FunctionsError> {
    if tags.len() > TAGS_MAX {
        return Err(FunctionsError::Invalid(format!("a function can have at most {TAGS_MAX} tags")));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > KEY_CHARS_MAX || key.starts_with("aws:") {
            return Err(FunctionsError::Invalid(format!(
                "tag key must be 1-{KEY_CHARS_MAX} characters and not begin with aws:, got {key:?}"
            )));
        }
        if value.chars().count() > VALUE_CHARS_MAX {
            return Err(FunctionsError::Invalid(format!(
                "the value of tag {key:?} is longer than {VALUE_CHARS_MAX} characters"
            )));
        }
    }
    Ok(())
}
