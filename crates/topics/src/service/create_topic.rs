use super::tags;
use crate::settings::Settings;
use crate::{TopicId, TopicRecord, Topics, TopicsError, keys};
use kv::{Read, Transaction};
use std::collections::BTreeMap;

/// Topics of an account in a region (<https://docs.aws.amazon.com/general/latest/gr/sns.html>).
const TOPICS_MAX: u64 = 100_000;

impl Topics {
    /// A topic that is there, with the attributes and tags that are given, is no error.
    ///
    /// # Errors
    /// What is wrong with an attribute or a tag, `TooManyTopics`; the store fails.
    pub async fn create_topic(
        &self,
        id: TopicId,
        attributes: BTreeMap<String, String>,
        tags: BTreeMap<String, String>,
    ) -> Result<(), TopicsError> {
        let settings = Settings::new(&id, &attributes)?;
        tags::check(&tags)?;
        let topics = self.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                if let Some(topic) = topics.known.find(tx, &id).await? {
                    return is_same(&id, &topic, &settings, &attributes, &tags);
                }
                let total = read_number(tx, &keys::total(&id.account, &id.region)).await?;
                if total >= TOPICS_MAX {
                    return Err(TopicsError::TooManyTopics(format!(
                        "An account has at most {TOPICS_MAX} topics in a region"
                    )));
                }
                write_number(tx, &keys::total(&id.account, &id.region), total + 1);
                let number = read_number(tx, &keys::last_number()).await? + 1;
                write_number(tx, &keys::last_number(), number);
                let record = TopicRecord {
                    number,
                    created: topics.clock.now(),
                    settings: settings.clone(),
                    tags: tags.clone(),
                };
                kv::put_record(tx, keys::topic(&id), &record);
                Ok(())
            })
            .await
    }
}

fn is_same(
    id: &TopicId,
    there: &TopicRecord,
    given: &Settings,
    attributes: &BTreeMap<String, String>,
    tags: &BTreeMap<String, String>,
) -> Result<(), TopicsError> {
    let (shown, wanted) = (there.settings.shown(id), given.shown(id));
    if attributes.keys().any(|name| shown.get(name) != wanted.get(name)) {
        return Err(TopicsError::reason("Attributes", "Topic already exists with different attributes"));
    }
    if !tags.is_empty() && there.tags != *tags {
        return Err(TopicsError::reason("Tags", "Topic already exists with different tags"));
    }
    Ok(())
}

/// Zero where nothing was written.
pub(super) async fn read_number(from: &impl Read, key: &names::Key) -> Result<u64, TopicsError> {
    match from.get(key.as_bytes()).await? {
        None => Ok(0),
        Some(bytes) => {
            let bytes = bytes.as_ref().try_into().map_err(|_| TopicsError::Corrupt("a number"))?;
            Ok(u64::from_be_bytes(bytes))
        }
    }
}

pub(super) fn write_number(tx: &mut Transaction, key: &names::Key, number: u64) {
    tx.put(key, number.to_be_bytes().to_vec());
}
