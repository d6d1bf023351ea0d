use crate::{QueueId, QueueName, Queues, QueuesError, keys};
use kv::{Read, Snapshot};
use names::key::KeyParts;
use names::{AccountId, Key, KeyRange, Keyspace, Region};

/// Queues by name, and the last one's name where there may be more.
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub queues: Vec<QueueId>,
    pub last: Option<String>,
}

impl Queues {
    /// # Errors
    /// The store fails.
    pub async fn list_queues(
        &self,
        account: AccountId,
        region: Region,
        prefix: &str,
        after: Option<String>,
        most: usize,
    ) -> Result<Page, QueuesError> {
        let all = keys::queues(&account, &region);
        let range = all.clone().text_prefix(prefix).range();
        self.page(range, all, after, most, move |name| QueueId {
            account: account.clone(),
            region: region.clone(),
            name,
        })
        .await
    }

    /// The queues whose dead letters this one takes.
    ///
    /// # Errors
    /// `NoSuchQueue`; the store fails.
    pub async fn list_sources(
        &self,
        id: QueueId,
        after: Option<String>,
        most: usize,
    ) -> Result<Page, QueuesError> {
        self.find(&id).await?.ok_or(QueuesError::NoSuchQueue)?;
        let all = keys::sources(&id);
        self.page(all.range(), all, after, most, move |name| QueueId { name, ..id.clone() }).await
    }

    /// Of keys that end with a queue's name.
    async fn page(
        &self,
        mut range: KeyRange,
        all: Key,
        after: Option<String>,
        most: usize,
        id_of: impl Fn(QueueName) -> QueueId,
    ) -> Result<Page, QueuesError> {
        if let Some(after) = &after {
            range.start = range.start.max(all.range_after(&all.clone().text(after)).start);
        }
        let keyspace = if range.start.first() == Some(&Keyspace::Queue.byte()) {
            Keyspace::Queue
        } else {
            Keyspace::QueueSource
        };
        let rows = self
            .kv
            .read(async move |snapshot: &Snapshot| {
                Ok::<_, QueuesError>(snapshot.range(&range, most + 1).await?)
            })
            .await?;
        let has_more = rows.len() > most;
        let mut queues = Vec::with_capacity(rows.len().min(most));
        for (key, _) in rows.iter().take(most) {
            let name = last_name(keyspace, key).ok_or(QueuesError::Corrupt("name of a queue"))?;
            queues.push(id_of(QueueName::parse(&name)?));
        }
        let last = queues.last().filter(|_| has_more).map(|queue| queue.name.to_string());
        Ok(Page { queues, last })
    }
}

/// The last text part of a key.
fn last_name(keyspace: Keyspace, key: &[u8]) -> Option<String> {
    let mut parts = KeyParts::of(keyspace, key).ok()?;
    let mut last = None;
    while let Ok(part) = parts.text() {
        last = Some(part);
    }
    last
}
