//! Cold starts take turns while the processors have no time to spare.
//!
//! A start is mostly computing. Many at once, as of events that waited for a server that comes up again, would all
//! be done late, where a few at a time are done one after the other at no greater cost, and those who wait may
//! be served by the instances that came up meanwhile. As with [`crate::turns`], nobody waits while a processor is
//! idle, since then the others wait for something else than processors.

use crate::processors::Processors;
use clock::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How often somebody who waits looks whether processors are idle.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Longest wait.
const HOLD: Duration = Duration::from_secs(3);

pub(crate) struct Starts {
    clock: Clock,
    processors: Arc<Processors>,
    turns: Semaphore,
}

/// The turn of one start, until dropped.
pub(crate) struct StartTurn<'a> {
    /// `None`: out of turn.
    _permit: Option<SemaphorePermit<'a>>,
}

impl Starts {
    /// Two at once for each processor: one may read files while another computes.
    pub fn new(clock: Clock, processors: Arc<Processors>) -> Self {
        let at_once = processors.count() * 2;
        Starts { clock, processors, turns: Semaphore::new(at_once) }
    }

    /// A turn, if nobody has to be waited for.
    pub fn try_take(&self) -> Option<StartTurn<'_>> {
        self.turns.try_acquire().ok().map(|permit| StartTurn { _permit: Some(permit) })
    }

    /// Those who wait get their turns in the order in which they came.
    pub async fn take(&self) -> StartTurn<'_> {
        let acquired = async {
            let acquire = self.turns.acquire();
            tokio::pin!(acquire);
            // What a look tells is about the time since the one before.
            self.processors.are_busy();
            loop {
                tokio::select! {
                    biased;
                    // The semaphore is never closed.
                    permit = &mut acquire => return permit.ok(),
                    () = self.clock.sleep(LOOK_EVERY) => if !self.processors.are_busy() { return None },
                }
            }
        };
        StartTurn { _permit: self.clock.timeout(HOLD, acquired).await.flatten() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Timestamp;
    use std::task::{Context, Poll, Waker};

    fn starts(clock: &Clock, are_busy: bool) -> Starts {
        let processors = Arc::new(Processors::pretended(are_busy));
        Starts { turns: Semaphore::new(1), ..Starts::new(clock.clone(), processors) }
    }

    fn poll<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> Poll<F::Output> {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn a_start_waits_for_another_while_the_processors_are_busy() {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        let starts = starts(&clock, true);
        let first = starts.take().await;
        let mut second = Box::pin(starts.take());
        assert!(poll(&mut second).is_pending());
        clock.advance(LOOK_EVERY);
        assert!(poll(&mut second).is_pending());
        drop(first);
        assert!(poll(&mut second).is_ready());
    }

    #[tokio::test]
    async fn nobody_waits_long() {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        let starts = starts(&clock, true);
        let _first = starts.take().await;
        let mut second = Box::pin(starts.take());
        assert!(poll(&mut second).is_pending());
        clock.advance(HOLD);
        assert!(poll(&mut second).is_ready());
    }

    #[tokio::test]
    async fn nobody_waits_beside_an_idle_processor() {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        let starts = starts(&clock, false);
        let _first = starts.take().await;
        let mut second = Box::pin(starts.take());
        assert!(poll(&mut second).is_pending());
        clock.advance(LOOK_EVERY);
        assert!(poll(&mut second).is_ready());
    }
}
