use crate::{TopicId, TopicName, Topics, TopicsError, keys};
use kv::{Read, Snapshot};
use names::key::KeyParts;
use names::{AccountId, Keyspace, Region};

/// Topics by name, and the last one's name where there are more.
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub topics: Vec<TopicId>,
    pub last: Option<String>,
}

impl Topics {
    /// # Errors
    /// The store fails.
    pub async fn list_topics(
        &self,
        account: AccountId,
        region: Region,
        after: Option<String>,
        most: usize,
    ) -> Result<Page, TopicsError> {
        let all = keys::topics(&account, &region);
        let range = match &after {
            Some(after) => all.range_after(all.clone().text(after).as_bytes()),
            None => all.range(),
        };
        let read = async move |snapshot: &Snapshot| snapshot.range(&range, most + 1).await;
        let rows = self.kv.read(read).await?;
        let mut topics = Vec::with_capacity(rows.len().min(most));
        for (key, _) in rows.iter().take(most) {
            let name = name(key).ok_or(TopicsError::Corrupt("name of a topic"))?;
            topics.push(TopicId { account: account.clone(), region: region.clone(), name });
        }
        let last = topics.last().filter(|_| rows.len() > most).map(|topic| topic.name.to_string());
        Ok(Page { topics, last })
    }
}

fn name(key: &[u8]) -> Option<TopicName> {
    let mut parts = KeyParts::of(Keyspace::Topic, key).ok()?;
    parts.text().ok()?;
    parts.text().ok()?;
    TopicName::parse(&parts.text().ok()?).ok()
}
