use super::known::{SUBSCRIPTIONS_KNOWN_MAX, Subscriptions, with_filter};
use crate::count::Count;
use crate::{Message, Seen, Subscription, SubscriptionRecord, TopicId, Topics, TopicsError, keys};
use kv::{KvError, Read, Record, Snapshot, Transaction};
use names::key::KeyParts;
use names::{KeyRange, Keyspace};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Bytes of messages, once for each subscription, that one step hands over.
const STEP_BYTES: usize = 8 * 1024 * 1024;
/// Subscriptions whose filters one step asks.
const STEP_ASKED: usize = 1024;

/// A topic with messages, and how far the first of them was handed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Work {
    topic: TopicId,
    /// The last subscription that was asked, of a message with more than fit into a step.
    after: Option<String>,
}

impl Work {
    pub fn of(topic: TopicId) -> Work {
        Work { topic, after: None }
    }
}

impl kv::Record for Work {
    const KIND: &'static str = "work of a topic";
    const VERSION: u8 = 1;
}

/// A message, and a subscription that wants it.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub message: Arc<Message>,
    pub subscription: Subscription,
}

impl Topics {
    /// The numbers of topics with messages, at most `most`, from the one after `after` on.
    ///
    /// # Errors
    /// The store fails.
    pub async fn topics_with_work(&self, after: Option<u64>, most: usize) -> Result<Vec<u64>, TopicsError> {
        let mut range = keys::all_work().range();
        if let Some(after) = after {
            range.start = keys::work(after.saturating_add(1)).into_bytes();
        }
        let rows = self.kv.range(range, most).await?;
        let number = |key: &[u8]| KeyParts::of(Keyspace::TopicWork, key)?.number();
        let numbers = rows.iter().map(|(key, _)| number(key).map_err(|_| TopicsError::Corrupt("work")));
        numbers.collect()
    }

    /// The next messages of a topic with those who want them, about `most` deliveries. They are forgotten in this
    /// transaction: the caller delivers in it, or keeps in it what must still be delivered.
    ///
    /// # Errors
    /// The store fails.
    pub async fn hand_over(
        &self,
        tx: &mut Transaction,
        number: u64,
        most: usize,
    ) -> Result<Vec<Wanted>, TopicsError> {
        let mut wanted = Vec::new();
        let Some(mut work) = kv::get_record::<Work>(tx, keys::work(number)).await? else { return Ok(wanted) };
        let (mut bytes, mut asked) = (0, 0);
        while wanted.len() < most && bytes < STEP_BYTES && asked < STEP_ASKED {
            let first = tx.range(&keys::messages(number).range(), 1).await?;
            let Some((key, stored)) = first.into_iter().next() else {
                tx.delete(keys::work(number));
                return Ok(wanted);
            };
            let message: Arc<Message> = Arc::new(match kv::record::decode(&stored) {
                Ok(message) => message,
                Err(error) => {
                    tracing::error!(topic = %work.topic.arn(), %error, "a message was set aside");
                    kv::set_aside(tx, &key, Message::KIND, &error.to_string(), self.clock.now()).await?;
                    work.after = None;
                    continue;
                }
            });
            let page = self.page(tx, number, work.after.take()).await?;
            let seen = Seen::new(&message);
            let mut is_whole = page.is_last;
            for (place, subscription) in page.subscriptions.iter().enumerate().skip(page.first) {
                asked += 1;
                let is_wanted = subscription.record.pending.is_none()
                    && subscription.filter.as_ref().is_none_or(|filter| filter.matches(&seen));
                if is_wanted {
                    bytes += message.body.len();
                    wanted.push(Wanted { message: message.clone(), subscription: subscription.clone() });
                }
                let is_last = place + 1 == page.subscriptions.len();
                if (is_last && !page.is_last) || (!is_last && (wanted.len() >= most || bytes >= STEP_BYTES)) {
                    work.after = Some(subscription.record.id.clone());
                    is_whole = false;
                    break;
                }
            }
            if is_whole {
                tx.delete(&key);
            }
        }
        kv::put_record(tx, keys::work(number), &work);
        Ok(wanted)
    }

    /// Subscriptions in the order of their ids.
    async fn page(&self, tx: &Transaction, number: u64, after: Option<String>) -> Result<Asked, TopicsError> {
        let revision = Count::read(tx, number).await?.revision;
        if let Some(all) = self.known.subscriptions(number, revision) {
            let first = after.map_or(0, |after| all.partition_point(|one| one.record.id <= after));
            return Ok(Asked { subscriptions: all, first, is_last: true });
        }
        let all = keys::subscriptions(number);
        let range: KeyRange = match &after {
            Some(after) => all.range_after(keys::subscription(number, after).as_bytes()),
            None => all.range(),
        };
        let rows = tx.range(&range, SUBSCRIPTIONS_KNOWN_MAX + 1).await?;
        let is_last = rows.len() <= SUBSCRIPTIONS_KNOWN_MAX;
        let mut read = Vec::with_capacity(rows.len());
        for (_, stored) in rows.iter().take(SUBSCRIPTIONS_KNOWN_MAX) {
            read.push(with_filter(kv::record::decode::<SubscriptionRecord>(stored)?)?);
        }
        let subscriptions = Arc::new(read);
        if is_last && after.is_none() {
            self.known.keep_subscriptions(number, revision, subscriptions.clone());
        }
        Ok(Asked { subscriptions, first: 0, is_last })
    }

    /// How many messages of a topic were not handed over yet, counted up to `most`.
    ///
    /// # Errors
    /// `NoSuchTopic`; the store fails.
    pub async fn backlog(&self, id: &TopicId, most: usize) -> Result<usize, TopicsError> {
        let topic = self.find(id).await?.ok_or(TopicsError::NoSuchTopic)?;
        let range = keys::messages(topic.number).range();
        let read =
            async move |snapshot: &Snapshot| Ok::<_, KvError>(snapshot.range(&range, most).await?.len());
        Ok(self.kv.read(read).await?)
    }
}

/// A part of a topic's subscriptions, which are to be asked from `first` on.
struct Asked {
    subscriptions: Subscriptions,
    first: usize,
    is_last: bool,
}
