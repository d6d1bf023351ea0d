//! From topics to whoever is subscribed: queues and functions.
//!
//! What a topic hands over is delivered in the transaction that forgets it: a message comes into a queue exactly once,
//! and in the order of its topic. A function whose queue of events is full gets it later.

mod dead_letter;
mod rights;
mod to_function;
mod to_queue;

pub(crate) use rights::lets_in;

use clock::{Clock, Timestamp};
use functions::EventBounds;
use kv::{Kv, KvError, Transaction};
use queues::Queues;
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::watch;
use topics::{Held, Topics, TopicsError, Wanted};

/// Deliveries of one transaction, about.
const BATCH: usize = 256;
/// Of one topic, so that a large one holds up no other.
const TOPIC_BATCH: usize = 64;
/// Topics of one transaction.
const TOPICS: usize = 64;
/// Deliveries that waited, looked at in one round.
const HELD: usize = 128;
/// The rest after the store failed, and until a function with too many events is asked again.
const REST: Duration = Duration::from_secs(1);
/// Topics that cannot be read, remembered so that they hold up no other until the next start.
const UNREADABLE_MAX: usize = 1024;

/// Delivers what is published.
#[derive(Clone)]
pub struct TopicDeliveries {
    kv: Kv,
    clock: Clock,
    topics: Topics,
    queues: Queues,
    bounds: EventBounds,
}

/// Where a round is.
#[derive(Default)]
struct Round {
    /// The last topic that had its turn.
    after: Option<u64>,
    unreadable: HashSet<u64>,
}

impl TopicDeliveries {
    /// `bounds` are those of the functions service.
    pub fn new(kv: Kv, clock: Clock, topics: Topics, queues: Queues, bounds: EventBounds) -> Self {
        TopicDeliveries { kv, clock, topics, queues, bounds }
    }

    /// Delivers until `stop` turns true. Run exactly one per store.
    ///
    /// May be dropped at any time: what was not delivered by then is, at the next start.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        // Made before the first look, so that nothing is missed.
        let mut work = self.topics.work();
        let mut round = Round::default();
        while !*stop.borrow_and_update() {
            let (done, wait) = match self.once(&mut round).await {
                Ok(done) => done,
                Err(TopicsError::Store(KvError::Closed)) => return,
                Err(error) => {
                    tracing::error!(%error, "messages of topics cannot be delivered");
                    self.clock.sleep(REST).await;
                    continue;
                }
            };
            if done {
                continue;
            }
            tokio::select! {
                () = work.changed() => {}
                () = self.clock.sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => {}
                // An error means that nobody can stop us any more: go on until dropped.
                Ok(()) = stop.changed() => {}
            }
        }
    }

    /// Whether anything was done, and else how long until something waits no more.
    async fn once(&self, round: &mut Round) -> Result<(bool, Option<Duration>), TopicsError> {
        let handed_over = self.next_topics(round).await?;
        let now = self.clock.now();
        let (held, next) = self.topics.due(ms(now), HELD).await?;
        for one in &held {
            self.deliver_held(one, now).await?;
        }
        let wait = next.map(|due| Duration::from_millis(due.saturating_sub(ms(now)).max(1)));
        Ok((handed_over || !held.is_empty(), wait))
    }

    /// The next topics in turn. Whether there were any.
    async fn next_topics(&self, round: &mut Round) -> Result<bool, TopicsError> {
        let mut numbers = self.topics.topics_with_work(round.after, TOPICS).await?;
        if numbers.is_empty() && round.after.take().is_some() {
            numbers = self.topics.topics_with_work(None, TOPICS).await?;
        }
        round.after = numbers.last().copied();
        numbers.retain(|number| !round.unreadable.contains(number));
        if numbers.is_empty() {
            return self.has_more(round).await;
        }
        match self.hand_over(numbers.clone()).await {
            Ok(last) => {
                round.after = last;
                Ok(true)
            }
            Err(error) if is_unreadable(&error) => {
                // One of them is to blame: they go one by one until it is found.
                for number in numbers {
                    if let Err(error) = self.hand_over(vec![number]).await {
                        if !is_unreadable(&error) || round.unreadable.len() >= UNREADABLE_MAX {
                            return Err(error);
                        }
                        tracing::error!(number, %error, "a topic cannot be read; its messages stay where they are");
                        round.unreadable.insert(number);
                    }
                }
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether there is any topic but those that cannot be read.
    async fn has_more(&self, round: &Round) -> Result<bool, TopicsError> {
        let numbers = self.topics.topics_with_work(None, UNREADABLE_MAX + 1).await?;
        Ok(numbers.iter().any(|number| !round.unreadable.contains(number)))
    }

    /// In one transaction, until it has done enough: the last topic that had its turn.
    async fn hand_over(&self, numbers: Vec<u64>) -> Result<Option<u64>, TopicsError> {
        let this = self.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let (mut left, mut last) = (BATCH, None);
                for number in &numbers {
                    let all = this.topics.hand_over(tx, *number, TOPIC_BATCH.min(left)).await?;
                    for wanted in &all {
                        this.deliver(tx, wanted, 0).await?;
                    }
                    last = Some(*number);
                    left = left.saturating_sub(all.len());
                    if left == 0 {
                        break;
                    }
                }
                Ok(last)
            })
            .await
    }

    async fn deliver_held(&self, held: &Held, now: Timestamp) -> Result<(), TopicsError> {
        let (this, one) = (self.clone(), held.clone());
        let delivered = self
            .kv
            .transact(async move |tx: &mut Transaction| match this.topics.release(tx, &one).await? {
                Some((wanted, tried)) => this.deliver(tx, &wanted, tried).await,
                None => Ok(()),
            })
            .await;
        match delivered {
            Err(error) if is_unreadable(&error) => {
                tracing::error!(?held, %error, "a delivery cannot be read; it stays where it is");
                self.topics.forget_due(held, ms(now)).await
            }
            other => other,
        }
    }

    /// Delivers, keeps for later, or gives up, all in this transaction.
    async fn deliver(&self, tx: &mut Transaction, wanted: &Wanted, tried: u32) -> Result<(), TopicsError> {
        let outcome = match wanted.subscription.record.protocol {
            topics::Protocol::Sqs => to_queue::deliver(self, tx, wanted).await?,
            topics::Protocol::Lambda => to_function::deliver(self, tx, wanted).await?,
        };
        match outcome {
            Outcome::Delivered => Ok(()),
            Outcome::Later => {
                let due = ms(self.clock.now()).saturating_add(REST.as_millis() as u64);
                self.topics.hold(tx, wanted, tried.saturating_add(1), due).await
            }
            Outcome::Refused(why) => {
                let subscription = wanted.subscription.record.subscription_id().arn();
                tracing::warn!(%subscription, why, "a message of a topic was not delivered");
                Ok(dead_letter::bury(self, tx, wanted).await?)
            }
        }
    }
}

enum Outcome {
    Delivered,
    /// There is no room for it now.
    Later,
    /// It will not be taken, however often it is tried; why.
    Refused(String),
}

fn is_unreadable(error: &TopicsError) -> bool {
    match error {
        TopicsError::Store(error) => error.is_unreadable(),
        TopicsError::Corrupt(_) | TopicsError::InvalidParameter(_) => true,
        _ => false,
    }
}

fn ms(at: Timestamp) -> u64 {
    u64::try_from(at.as_ms()).unwrap_or_default()
}
