use crate::count::Count;
use crate::{TopicId, TopicRecord, Topics, TopicsError, keys};
use kv::{Snapshot, Transaction};
use std::collections::BTreeMap;

/// A topic as callers are told of it.
#[derive(Debug, Clone)]
pub struct TopicInfo {
    id: TopicId,
    record: TopicRecord,
    count: Count,
}

impl TopicInfo {
    /// All its attributes, by name.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let mut shown = self.record.settings.shown(&self.id);
        let mut put = |name: &str, value: String| shown.insert(name.to_owned(), value);
        put("TopicArn", self.id.arn().to_string());
        put("Owner", self.id.account.to_string());
        put("SubscriptionsConfirmed", self.count.confirmed.to_string());
        put("SubscriptionsPending", self.count.pending.to_string());
        put("SubscriptionsDeleted", self.count.deleted.to_string());
        shown
    }
}

impl Topics {
    /// # Errors
    /// `NoSuchTopic`; the store fails.
    pub async fn topic_info(&self, id: TopicId) -> Result<TopicInfo, TopicsError> {
        let known = self.known.clone();
        self.kv
            .read_few(async move |snapshot: &Snapshot| {
                let topic = known.topic(snapshot, &id).await?;
                let count = Count::read(snapshot, topic.number).await?;
                Ok(TopicInfo { id: id.clone(), record: topic.record.clone(), count })
            })
            .await
    }

    /// # Errors
    /// `NoSuchTopic`, or what is wrong with the attribute; the store fails.
    pub async fn set_topic_attribute(
        &self,
        id: TopicId,
        name: String,
        value: String,
    ) -> Result<(), TopicsError> {
        self.change(id, move |record| record.settings.set(&name, &value)).await
    }

    pub(super) async fn change(
        &self,
        id: TopicId,
        change: impl Fn(&mut TopicRecord) -> Result<(), TopicsError> + Send + 'static,
    ) -> Result<(), TopicsError> {
        let known = self.known.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = known.topic(tx, &id).await?.record.clone();
                change(&mut record)?;
                kv::put_record(tx, keys::topic(&id), &record);
                Ok(())
            })
            .await
    }
}
