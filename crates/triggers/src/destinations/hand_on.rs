use super::message::{Letter, without_payloads};
use super::{Destination, Destinations, folder};
use crate::told_object;
use ::topics::{TopicId, TopicsError};
use bytes::Bytes;
use functions::{FollowUp, FunctionsError};
use kv::{KvError, Snapshot, Transaction};
use names::Qualifier;
use objects::ObjectsError;
use queues::{QueueId, QueuesError};
use std::collections::HashMap;

/// Handed on in one transaction.
const BATCH: usize = 32;

/// Of their texts together.
const BATCH_BYTES: usize = 8 << 20;

/// How often one may fail us by itself before it is set aside.
const STRIKES_MAX: u32 = 3;

/// One that is to be told, or dropped for want of rights.
#[derive(Clone)]
struct Judged {
    sequence: u64,
    follow_up: FollowUp,
    text: Bytes,
    may: bool,
}

impl Destinations {
    /// The next ones; false when there are none.
    ///
    /// `strikes`: how often in a row somebody could not be told because of what is stored.
    ///
    /// # Errors
    /// The store fails.
    pub(super) async fn hand_on(&self, strikes: &mut u32) -> Result<bool, FunctionsError> {
        let max = if *strikes > 0 { 1 } else { BATCH };
        let read = async move |from: &Snapshot| FollowUp::first(from, max, BATCH_BYTES).await;
        let found = self.kv.read(read).await?;
        let Some((first, _)) = found.first() else { return Ok(false) };
        let first = *first;
        let mut judged = Vec::with_capacity(found.len());
        let mut known = HashMap::new();
        for (sequence, follow_up) in found {
            match follow_up {
                Ok((follow_up, text)) => {
                    let may = self.may(&follow_up, &mut known).await?;
                    judged.push(Judged { sequence, follow_up, text, may });
                }
                Err(error) => self.set_aside(sequence, error.to_string()).await?,
            }
        }
        self.write_objects(&judged).await?;
        let this = self.clone();
        let told = self
            .kv
            .transact(async move |tx: &mut Transaction| {
                for one in &judged {
                    if one.may {
                        this.tell(tx, one).await?;
                    }
                    FollowUp::forget(tx, one.sequence);
                }
                Ok::<_, KvError>(())
            })
            .await;
        match told {
            Ok(()) => *strikes = 0,
            Err(error) if error.is_unreadable() => {
                // One of the batch is to blame: they go one by one until it is found.
                *strikes += 1;
                if *strikes > STRIKES_MAX {
                    self.set_aside(first, error.to_string()).await?;
                    *strikes = 0;
                }
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    /// Whether the function's role may tell them, at this moment.
    async fn may(
        &self,
        follow_up: &FollowUp,
        known: &mut HashMap<(String, String), bool>,
    ) -> Result<bool, FunctionsError> {
        let FollowUp { function, qualifier, to, .. } = follow_up;
        let key = (function.arn_with(qualifier.as_ref()).to_string(), to.clone());
        if let Some(may) = known.get(&key) {
            return Ok(*may);
        }
        let may = match (Destination::parse(to), self.role(follow_up).await?) {
            (Some(destination), Some(role)) => {
                let denied = self.denied(&role, function, to, &destination).await?;
                if let Some(action) = denied {
                    tracing::warn!(function = key.0, to, role, action, "the role may not tell a destination");
                }
                denied.is_none()
            }
            _ => {
                tracing::warn!(function = key.0, to, "a destination, or the function it is of, is gone");
                false
            }
        };
        known.insert(key, may);
        Ok(may)
    }

    /// Of the version whose event it was; of the function, if that version or alias is gone.
    async fn role(&self, follow_up: &FollowUp) -> Result<Option<String>, FunctionsError> {
        let latest = Some(Qualifier::Latest);
        for qualifier in [&follow_up.qualifier, &latest] {
            match self.functions.get_function(follow_up.function.clone(), qualifier.clone()).await {
                Ok(found) => return Ok(Some(found.described.configuration.role)),
                Err(FunctionsError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    async fn tell(&self, tx: &mut Transaction, one: &Judged) -> Result<(), KvError> {
        let Judged { follow_up, text, .. } = one;
        let is_told = match Destination::parse(&follow_up.to) {
            Some(Destination::Queue(queue)) => self.send(tx, &queue, Letter::new(follow_up, text)).await?,
            Some(Destination::Topic(topic)) => self.publish(tx, &topic, Letter::new(follow_up, text)).await?,
            Some(Destination::Function) => follow_up.hand_to_function(tx, text.clone(), &self.clock).await?,
            // It was written before.
            Some(Destination::Bucket(_)) => true,
            None => false,
        };
        if !is_told {
            tracing::warn!(function = %follow_up.function.arn(), to = follow_up.to, "a destination could not be told");
        }
        Ok(())
    }

    /// Objects, which no transaction writes, are written before those who are told are forgotten: after a crash, or when
    /// that fails, perhaps again.
    async fn write_objects(&self, judged: &[Judged]) -> Result<(), FunctionsError> {
        for Judged { follow_up, text, .. } in judged.iter().filter(|one| one.may) {
            let Some(Destination::Bucket(bucket)) = Destination::parse(&follow_up.to) else { continue };
            let bucket = (bucket, follow_up.function.account.clone());
            let text = String::from_utf8_lossy(text).into_owned();
            let folder = folder(&follow_up.function);
            match told_object::write(&self.objects, &self.clock, bucket, &folder, text).await {
                Ok(()) => {}
                Err(error @ (ObjectsError::Store(_) | ObjectsError::Blob(_) | ObjectsError::SlowDown)) => {
                    return Err(FunctionsError::Internal(format!("an outcome cannot be written: {error}")));
                }
                Err(error) => {
                    tracing::warn!(to = follow_up.to, %error, "a bucket could not be told what came of an event");
                }
            }
        }
        Ok(())
    }

    /// False when the queue is gone, or does not take it.
    async fn send(
        &self,
        tx: &mut Transaction,
        queue: &QueueId,
        mut letter: Letter<'_>,
    ) -> Result<bool, KvError> {
        let mut sent = self.queues.send_allowed(tx, queue, &letter.to_queue()).await;
        // The queue's bound may be far below what an event may have.
        if let (Err(QueuesError::InvalidParameter(_)), Some(short)) = (&sent, without_payloads(&letter.body))
        {
            letter.body = short;
            sent = self.queues.send_allowed(tx, queue, &letter.to_queue()).await;
        }
        match sent {
            Ok(sent) => Ok(sent.is_some()),
            Err(QueuesError::Store(error)) => Err(error),
            Err(error) => {
                tracing::warn!(queue = %queue.arn(), %error, "a queue does not take what came of an event");
                Ok(false)
            }
        }
    }

    /// As [`Destinations::send`].
    async fn publish(
        &self,
        tx: &mut Transaction,
        topic: &TopicId,
        mut letter: Letter<'_>,
    ) -> Result<bool, KvError> {
        let mut published = self.topics.publish_allowed(tx, topic, &letter.to_topic()).await;
        if let (Err(TopicsError::InvalidParameter(_)), Some(short)) =
            (&published, without_payloads(&letter.body))
        {
            letter.body = short;
            published = self.topics.publish_allowed(tx, topic, &letter.to_topic()).await;
        }
        match published {
            Ok(published) => Ok(published.is_some()),
            Err(TopicsError::Store(error)) => Err(error),
            Err(error) => {
                tracing::warn!(topic = %topic.arn(), %error, "a topic does not take what came of an event");
                Ok(false)
            }
        }
    }

    async fn set_aside(&self, sequence: u64, why: String) -> Result<(), FunctionsError> {
        tracing::error!(sequence, why, "the outcome of an event was set aside");
        let now = self.clock.now();
        let aside = async move |tx: &mut Transaction| FollowUp::set_aside(tx, sequence, &why, now).await;
        Ok(self.kv.transact(aside).await?)
    }
}
