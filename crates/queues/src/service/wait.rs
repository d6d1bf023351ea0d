//! Waiting for messages, asleep: until something is written for those who wait, or the next message comes due.

use super::receive_message::{IN_FLIGHT_MAX, Receive, Received};
use super::settle;
use crate::group::last_numbers;
use crate::{Count, QueueId, Queues, QueuesError, WAIT_SECONDS_MAX, keys};
use clock::Moment;
use kv::{Read, Snapshot, Watch};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Requests that wait for messages at once, of all queues together.
pub const WAITING_MAX: usize = 20_000;

/// Who waits for which queue's messages.
#[derive(Default)]
pub(crate) struct Waiters(Mutex<State>);

#[derive(Default)]
struct State {
    all: usize,
    by_queue: HashMap<u64, Line>,
}

struct Line {
    length: usize,
    /// Those who wait for one queue stand in a line of which the first alone is woken.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Waiters {
    pub fn are_there(&self, queue: u64) -> bool {
        self.lock().by_queue.contains_key(&queue)
    }

    fn enter(waiters: &Arc<Waiters>, queue: u64) -> Result<Waiter, QueuesError> {
        let mut state = waiters.lock();
        if state.all >= WAITING_MAX {
            return Err(QueuesError::TooManyWait);
        }
        state.all += 1;
        let line = state.by_queue.entry(queue).or_insert_with(|| Line { length: 0, turn: Arc::default() });
        line.length += 1;
        Ok(Waiter { waiters: waiters.clone(), queue, turn: line.turn.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a queue's line, given up when it is dropped.
struct Waiter {
    waiters: Arc<Waiters>,
    queue: u64,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut state = self.waiters.lock();
        state.all -= 1;
        let is_empty = state.by_queue.get_mut(&self.queue).is_some_and(|line| {
            line.length -= 1;
            line.length == 0
        });
        if is_empty {
            state.by_queue.remove(&self.queue);
        }
    }
}

/// What a queue has for somebody who waits.
enum Ahead {
    Now,
    /// Milliseconds from now.
    In(u64),
    Nothing,
}

impl Queues {
    /// Receives messages, waiting for the first one as long as is asked for or the queue says.
    ///
    /// Dropping the future gives the place up; what was leased for it meanwhile comes back when its lease ends.
    ///
    /// # Errors
    /// `NoSuchQueue`, `InvalidParameter`, `OverLimit`, `TooManyWait`; the store fails.
    pub async fn receive(&self, id: &QueueId, ask: Receive) -> Result<Vec<Received>, QueuesError> {
        if let Some(given) = ask.wait_seconds.filter(|seconds| *seconds > WAIT_SECONDS_MAX) {
            return Err(QueuesError::value(given, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."));
        }
        let queue = self.find(id).await?.ok_or(QueuesError::NoSuchQueue)?;
        let wait = ask.wait_seconds.unwrap_or(queue.settings.wait_seconds);
        let began = self.clock.moment();
        // Known of before the queue is found empty: both this and sending are done by the store's one writer, so that
        // what is sent before is found, and what is sent after is told.
        let waiter = (wait > 0).then(|| Waiters::enter(&self.waiters, queue.identity));
        let received = self.receive_now(id, &ask).await?;
        let Some(waiter) = waiter.filter(|_| received.is_empty()) else { return Ok(received) };
        let waiter = waiter?;
        let end = End { began, wait: Duration::from_secs(wait.into()) };
        let Some(_turn) = self.clock.timeout(end.left(self), waiter.turn.lock()).await else {
            return Ok(Vec::new());
        };
        let mut arrivals = self.kv.watch(&keys::arrival(queue.identity));
        loop {
            let left = end.left(self);
            match self.ahead(id).await? {
                Ahead::Now => {
                    let received = self.receive_now(id, &ask).await?;
                    if !received.is_empty() {
                        return Ok(received);
                    }
                }
                _ if left.is_zero() => return Ok(Vec::new()),
                Ahead::In(ms) => self.arrival(&mut arrivals, left.min(Duration::from_millis(ms))).await,
                Ahead::Nothing => self.arrival(&mut arrivals, left).await,
            }
            if end.left(self).is_zero() {
                return Ok(Vec::new());
            }
        }
    }

    async fn arrival(&self, arrivals: &mut Watch, most: Duration) {
        // Woken or not, what there is is looked at next.
        let _ = self.clock.timeout(most, arrivals.changed()).await;
    }

    async fn ahead(&self, id: &QueueId) -> Result<Ahead, QueuesError> {
        let (known, id, now) = (self.known.clone(), id.clone(), self.now());
        self.kv
            .read_few(async move |snapshot: &Snapshot| {
                let queue = known.queue(snapshot, &id).await?;
                let waiting = snapshot.range(&keys::all_waiting(queue.number).range(), 1).await?;
                let due = waiting.first().and_then(|(key, _)| last_numbers(key)).map(|(due, _)| due);
                let ready = snapshot.range(&keys::all_ready(queue.number).range(), 1).await?;
                let ready = ready.first().and_then(|(key, _)| last_numbers(key));
                let ready = ready.map(|(at, _)| if queue.settings.is_fifo { at } else { 0 });
                let is_full = Count::read(snapshot, queue.number).await?.in_flight >= IN_FLIGHT_MAX;
                let next = due.into_iter().chain(ready.filter(|_| !is_full || !queue.settings.is_fifo)).min();
                Ok(match next {
                    None => Ahead::Nothing,
                    Some(at) if at <= now => Ahead::Now,
                    Some(at) => Ahead::In(at - now),
                })
            })
            .await
    }

    /// Moves what came due until nothing is left of it, so that counts tell what may be received.
    ///
    /// # Errors
    /// `NoSuchQueue`; the store fails.
    pub(super) async fn settle_all(&self, id: &QueueId) -> Result<(), QueuesError> {
        let (known, of, now) = (self.known.clone(), id.clone(), self.now());
        let is_due = async move |snapshot: &Snapshot| {
            let queue = known.queue(snapshot, &of).await?;
            Ok::<_, QueuesError>(!snapshot.range(&settle::due(queue.number, now), 1).await?.is_empty())
        };
        if !self.kv.read_few(is_due).await? {
            return Ok(());
        }
        // Bounded by what may be in flight and was due when it began; what is delayed without end is left.
        for _ in 0..SETTLE_STEPS_MAX {
            let (queues, id) = (self.clone(), id.clone());
            let step = async move |tx: &mut kv::Transaction| {
                let queue = queues.known.queue(tx, &id).await?;
                let mut work = super::work::Work::open(tx, queue, now).await?;
                let has_more = settle::settle(tx, &mut work).await?;
                work.close(tx, &queues.waiters);
                Ok::<_, QueuesError>(has_more)
            };
            if !self.kv.transact(step).await? {
                break;
            }
        }
        Ok(())
    }
}

const SETTLE_STEPS_MAX: usize = 20;

struct End {
    began: Moment,
    wait: Duration,
}

impl End {
    fn left(&self, queues: &Queues) -> Duration {
        self.wait.saturating_sub(queues.clock.since(self.began))
    }
}
