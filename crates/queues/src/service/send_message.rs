use super::known::Queue;
use super::once;
use super::place_message::place;
use super::settle;
use super::work::Work;
use crate::attribute::{self, Attribute, AttributeValue, Attributes, attributes_md5, body_md5};
use crate::message::Message;
use crate::{DELAY_SECONDS_MAX, QueueId, Queues, QueuesError, Settings, keys};
use access::policy::PolicyDocument;
use aws_lc_rs::digest;
use kv::Transaction;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const ID_LEN_MAX: usize = 128;

/// A message to be sent.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    pub body: String,
    pub attributes: Attributes,
    /// `AWSTraceHeader`.
    pub trace: Option<Attribute>,
    pub delay_seconds: Option<u32>,
    pub group: Option<String>,
    pub deduplication: Option<String>,
    /// Who sends it, as receivers are told: an account id, or a principal's unique id.
    pub sender: String,
}

impl Outgoing {
    /// Bytes that count: the body's, and the attributes' names, types and values.
    pub fn size(&self) -> usize {
        self.body.len() + attribute::size(&self.attributes)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub id: String,
    pub body_md5: String,
    pub attributes_md5: Option<String>,
    /// Of FIFO queues.
    pub sequence_number: Option<String>,
}

/// What a deduplication id stands for.
#[derive(Serialize, Deserialize)]
struct First {
    id: String,
    sequence: u64,
}

/// As clients see it: 20 digits.
pub(super) fn sequence_number(sequence: u64) -> String {
    const FIRST: u128 = 18_849_496_460_467_696_128;
    (FIRST + u128::from(sequence) * 256).to_string()
}

impl Queues {
    /// # Errors
    /// Of the message, or `NoSuchQueue`; the store fails.
    pub async fn send(&self, id: &QueueId, message: Outgoing) -> Result<Sent, QueuesError> {
        let sent = self.send_all(id, vec![message]).await?;
        sent.into_iter().next().unwrap_or(Err(QueuesError::NoSuchQueue))
    }

    /// In one transaction; one that is refused does not hold up the others.
    ///
    /// # Errors
    /// `NoSuchQueue`; the store fails.
    pub async fn send_all(
        &self,
        id: &QueueId,
        messages: Vec<Outgoing>,
    ) -> Result<Vec<Result<Sent, QueuesError>>, QueuesError> {
        let (queues, id, messages) = (self.clone(), id.clone(), Arc::new(messages));
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let queue = queues.known.queue(tx, &id).await?;
                let mut work = Work::open(tx, queue, queues.now()).await?;
                settle::settle(tx, &mut work).await?;
                let mut answers = Vec::with_capacity(messages.len());
                for message in messages.iter() {
                    answers.push(match check(&work.queue.settings, message) {
                        Ok(()) => Ok(queues.send_one(tx, &mut work, message).await?),
                        Err(refused) => Err(refused),
                    });
                }
                work.close(tx, &queues.waiters);
                Ok(answers)
            })
            .await
    }

    /// Within somebody else's transaction, if the queue's own policy says that this sender may; `None` where it does
    /// not, or there is no such queue.
    ///
    /// # Errors
    /// Of the message; the store fails.
    pub async fn send_within(
        &self,
        tx: &mut Transaction,
        id: &QueueId,
        may: impl FnOnce(&PolicyDocument) -> bool,
        message: &Outgoing,
    ) -> Result<Option<Sent>, QueuesError> {
        match self.known.find(tx, id).await? {
            Some(queue) if queue.policy.as_deref().is_some_and(may) => {
                self.send_to(tx, queue, message).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Within somebody else's transaction, for a sender who was asked whether they may; `None` where there is no such
    /// queue.
    ///
    /// # Errors
    /// Of the message; the store fails.
    pub async fn send_allowed(
        &self,
        tx: &mut Transaction,
        id: &QueueId,
        message: &Outgoing,
    ) -> Result<Option<Sent>, QueuesError> {
        match self.known.find(tx, id).await? {
            Some(queue) => self.send_to(tx, queue, message).await.map(Some),
            None => Ok(None),
        }
    }

    async fn send_to(
        &self,
        tx: &mut Transaction,
        queue: Arc<Queue>,
        message: &Outgoing,
    ) -> Result<Sent, QueuesError> {
        let mut work = Work::open(tx, queue, self.now()).await?;
        settle::settle(tx, &mut work).await?;
        check(&work.queue.settings, message)?;
        let sent = self.send_one(tx, &mut work, message).await?;
        work.close(tx, &self.waiters);
        Ok(sent)
    }

    async fn send_one(
        &self,
        tx: &mut Transaction,
        work: &mut Work,
        message: &Outgoing,
    ) -> Result<Sent, QueuesError> {
        let settings = &work.queue.settings;
        let mut sent = Sent {
            id: self.clock.uuid(),
            body_md5: body_md5(&message.body),
            attributes_md5: md5_of(&message.attributes),
            sequence_number: None,
        };
        let deduplication = match (&message.deduplication, settings.is_fifo) {
            (Some(id), _) => Some(id.clone()),
            (None, true) => Some(by_content(&message.body)),
            (None, false) => None,
        };
        let once = match (&deduplication, settings.is_fifo) {
            (Some(id), true) => {
                let group = message.group.as_deref().filter(|_| settings.deduplicates_by_group);
                Some(keys::sent_once(work.queue.identity, group.unwrap_or_default(), id))
            }
            _ => None,
        };
        if let Some(key) = &once
            && let Some(First { id, sequence }) = once::find(tx, key, work.now).await?
        {
            return Ok(Sent { id, sequence_number: Some(sequence_number(sequence)), ..sent });
        }
        let delay = message.delay_seconds.unwrap_or(settings.delay_seconds);
        let is_fifo = settings.is_fifo;
        let (now, body) = (work.now, message.body.as_bytes());
        let kept = Message {
            id: sent.id.clone(),
            sender: message.sender.clone(),
            attributes: message.attributes.clone(),
            trace: message.trace.clone(),
            group: message.group.clone(),
            deduplication,
            dead_of: None,
            order: 0,
            count: 0,
            count_before: 0,
            first: 0,
            last: 0,
            due: now + u64::from(delay) * 1000,
            body_bytes: body.len() as u32,
        };
        let placed = place(tx, work, now, kept, body).await?;
        if is_fifo {
            sent.sequence_number = Some(sequence_number(placed.sequence));
        }
        if let Some(key) = once {
            let first = First { id: sent.id.clone(), sequence: placed.sequence };
            once::keep(tx, &key, now, first).await?;
        }
        Ok(sent)
    }
}

fn md5_of(attributes: &Attributes) -> Option<String> {
    attributes_md5(attributes.iter().map(|(name, one)| (name.as_str(), one)))
}

fn by_content(body: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, body.as_bytes()))
}

fn check(settings: &Settings, message: &Outgoing) -> Result<(), QueuesError> {
    if message.body.is_empty() {
        return Err(QueuesError::MissingParameter("MessageBody"));
    }
    attribute::check(&message.attributes)?;
    if let Some(trace) = &message.trace {
        attribute::check_typed("message system attribute 'AWSTraceHeader'", trace)?;
        if trace.kind != "String" || !matches!(trace.value, AttributeValue::Text(_)) {
            return Err(QueuesError::InvalidParameter(
                "The message system attribute 'AWSTraceHeader' must be of type 'String'.".to_owned(),
            ));
        }
    }
    if message.size() > settings.message_bytes_max as usize {
        return Err(QueuesError::InvalidParameter(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
            settings.message_bytes_max
        )));
    }
    attribute::check_text(&message.body, "message body")?;
    if let Some(delay) = message.delay_seconds {
        if settings.is_fifo && delay != 0 {
            return Err(QueuesError::value(
                delay,
                "DelaySeconds",
                "The request include parameter that is not valid for this queue type.",
            ));
        }
        if delay > DELAY_SECONDS_MAX {
            return Err(QueuesError::value(
                delay,
                "DelaySeconds",
                &format!("DelaySeconds must be >= 0 and <= {DELAY_SECONDS_MAX}."),
            ));
        }
    }
    for (name, given) in
        [("MessageGroupId", &message.group), ("MessageDeduplicationId", &message.deduplication)]
    {
        if let Some(given) = given {
            check_id(name, given)?;
        }
    }
    if settings.is_fifo {
        if message.group.is_none() {
            return Err(QueuesError::MissingParameter("MessageGroupId"));
        }
        if message.deduplication.is_none() && !settings.deduplicates_by_content {
            return Err(QueuesError::InvalidParameter(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                 explicitly"
                    .to_owned(),
            ));
        }
    } else if let Some(given) = &message.deduplication {
        return Err(QueuesError::value(
            given,
            "MessageDeduplicationId",
            "The request include parameter that is not valid for this queue type.",
        ));
    }
    Ok(())
}

/// Letters, digits and punctuation, 1 to 128 of them.
pub(super) fn check_id(name: &str, given: &str) -> Result<(), QueuesError> {
    if (1..=ID_LEN_MAX).contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(QueuesError::value(
        given.chars().take(ID_LEN_MAX).collect::<String>(),
        name,
        &format!("{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."),
    ))
}
