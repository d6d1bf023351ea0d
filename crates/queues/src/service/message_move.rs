//! Moving messages out of a dead-letter queue, back to where they came from or elsewhere: a task of its own, in steps,
//! that goes on after a restart.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html>

use super::place_message::place as place_in;
use super::remove_message::remove;
use super::settle;
use super::work::Work;
use crate::group::{last_number, last_numbers, two_numbers};
use crate::keys::{self, Place};
use crate::message::{Message, Stored};
use crate::{Count, QueueId, Queues, QueuesError};
use kv::{KvError, Read, Snapshot, Transaction};
use names::Key;
use names::key::KeyParts;
use names::{AccountId, Keyspace, Region};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::Duration;

/// Messages a second that a task may be limited to.
pub const RATE_MAX: u32 = 500;
/// Messages moved in one transaction.
const STEP: usize = 25;
/// Tasks that are told of, and kept, of one queue.
const LISTED_MAX: usize = 10;
/// Tasks looked at in one turn.
const TASKS_MAX: usize = 100;
/// Before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(10);
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveState {
    Running,
    Cancelling,
    Completed,
    Cancelled,
    Failed,
}

impl MoveState {
    pub fn as_str(self) -> &'static str {
        match self {
            MoveState::Running => "RUNNING",
            MoveState::Cancelling => "CANCELLING",
            MoveState::Completed => "COMPLETED",
            MoveState::Cancelled => "CANCELLED",
            MoveState::Failed => "FAILED",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MoveRecord {
    pub id: String,
    /// Milliseconds.
    pub began: u64,
    pub state: MoveState,
    /// An ARN; where there is none, each message goes back to where it died.
    pub destination: Option<String>,
    /// Messages a second.
    pub rate: Option<u32>,
    pub moved: u64,
    /// As many as there were when it began.
    pub to_move: u64,
    pub failure: Option<String>,
}

impl kv::Record for MoveRecord {
    const KIND: &'static str = "move of messages";
    const VERSION: u8 = 1;
}

#[derive(Debug, Clone)]
pub struct StartMove {
    pub source: QueueId,
    pub destination: Option<QueueId>,
    pub rate: Option<u32>,
}

fn task(source: &QueueId, began: u64, id: &str) -> Key {
    keys::moves(source).number(began).text(id)
}

impl Queues {
    /// Answers the task's id.
    ///
    /// # Errors
    /// `NoSuchResource`, `InvalidParameter`, `Unsupported` where one is under way; the store fails.
    pub async fn start_move(&self, ask: StartMove) -> Result<String, QueuesError> {
        if let Some(rate) = ask.rate.filter(|rate| !(1..=RATE_MAX).contains(rate)) {
            return Err(QueuesError::value(
                rate,
                "MaxNumberOfMessagesPerSecond",
                "Must be between 1 and 500, if provided.",
            ));
        }
        let queues = self.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let missing = |what: &str| {
                    QueuesError::NoSuchResource(format!("The resource that you specified for the {what} parameter doesn't exist."))
                };
                let queue = queues.known.find(tx, &ask.source).await?.ok_or_else(|| missing("SourceArn"))?;
                if tx.range(&keys::sources(&ask.source).range(), 1).await?.is_empty() {
                    return Err(QueuesError::InvalidParameter(
                        "Source queue must be configured as a Dead Letter Queue.".to_owned(),
                    ));
                }
                if let Some(destination) = &ask.destination {
                    let other = queues.known.find(tx, destination).await?;
                    let other = other.ok_or_else(|| missing("DestinationArn"))?;
                    if other.settings.is_fifo != queue.settings.is_fifo || *destination == ask.source {
                        return Err(QueuesError::InvalidParameter(
                            "The destination must be another queue of the same type as the source.".to_owned(),
                        ));
                    }
                }
                let last = tx.range_reverse(&keys::moves(&ask.source).range(), 1).await?;
                for (_, stored) in &last {
                    let before = kv::record::decode::<MoveRecord>(stored)?;
                    if matches!(before.state, MoveState::Running | MoveState::Cancelling) {
                        return Err(QueuesError::Unsupported(
                            "There is already a task running. Only one active task is allowed for a source queue \
                             arn at a given time."
                                .to_owned(),
                        ));
                    }
                }
                let count = Count::read(tx, queue.number).await?;
                let (id, began) = (queues.clock.uuid(), queues.now());
                let record = MoveRecord {
                    id: id.clone(),
                    began,
                    state: MoveState::Running,
                    destination: ask.destination.as_ref().map(|id| id.arn().to_string()),
                    rate: ask.rate,
                    moved: 0,
                    to_move: count.visible,
                    failure: None,
                };
                kv::put_record(tx, task(&ask.source, began, &id), &record);
                tx.put(keys::moving(&ask.source, began, &id), Vec::new());
                // The oldest go, so that no more than a page is kept.
                let kept = tx.range_reverse(&keys::moves(&ask.source).range(), LISTED_MAX + 2).await?;
                for (key, _) in kept.iter().skip(LISTED_MAX) {
                    tx.delete(key);
                }
                Ok(id)
            })
            .await
    }

    /// What was moved stays so. Answers how many that were so far.
    ///
    /// # Errors
    /// `NoSuchResource`, `Unsupported` where it has ended; the store fails.
    pub async fn cancel_move(&self, source: QueueId, id: String) -> Result<u64, QueuesError> {
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let kept = tx.range_reverse(&keys::moves(&source).range(), LISTED_MAX).await?;
                for (key, stored) in &kept {
                    let mut record = kv::record::decode::<MoveRecord>(stored)?;
                    if record.id != id {
                        continue;
                    }
                    if record.state != MoveState::Running {
                        return Err(QueuesError::Unsupported(
                            "Only active tasks can be cancelled.".to_owned(),
                        ));
                    }
                    record.state = MoveState::Cancelling;
                    kv::put_record(tx, key, &record);
                    tx.put(keys::moving(&source, record.began, &id), Vec::new());
                    return Ok(record.moved);
                }
                Err(QueuesError::NoSuchResource("Task does not exist.".to_owned()))
            })
            .await
    }

    /// The latest first.
    ///
    /// # Errors
    /// `NoSuchResource`; the store fails.
    pub async fn list_moves(&self, source: QueueId, most: usize) -> Result<Vec<MoveRecord>, QueuesError> {
        self.find(&source).await?.ok_or_else(|| {
            QueuesError::NoSuchResource(
                "The resource that you specified for the SourceArn parameter doesn't exist.".to_owned(),
            )
        })?;
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let kept =
                    snapshot.range_reverse(&keys::moves(&source).range(), most.min(LISTED_MAX)).await?;
                kept.iter().map(|(_, stored)| Ok(kv::record::decode(stored)?)).collect()
            })
            .await
    }

    /// Moves until it is dropped; what is under way then goes on with the next start.
    pub async fn keep_moving(self) {
        let mut begun = self.kv.watch(&keys::all_moving());
        let mut paces = HashMap::new();
        loop {
            match self.move_all(&mut paces).await {
                Ok(None) => begun.changed().await,
                Ok(Some(0)) => {}
                // Another task may begin meanwhile.
                Ok(Some(ms)) => {
                    let _ = self.clock.timeout(Duration::from_millis(ms), begun.changed()).await;
                }
                Err(QueuesError::Store(KvError::Closed)) => return,
                Err(error) => {
                    tracing::error!(%error, "dead letters are not moved");
                    self.clock.sleep(PAUSE).await;
                }
            }
        }
    }

    /// A step of each task whose time has come. After how many milliseconds there is more to do, if there is.
    async fn move_all(&self, paces: &mut HashMap<String, u64>) -> Result<Option<u64>, QueuesError> {
        let moving = self.kv.range(keys::all_moving().range(), TASKS_MAX).await?;
        let mut next: Option<u64> = None;
        let mut kept = HashMap::new();
        for (key, _) in moving {
            let Some((source, began, id)) = parts(&key) else {
                return Err(QueuesError::Corrupt("move of messages"));
            };
            let now = self.now();
            let mut due = paces.get(&id).copied().unwrap_or_default();
            if due <= now {
                due = now + self.move_some(source, began, id.clone()).await?;
            }
            kept.insert(id, due);
            let wait = due.saturating_sub(now);
            next = Some(next.map_or(wait, |next| next.min(wait)));
        }
        *paces = kept;
        Ok(next)
    }

    /// Answers after how many milliseconds the next step may be.
    async fn move_some(&self, source: QueueId, began: u64, id: String) -> Result<u64, QueuesError> {
        let queues = self.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let (key, moving) = (task(&source, began, &id), keys::moving(&source, began, &id));
                let Some(mut record) = kv::get_record::<MoveRecord>(tx, &key).await? else {
                    tx.delete(&moving);
                    return Ok(0);
                };
                let mut pause = 0;
                if record.state == MoveState::Cancelling {
                    record.state = MoveState::Cancelled;
                } else {
                    let most = record.rate.map_or(STEP, |rate| STEP.min(rate as usize));
                    match queues.move_step(tx, &source, &record, most).await? {
                        Ok(0) => record.state = MoveState::Completed,
                        Ok(moved) => {
                            record.moved += moved as u64;
                            pause =
                                record.rate.map_or(0, |rate| 1000 * moved as u64 / u64::from(rate.max(1)));
                        }
                        Err(why) => {
                            record.state = MoveState::Failed;
                            record.failure = Some(why.to_owned());
                        }
                    }
                }
                if record.state != MoveState::Running {
                    tx.delete(&moving);
                }
                kv::put_record(tx, &key, &record);
                Ok::<_, QueuesError>(pause)
            })
            .await
    }

    /// How many were moved, or why none can be.
    async fn move_step(
        &self,
        tx: &mut Transaction,
        source: &QueueId,
        record: &MoveRecord,
        most: usize,
    ) -> Result<Result<usize, &'static str>, QueuesError> {
        let Some(queue) = self.known.find(tx, source).await? else {
            return Ok(Err("AWS.SimpleQueueService.NonExistentQueue"));
        };
        let mut work = Work::open(tx, queue, self.now()).await?;
        settle::settle(tx, &mut work).await?;
        let places = movable(tx, &work, most).await?;
        let mut moved = 0;
        for place in places {
            let Some(stored) = Stored::read(tx, work.number, place).await? else {
                return Err(QueuesError::Corrupt("message"));
            };
            let back = record.destination.as_deref().or(stored.message.dead_of.as_deref());
            let Some(target) = back.and_then(QueueId::parse_arn).filter(|target| target != source) else {
                work.close(tx, &self.waiters);
                return Ok(if moved > 0 { Ok(moved) } else { Err("CouldNotDetermineMessageSource") });
            };
            let into = self.known.find(tx, &target).await?;
            let Some(into) = into.filter(|into| into.settings.is_fifo == work.is_fifo()) else {
                work.close(tx, &self.waiters);
                return Ok(if moved > 0 {
                    Ok(moved)
                } else {
                    Err("AWS.SimpleQueueService.NonExistentQueue")
                });
            };
            let body = stored.body(tx, work.number, place).await?;
            remove(tx, &mut work, place, &stored.message).await?;
            let mut into = Work::open(tx, into, work.now).await?;
            // A new message, as if it had been sent now.
            let message = Message {
                id: self.clock.uuid(),
                dead_of: None,
                count: 0,
                count_before: 0,
                first: 0,
                last: 0,
                due: work.now,
                ..stored.message
            };
            place_in(tx, &mut into, work.now, message, &body).await?;
            into.close(tx, &self.waiters);
            moved += 1;
        }
        work.close(tx, &self.waiters);
        Ok(Ok(moved))
    }
}

/// Messages that may be received.
async fn movable(tx: &Transaction, work: &Work, most: usize) -> Result<Vec<Place>, QueuesError> {
    let corrupt = || QueuesError::Corrupt("order of what may be received");
    let rows = tx.range(&keys::all_ready(work.number).range(), most).await?;
    let mut places = Vec::with_capacity(rows.len());
    for (key, value) in &rows {
        let (at, sequence) = last_numbers(key).ok_or_else(corrupt)?;
        if !work.is_fifo() {
            let sent = value.as_ref().try_into().map(u64::from_be_bytes).map_err(|_| corrupt())?;
            places.push(Place { sent, sequence });
            continue;
        }
        if at > work.now || places.len() >= most {
            break;
        }
        let name = std::str::from_utf8(value).map_err(|_| corrupt())?;
        for (key, value) in tx.range(&keys::line(work.number, name).range(), most - places.len()).await? {
            let sequence = last_number(&key).ok_or_else(corrupt)?;
            let (sent, available) = two_numbers(&value).ok_or_else(corrupt)?;
            if available > work.now {
                break;
            }
            places.push(Place { sent, sequence });
        }
    }
    Ok(places)
}

fn parts(key: &[u8]) -> Option<(QueueId, u64, String)> {
    let mut parts = KeyParts::of(Keyspace::QueueMove, key).ok()?;
    parts.number().ok()?;
    let source = QueueId {
        account: AccountId::parse(&parts.text().ok()?).ok()?,
        region: Region::parse(&parts.text().ok()?).ok()?,
        name: crate::QueueName::parse(&parts.text().ok()?).ok()?,
    };
    Some((source, parts.number().ok()?, parts.text().ok()?))
}
