//! What waits for one subscription, since it could not be delivered at once.

use super::hand_over::Wanted;
use super::known::{subscription, with_filter};
use crate::{Message, SubscriptionId, TopicId, Topics, TopicsError, keys};
use kv::{Read, Snapshot, Transaction};
use names::key::KeyParts;
use names::{KeyRange, Keyspace};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    topic: TopicId,
    message: Message,
    /// Deliveries that were tried.
    tried: u32,
    due: u64,
}

impl kv::Record for Entry {
    const KIND: &'static str = "delivery of a topic";
    const VERSION: u8 = 1;
}

/// A delivery that waited, by its place: the topic's number, the subscription's id, the message's sequence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Held {
    pub topic: u64,
    pub subscription: String,
    pub sequence: u64,
}

impl Topics {
    /// Keeps a delivery until `due`, in milliseconds.
    ///
    /// # Errors
    /// The store fails.
    pub async fn hold(
        &self,
        tx: &mut Transaction,
        wanted: &Wanted,
        tried: u32,
        due: u64,
    ) -> Result<(), TopicsError> {
        let record = &wanted.subscription.record;
        let Some(topic) = self.known.find(tx, &record.topic).await? else { return Ok(()) };
        let message = wanted.message.as_ref().clone();
        let sequence = message.sequence;
        let entry = Entry { topic: record.topic.clone(), message, tried, due };
        kv::put_record(tx, keys::in_line(topic.number, &record.id, sequence), &entry);
        tx.put(keys::due(due, topic.number, &record.id, sequence), Vec::new());
        Ok(())
    }

    /// Deliveries that are due by `now` in milliseconds, at most `most`; and when the next one is, where there are less.
    ///
    /// # Errors
    /// The store fails.
    pub async fn due(&self, now: u64, most: usize) -> Result<(Vec<Held>, Option<u64>), TopicsError> {
        let read = async move |snapshot: &Snapshot| snapshot.range(&keys::all_due().range(), most).await;
        let rows = self.kv.read(read).await?;
        let mut held = Vec::new();
        for (key, _) in &rows {
            let (due, one) = place(key).ok_or(TopicsError::Corrupt("what is due"))?;
            if due > now {
                return Ok((held, Some(due)));
            }
            held.push(one);
        }
        Ok((held, None))
    }

    /// Takes a delivery out of its line: with how often it was tried, or `None` where nobody waits for it any more.
    ///
    /// # Errors
    /// The store fails.
    pub async fn release(
        &self,
        tx: &mut Transaction,
        held: &Held,
    ) -> Result<Option<(Wanted, u32)>, TopicsError> {
        let key = keys::in_line(held.topic, &held.subscription, held.sequence);
        let Some(entry) = kv::get_record::<Entry>(tx, &key).await? else { return Ok(None) };
        tx.delete(&key);
        tx.delete(keys::due(entry.due, held.topic, &held.subscription, held.sequence));
        let id = SubscriptionId { topic: entry.topic, id: held.subscription.clone() };
        match subscription(&self.known, tx, &id).await {
            // A topic of the same name is another one.
            Ok((topic, record)) if topic.number == held.topic => {
                let wanted = Wanted { message: Arc::new(entry.message), subscription: with_filter(record)? };
                Ok(Some((wanted, entry.tried)))
            }
            Ok(_) | Err(TopicsError::NoSuchSubscription) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Forgets when what cannot be read was due, and leaves it where it is.
    ///
    /// # Errors
    /// The store fails.
    pub async fn forget_due(&self, held: &Held, now: u64) -> Result<(), TopicsError> {
        let held = held.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let (start, end) = (keys::all_due(), keys::due(now + 1, 0, "", 0));
                let range = KeyRange { start: start.into_bytes(), end: end.into_bytes() };
                for (key, _) in tx.range(&range, 1024).await? {
                    if place(&key).is_some_and(|(_, one)| one == held) {
                        tx.delete(&key);
                    }
                }
                Ok(())
            })
            .await
    }
}

fn place(key: &[u8]) -> Option<(u64, Held)> {
    let mut parts = KeyParts::of(Keyspace::TopicLineDue, key).ok()?;
    let due = parts.number().ok()?;
    let topic = parts.number().ok()?;
    let subscription = parts.text().ok()?;
    Some((due, Held { topic, subscription, sequence: parts.number().ok()? }))
}
