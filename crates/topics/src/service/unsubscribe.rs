use super::known::subscription;
use super::subscribe::count_filter;
use crate::count::Count;
use crate::{SubscriptionId, SubscriptionRecord, Topics, TopicsError, keys};
use kv::Transaction;

impl Topics {
    /// What is on its way to it is not delivered any more. A subscription that is not there is no error.
    ///
    /// # Errors
    /// The store fails.
    pub async fn unsubscribe(&self, id: SubscriptionId) -> Result<(), TopicsError> {
        let known = self.known.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let (topic, record) = match subscription(&known, tx, &id).await {
                    Ok(found) => found,
                    Err(TopicsError::NoSuchSubscription) => return Ok(()),
                    Err(error) => return Err(error),
                };
                let mut count = Count::read(tx, topic.number).await?;
                match record.pending {
                    Some(_) => count.pending = count.pending.saturating_sub(1),
                    None => count.confirmed = count.confirmed.saturating_sub(1),
                }
                count.deleted += 1;
                count_filter(&mut count, record.settings.filter.is_some(), false)?;
                count.revision += 1;
                count.write(tx, topic.number);
                remove(tx, topic.number, &record);
                Ok(())
            })
            .await
    }
}

/// All its rows but what waits for it, which is forgotten when its time comes.
pub(super) fn remove(tx: &mut Transaction, topic: u64, record: &SubscriptionRecord) {
    tx.delete(keys::subscription(topic, &record.id));
    tx.delete(keys::end(topic, record.protocol, &record.endpoint));
    tx.delete(keys::subscriber(&record.owner, &record.subscription_id()));
}
