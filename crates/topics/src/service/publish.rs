use super::hand_over::Work;
use super::known::Topic;
use super::once;
use crate::count::Count;
use crate::message::{self, Message, Outgoing, sequence_number};
use crate::{TopicId, Topics, TopicsError, keys};
use access::policy::PolicyDocument;
use kv::{Read, Transaction};
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub id: String,
    /// Of FIFO topics.
    pub sequence_number: Option<String>,
}

impl Topics {
    /// # Errors
    /// Of the message, or `NoSuchTopic`; the store fails.
    pub async fn publish(&self, id: &TopicId, message: Outgoing) -> Result<Published, TopicsError> {
        let published = self.publish_all(id, vec![message]).await?;
        published.into_iter().next().unwrap_or(Err(TopicsError::NoSuchTopic))
    }

    /// In one transaction; one that is refused does not hold up the others.
    ///
    /// # Errors
    /// `NoSuchTopic`; the store fails.
    pub async fn publish_all(
        &self,
        id: &TopicId,
        messages: Vec<Outgoing>,
    ) -> Result<Vec<Result<Published, TopicsError>>, TopicsError> {
        let (topics, id, messages) = (self.clone(), id.clone(), Arc::new(messages));
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let topic = topics.known.topic(tx, &id).await?;
                let mut answers = Vec::with_capacity(messages.len());
                for outgoing in messages.iter() {
                    answers.push(match message::read(&topic.settings, outgoing) {
                        Ok(message) => Ok(topics.publish_one(tx, &id, &topic, message).await?),
                        Err(refused) => Err(refused),
                    });
                }
                Ok(answers)
            })
            .await
    }

    /// Within somebody else's transaction, if the topic's own policy says that this sender may; `None` where it does
    /// not, or there is no such topic.
    ///
    /// # Errors
    /// Of the message; the store fails.
    pub async fn publish_within(
        &self,
        tx: &mut Transaction,
        id: &TopicId,
        may: impl FnOnce(&PolicyDocument) -> bool,
        outgoing: &Outgoing,
    ) -> Result<Option<Published>, TopicsError> {
        let Some(topic) = self.known.find(tx, id).await? else { return Ok(None) };
        if !topic.policy.as_deref().is_some_and(may) {
            return Ok(None);
        }
        let message = message::read(&topic.settings, outgoing)?;
        self.publish_one(tx, id, &topic, message).await.map(Some)
    }

    /// Within somebody else's transaction, for a sender who was asked whether they may; `None` where there is no such
    /// topic.
    ///
    /// # Errors
    /// Of the message; the store fails.
    pub async fn publish_allowed(
        &self,
        tx: &mut Transaction,
        id: &TopicId,
        outgoing: &Outgoing,
    ) -> Result<Option<Published>, TopicsError> {
        let Some(topic) = self.known.find(tx, id).await? else { return Ok(None) };
        let message = message::read(&topic.settings, outgoing)?;
        self.publish_one(tx, id, &topic, message).await.map(Some)
    }

    async fn publish_one(
        &self,
        tx: &mut Transaction,
        id: &TopicId,
        topic: &Topic,
        message: Message,
    ) -> Result<Published, TopicsError> {
        let (settings, now) = (&topic.settings, self.now());
        let shown = |sequence: u64| settings.is_fifo.then(|| sequence_number(sequence));
        let once = message.deduplication.as_ref().map(|id| {
            let group = message.group.as_deref().filter(|_| settings.deduplicates_by_group);
            keys::once(topic.number, group.unwrap_or_default(), id)
        });
        if let Some(key) = &once
            && let Some(first) = once::find(tx, key, now).await?
        {
            return Ok(Published { id: first.id, sequence_number: shown(first.sequence) });
        }
        let mut count = Count::read(tx, topic.number).await?;
        count.sequence += 1;
        let sequence = count.sequence;
        count.write(tx, topic.number);
        let message = Message { id: self.clock.uuid(), sequence, at: now, ..message };
        // Nobody to tell: it is told to nobody.
        if count.confirmed > 0 {
            kv::put_record(tx, keys::message(topic.number, sequence), &message);
            let work = keys::work(topic.number);
            if tx.get(work.as_bytes()).await?.is_none() {
                kv::put_record(tx, work, &Work::of(id.clone()));
            }
        }
        if let Some(key) = once {
            once::keep(tx, &key, now, message.id.clone(), sequence).await?;
        }
        Ok(Published { id: message.id, sequence_number: shown(sequence) })
    }
}
