use super::create_topic::{read_number, write_number};
use crate::{TopicId, Topics, TopicsError, keys};
use kv::Transaction;

impl Topics {
    /// Its subscriptions and messages are removed behind it, in steps. A topic that is not there is no error.
    ///
    /// # Errors
    /// The store fails.
    pub async fn delete_topic(&self, id: TopicId) -> Result<(), TopicsError> {
        let topics = self.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let Some(topic) = topics.known.find(tx, &id).await? else { return Ok(()) };
                tx.delete(keys::topic(&id));
                tx.delete(keys::work(topic.number));
                tx.put(keys::gone(topic.number), Vec::new());
                let key = keys::total(&id.account, &id.region);
                let total = read_number(tx, &key).await?;
                write_number(tx, &key, total.saturating_sub(1));
                Ok(())
            })
            .await
    }
}
