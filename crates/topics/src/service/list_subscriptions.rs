use crate::{SubscriptionRecord, TopicId, Topics, TopicsError, keys};
use kv::{Read, Snapshot};
use names::key::KeyParts;
use names::{AccountId, KeyRange, Keyspace, Region};

/// Subscriptions, and the place of the last one in its listing where there are more.
#[derive(Debug, Clone, Default)]
pub struct SubscriptionPage {
    pub subscriptions: Vec<SubscriptionRecord>,
    pub last: Option<Vec<u8>>,
}

impl Topics {
    /// Those that an account made.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list_subscriptions(
        &self,
        owner: AccountId,
        region: Region,
        after: Option<Vec<u8>>,
        most: usize,
    ) -> Result<SubscriptionPage, TopicsError> {
        let range = after_place(keys::subscribers(&owner, &region).range(), after);
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let rows = snapshot.range(&range, most + 1).await?;
                let mut page = SubscriptionPage::default();
                for (key, number) in rows.iter().take(most) {
                    let number = number.as_ref().try_into().map(u64::from_be_bytes);
                    let (Ok(number), Some(id)) = (number, id(key)) else {
                        return Err(TopicsError::Corrupt("a subscriber"));
                    };
                    let record = kv::get_record(snapshot, keys::subscription(number, &id)).await?;
                    page.subscriptions.extend(record);
                }
                page.last = last(&rows, most);
                Ok(page)
            })
            .await
    }

    /// # Errors
    /// `NoSuchTopic`; the store fails.
    pub async fn list_subscriptions_by_topic(
        &self,
        id: TopicId,
        after: Option<Vec<u8>>,
        most: usize,
    ) -> Result<SubscriptionPage, TopicsError> {
        let known = self.known.clone();
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let topic = known.topic(snapshot, &id).await?;
                let range = after_place(keys::subscriptions(topic.number).range(), after.clone());
                let rows = snapshot.range(&range, most + 1).await?;
                let read = rows.iter().take(most).map(|(_, stored)| kv::record::decode(stored));
                Ok(SubscriptionPage {
                    subscriptions: read.collect::<Result<_, _>>()?,
                    last: last(&rows, most),
                })
            })
            .await
    }
}

/// A place outside the range, which none of our tokens names, does not widen it.
fn after_place(range: KeyRange, after: Option<Vec<u8>>) -> KeyRange {
    match after {
        Some(mut place) => {
            place.push(0);
            KeyRange { start: range.start.max(place), ..range }
        }
        None => range,
    }
}

fn last(rows: &[(bytes::Bytes, bytes::Bytes)], most: usize) -> Option<Vec<u8>> {
    let last = most.checked_sub(1).and_then(|last| rows.get(last));
    last.filter(|_| rows.len() > most).map(|(key, _)| key.to_vec())
}

/// The last part of a subscriber's key.
fn id(key: &[u8]) -> Option<String> {
    let mut parts = KeyParts::of(Keyspace::Subscriber, key).ok()?;
    for _ in 0..4 {
        parts.text().ok()?;
    }
    parts.text().ok()
}
