use super::known::subscription;
use super::subscribe::count_filter;
use crate::count::Count;
use crate::{SubscriptionId, SubscriptionRecord, Topics, TopicsError, keys};
use kv::Transaction;
use std::collections::BTreeMap;

impl SubscriptionRecord {
    /// All its attributes, by name.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let mut shown = self.settings.shown();
        let mut put = |name: &str, value: String| shown.insert(name.to_owned(), value);
        put("SubscriptionArn", self.subscription_id().arn().to_string());
        put("TopicArn", self.topic.arn().to_string());
        put("Owner", self.owner.to_string());
        put("Protocol", self.protocol.as_str().to_owned());
        put("Endpoint", self.endpoint.clone());
        put("PendingConfirmation", self.pending.is_some().to_string());
        put("ConfirmationWasAuthenticated", self.authenticated.to_string());
        put("SubscriptionPrincipal", self.principal.clone());
        shown
    }
}

impl Topics {
    /// # Errors
    /// `NoSuchSubscription`, `TooManyFilters`, or what is wrong with the attribute; the store fails.
    pub async fn set_subscription_attribute(
        &self,
        id: SubscriptionId,
        name: String,
        value: String,
    ) -> Result<(), TopicsError> {
        let known = self.known.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let (topic, mut record) = subscription(&known, tx, &id).await?;
                let had_filter = record.settings.filter.is_some();
                record.settings.set(&record.topic, record.protocol, &name, &value)?;
                let mut count = Count::read(tx, topic.number).await?;
                count_filter(&mut count, had_filter, record.settings.filter.is_some())?;
                count.revision += 1;
                count.write(tx, topic.number);
                kv::put_record(tx, keys::subscription(topic.number, &record.id), &record);
                Ok(())
            })
            .await
    }
}
