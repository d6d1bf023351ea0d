use crate::{TopicId, Topics, TopicsError};
use std::collections::BTreeMap;

/// Of one topic.
pub const TAGS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

impl Topics {
    /// Adds tags or changes their values.
    ///
    /// # Errors
    /// `NoSuchResource`, `InvalidParameter`, `TooManyTags`; the store fails.
    pub async fn tag(&self, id: TopicId, tags: BTreeMap<String, String>) -> Result<(), TopicsError> {
        self.change(id, move |record| {
            record.tags.extend(tags.clone());
            check(&record.tags)
        })
        .await
        .map_err(of_resource)
    }

    /// Takes tags away; those that are not there are no error.
    ///
    /// # Errors
    /// `NoSuchResource`; the store fails.
    pub async fn untag(&self, id: TopicId, keys: Vec<String>) -> Result<(), TopicsError> {
        self.change(id, move |record| {
            record.tags.retain(|key, _| !keys.contains(key));
            Ok(())
        })
        .await
        .map_err(of_resource)
    }

    /// # Errors
    /// `NoSuchResource`; the store fails.
    pub async fn tags(&self, id: &TopicId) -> Result<BTreeMap<String, String>, TopicsError> {
        Ok(self.find(id).await?.ok_or(TopicsError::NoSuchResource)?.tags.clone())
    }
}

fn of_resource(error: TopicsError) -> TopicsError {
    match error {
        TopicsError::NoSuchTopic => TopicsError::NoSuchResource,
        other => other,
    }
}

/// # Errors
/// `InvalidParameter`, `TooManyTags`.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), TopicsError> {
    if tags.len() > TAGS_MAX {
        return Err(TopicsError::TooManyTags(format!(
            "Could not complete request: tag quota of per resource exceeded ({TAGS_MAX})"
        )));
    }
    for (key, value) in tags {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(TopicsError::reason("Tags", "keys that begin with 'aws:' are reserved"));
        }
        if key.is_empty() || key.chars().count() > KEY_CHARS_MAX || value.chars().count() > VALUE_CHARS_MAX {
            let reason =
                format!("keys have 1 to {KEY_CHARS_MAX} characters, values at most {VALUE_CHARS_MAX}");
            return Err(TopicsError::reason("Tags", reason));
        }
    }
    Ok(())
}
