//! Tags of mappings (<https://docs.aws.amazon.com/lambda/latest/dg/tags-esm.html>).

use super::error::invalid;
use super::record::{Mapping, MappingId, key};
use super::store::load;
use super::{MappingError, Mappings};
use kv::Transaction;
use std::collections::BTreeMap;

const TAGS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

impl Mappings {
    /// Adds tags or changes their values.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for tags that cannot be, or more than 50 in all.
    pub async fn tag(&self, id: MappingId, tags: BTreeMap<String, String>) -> Result<(), MappingError> {
        self.change_tags(id, move |mapping| {
            mapping.tags.extend(tags.clone());
            check(&mapping.tags)
        })
        .await
    }

    /// Takes tags away; those that are not there are no error.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn untag(&self, id: MappingId, keys: Vec<String>) -> Result<(), MappingError> {
        self.change_tags(id, move |mapping| {
            mapping.tags.retain(|key, _| !keys.contains(key));
            Ok(())
        })
        .await
    }

    /// The revision stays, so that nothing that is being read is read anew.
    async fn change_tags(
        &self,
        id: MappingId,
        change: impl Fn(&mut Mapping) -> Result<(), MappingError> + Send + Sync + 'static,
    ) -> Result<(), MappingError> {
        self.0
            .kv
            .transact(async move |tx: &mut Transaction| {
                let mut mapping = load(tx, &id).await?;
                change(&mut mapping)?;
                kv::put_record(tx, key(&id), &mapping);
                Ok(())
            })
            .await
    }
}

pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), MappingError> {
    if tags.len() > TAGS_MAX {
        return invalid(format!("An event source mapping has at most {TAGS_MAX} tags."));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > KEY_CHARS_MAX || key.starts_with("aws:") {
            return invalid(format!(
                "A tag's key has 1 to {KEY_CHARS_MAX} characters and does not begin with aws:, but {key:?} is not so."
            ));
        }
        if value.chars().count() > VALUE_CHARS_MAX {
            return invalid(format!("The value of tag {key:?} is longer than {VALUE_CHARS_MAX} characters."));
        }
    }
    Ok(())
}
