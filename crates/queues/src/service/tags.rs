use crate::{QueueId, Queues, QueuesError};
use std::collections::BTreeMap;

/// Of one queue.
pub const TAGS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

impl Queues {
    /// Adds tags or changes their values.
    ///
    /// # Errors
    /// `NoSuchQueue`, `InvalidParameter`; the store fails.
    pub async fn tag(&self, id: QueueId, tags: BTreeMap<String, String>) -> Result<(), QueuesError> {
        self.change(id, move |record| {
            record.tags.extend(tags.clone());
            check(&record.tags)
        })
        .await
    }

    /// Takes tags away; those that are not there are no error.
    ///
    /// # Errors
    /// `NoSuchQueue`; the store fails.
    pub async fn untag(&self, id: QueueId, keys: Vec<String>) -> Result<(), QueuesError> {
        self.change(id, move |record| {
            record.tags.retain(|key, _| !keys.contains(key));
            Ok(())
        })
        .await
    }

    /// # Errors
    /// `NoSuchQueue`; the store fails.
    pub async fn tags(&self, id: &QueueId) -> Result<BTreeMap<String, String>, QueuesError> {
        Ok(self.find(id).await?.ok_or(QueuesError::NoSuchQueue)?.tags.clone())
    }
}

/// # Errors
/// `InvalidParameter`.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), QueuesError> {
    let wrong = |text: &str| Err(QueuesError::InvalidParameter(text.to_owned()));
    if tags.len() > TAGS_MAX {
        return wrong(&format!("Too many tags added: at most {TAGS_MAX} on one queue."));
    }
    for (key, value) in tags {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return wrong("Tag keys starting with 'aws:' are reserved for system use.");
        }
        if key.is_empty() || key.chars().count() > KEY_CHARS_MAX || value.chars().count() > VALUE_CHARS_MAX {
            return wrong(&format!(
                "Tag keys have 1 to {KEY_CHARS_MAX} characters, values at most {VALUE_CHARS_MAX}."
            ));
        }
    }
    Ok(())
}
