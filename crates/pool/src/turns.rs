//! Short invocations take turns on few instances while the processors have no time to spare.
//!
//! Where an invocation takes a fraction of a millisecond and all processors are busy, waiting for an instance that is
//! about to be free costs less than waking one that has nothing of itself in the processors' caches: sixteen Node
//! processes on two processors need half as much time again for each event as four do. So then no more of a version's
//! invocations run at once than keep the processors busy; the others, which would wait for a processor, wait here
//! instead. Nobody waits while a processor is idle, since then the running ones wait for something else; and nobody
//! longer than [`HOLD`]: who did runs whatever else does, and others are spared the wait for [`SPARED`].

use crate::idle::Key;
use crate::processors::Processors;
use crate::shards::{SHARDS, Shards};
use clock::{Clock, Moment};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest that an invocation waits for its turn.
const HOLD: Duration = Duration::from_millis(20);

/// How long nobody waits after somebody waited in vain.
const SPARED: Duration = Duration::from_secs(1);

/// Turns are taken while invocations take less than this on average, from the event to the next question.
const SHORT_US: u64 = 4_000;

/// What is believed before anything is known: about 45 short ones outweigh it.
const UNKNOWN_US: u64 = 64_000;

/// What one counts for at most.
const LONGEST_US: u64 = 1_000_000;

/// The average is that of about so many.
const WEIGHT: u64 = 16;

/// Versions that are remembered in each part of the table; with one more, those that do nothing are forgotten.
const VERSIONS_MAX: usize = 4096 / SHARDS;

/// Turns of every version that ran lately.
pub(crate) struct Turns {
    clock: Clock,
    at_once: usize,
    processors: Arc<Processors>,
    of: Shards<Key, Arc<Version>>,
}

struct Version {
    turns: Arc<Semaphore>,
    usual_us: AtomicU64,
    in_vain: Mutex<Option<Moment>>,
}

/// The turn of one invocation, until dropped.
pub(crate) struct Turn {
    version: Arc<Version>,
    /// `None`: out of turn.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// Two at once for each processor: one is on its way while another runs.
    pub fn new(clock: Clock, processors: Arc<Processors>) -> Self {
        Turns { clock, at_once: processors.count() * 2, processors, of: Shards::default() }
    }

    /// Waits for a turn, not long. Those who wait get theirs in the order in which they came.
    pub async fn take(&self, key: &Key) -> Turn {
        let version = self.version(key);
        let permit = match version.turns.clone().try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) if !self.may_hold(&version) => None,
            // The semaphore is never closed.
            Err(_) => match self.clock.timeout(HOLD, version.turns.clone().acquire_owned()).await {
                Some(acquired) => acquired.ok(),
                None => {
                    *lock(&version.in_vain) = Some(self.clock.moment());
                    None
                }
            },
        };
        Turn { version, _permit: permit }
    }

    fn may_hold(&self, version: &Version) -> bool {
        version.usual_us.load(Ordering::Relaxed) <= SHORT_US
            && lock(&version.in_vain).is_none_or(|moment| self.clock.since(moment) >= SPARED)
            && self.processors.are_busy()
    }

    fn version(&self, key: &Key) -> Arc<Version> {
        let mut of = self.of.of(key.function_arn());
        if let Some(version) = of.get(key) {
            return version.clone();
        }
        if of.len() >= VERSIONS_MAX {
            of.retain(|_, version| Arc::strong_count(version) > 1);
        }
        let version = Arc::new(Version {
            turns: Arc::new(Semaphore::new(self.at_once)),
            usual_us: AtomicU64::new(UNKNOWN_US),
            in_vain: Mutex::default(),
        });
        of.insert(key.clone(), version.clone());
        version
    }
}

impl Turn {
    /// It is over, and took so long.
    pub fn took(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).min(LONGEST_US);
        let usual = &self.version.usual_us;
        let before = usual.load(Ordering::Relaxed);
        // Of two at the same moment one may be lost: it is an estimate.
        usual.store((before * (WEIGHT - 1) + us) / WEIGHT, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Timestamp;
    use std::task::{Context, Poll, Waker};

    const BRIEF: Duration = Duration::from_micros(300);

    fn turns(clock: &Clock, are_busy: bool) -> Turns {
        let processors = Arc::new(Processors::pretended(are_busy));
        Turns { at_once: 2, ..Turns::new(clock.clone(), processors) }
    }

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    async fn shown_short(turns: &Turns, key: &Key) {
        for _ in 0..100 {
            turns.take(key).await.took(BRIEF);
        }
    }

    #[tokio::test]
    async fn short_ones_take_turns_in_order() {
        let (clock, key) = (Clock::simulated(Timestamp::EPOCH, 1), Key::named("f"));
        let turns = turns(&clock, true);
        shown_short(&turns, &key).await;
        let (first, _second) = (turns.take(&key).await, turns.take(&key).await);
        let mut third = std::pin::pin!(turns.take(&key));
        let mut fourth = std::pin::pin!(turns.take(&key));
        assert!(poll(third.as_mut()).is_pending() && poll(fourth.as_mut()).is_pending());
        drop(first);
        assert!(poll(fourth.as_mut()).is_pending(), "it came last");
        assert!(poll(third.as_mut()).is_ready());
        let other = Key::named("g");
        assert!(poll(std::pin::pin!(turns.take(&other))).is_ready(), "nobody waits for another function");
    }

    #[tokio::test]
    async fn nobody_waits_for_long_ones_or_beside_an_idle_processor() {
        let (clock, key) = (Clock::simulated(Timestamp::EPOCH, 1), Key::named("f"));
        for (are_busy, duration) in [(true, Duration::from_secs(900)), (false, BRIEF)] {
            let turns = turns(&clock, are_busy);
            let _unknown = [turns.take(&key).await, turns.take(&key).await];
            let third = turns.take(&key).await;
            (0..100).for_each(|_| third.took(duration));
            assert!(poll(std::pin::pin!(turns.take(&key))).is_ready(), "{are_busy}");
        }
    }

    #[tokio::test]
    async fn who_waits_in_vain_runs_and_spares_others_the_wait() {
        let (clock, key) = (Clock::simulated(Timestamp::EPOCH, 1), Key::named("f"));
        let turns = turns(&clock, true);
        shown_short(&turns, &key).await;
        let _running = [turns.take(&key).await, turns.take(&key).await];
        let mut late = std::pin::pin!(turns.take(&key));
        assert!(poll(late.as_mut()).is_pending());
        clock.advance(HOLD);
        let _late = late.await;
        assert!(poll(std::pin::pin!(turns.take(&key))).is_ready());
        clock.advance(SPARED);
        assert!(poll(std::pin::pin!(turns.take(&key))).is_pending());
    }
}
