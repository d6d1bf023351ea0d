use super::permissions;
use crate::settings::{default_policy, read_policy};
use crate::{
    Filter, Subscription, SubscriptionId, SubscriptionRecord, TopicId, TopicRecord, Topics, TopicsError, keys,
};
use access::policy::PolicyDocument;
use bytes::Bytes;
use kv::{Read, Snapshot};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

/// Topics of which something is kept in memory, at most; beyond it all are forgotten.
const KNOWN_MAX: usize = 4096;
/// A topic's subscriptions are kept in memory up to so many.
pub(super) const SUBSCRIPTIONS_KNOWN_MAX: usize = 128;

/// Records, parsed. What is kept is only ever used where the stored bytes, or the subscriptions' revision, are still the
/// same ones, so that nobody sees a topic as it was.
#[derive(Default)]
pub(crate) struct Known {
    topics: RwLock<HashMap<TopicId, (Bytes, Arc<Topic>)>>,
    subscriptions: RwLock<HashMap<u64, (u64, Subscriptions)>>,
}

pub(super) type Subscriptions = Arc<Vec<Subscription>>;

/// A record with its policy read.
#[derive(Debug)]
pub(crate) struct Topic {
    pub record: TopicRecord,
    /// `None`: it has no statement left.
    pub policy: Option<Arc<PolicyDocument>>,
}

impl Deref for Topic {
    type Target = TopicRecord;

    fn deref(&self) -> &TopicRecord {
        &self.record
    }
}

impl Known {
    /// The topic as `from` sees it.
    ///
    /// # Errors
    /// The store fails.
    pub async fn find(&self, from: &impl Read, id: &TopicId) -> Result<Option<Arc<Topic>>, TopicsError> {
        let Some(stored) = from.get(keys::topic(id).as_bytes()).await? else { return Ok(None) };
        {
            let known = self.topics.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, topic)) = known.get(id).filter(|(bytes, _)| *bytes == stored) {
                return Ok(Some(topic.clone()));
            }
        }
        let record = kv::record::decode::<TopicRecord>(&stored)?;
        let policy = match &record.settings.policy {
            Some(text) if permissions::is_empty(text)? => None,
            Some(text) => Some(read_policy(text)?),
            None => Some(read_policy(&default_policy(id).to_string())?),
        };
        let topic = Arc::new(Topic { record, policy: policy.map(Arc::new) });
        let mut all = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KNOWN_MAX {
            all.clear();
        }
        all.insert(id.clone(), (stored, topic.clone()));
        Ok(Some(topic))
    }

    /// # Errors
    /// `NoSuchTopic`; the store fails.
    pub async fn topic(&self, from: &impl Read, id: &TopicId) -> Result<Arc<Topic>, TopicsError> {
        self.find(from, id).await?.ok_or(TopicsError::NoSuchTopic)
    }

    pub fn subscriptions(&self, topic: u64, revision: u64) -> Option<Subscriptions> {
        let known = self.subscriptions.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&topic).filter(|(of, _)| *of == revision).map(|(_, all)| all.clone())
    }

    pub fn keep_subscriptions(&self, topic: u64, revision: u64, all: Subscriptions) {
        let mut known = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(topic, (revision, all));
    }
}

/// A subscription, and its topic's number.
///
/// # Errors
/// `NoSuchSubscription`; the store fails.
pub(super) async fn subscription(
    known: &Known,
    from: &impl Read,
    id: &SubscriptionId,
) -> Result<(Arc<Topic>, SubscriptionRecord), TopicsError> {
    let topic = known.find(from, &id.topic).await?.ok_or(TopicsError::NoSuchSubscription)?;
    let record = kv::get_record(from, keys::subscription(topic.number, &id.id)).await?;
    Ok((topic, record.ok_or(TopicsError::NoSuchSubscription)?))
}

pub(super) fn with_filter(record: SubscriptionRecord) -> Result<Subscription, TopicsError> {
    let filter = record.settings.filter.as_deref();
    let filter = filter.map(|text| Filter::parse(text, record.settings.scope)).transpose()?;
    Ok(Subscription { record: Arc::new(record), filter: filter.map(Arc::new) })
}

impl Topics {
    pub(super) async fn find(&self, id: &TopicId) -> Result<Option<Arc<Topic>>, TopicsError> {
        let (known, id) = (self.known.clone(), id.clone());
        self.kv.read_few(async move |snapshot: &Snapshot| known.find(snapshot, &id).await).await
    }

    /// # Errors
    /// The store fails.
    pub async fn is_there(&self, id: &TopicId) -> Result<bool, TopicsError> {
        Ok(self.find(id).await?.is_some())
    }

    /// The topic's own policy; `None` where there is none, or no such topic.
    ///
    /// # Errors
    /// The store fails.
    pub async fn resource_policy(&self, id: &TopicId) -> Result<Option<Arc<PolicyDocument>>, TopicsError> {
        Ok(self.find(id).await?.and_then(|topic| topic.policy.clone()))
    }

    /// # Errors
    /// `NoSuchSubscription`; the store fails.
    pub async fn subscription(&self, id: &SubscriptionId) -> Result<SubscriptionRecord, TopicsError> {
        let (known, id) = (self.known.clone(), id.clone());
        let read = async move |snapshot: &Snapshot| subscription(&known, snapshot, &id).await;
        self.kv.read_few(read).await.map(|(_, record)| record)
    }
}
