use crate::Timestamp;
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Time that only a test moves.
#[derive(Debug)]
pub(crate) struct Simulation {
    start: Timestamp,
    elapsed: watch::Sender<Duration>,
    random: Mutex<ChaCha12Rng>,
}

impl Simulation {
    pub(crate) fn new(start: Timestamp, seed: u64) -> Self {
        Simulation {
            start,
            elapsed: watch::Sender::new(Duration::ZERO),
            random: Mutex::new(ChaCha12Rng::seed_from_u64(seed)),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.start + self.elapsed()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        *self.elapsed.borrow()
    }

    pub(crate) fn advance(&self, duration: Duration) {
        self.elapsed.send_modify(|elapsed| *elapsed = elapsed.saturating_add(duration));
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        let due = self.elapsed().saturating_add(duration);
        let mut elapsed = self.elapsed.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = elapsed.wait_for(|now| *now >= due).await;
    }

    pub(crate) fn fill_random(&self, bytes: &mut [u8]) {
        self.random().fill_bytes(bytes);
    }

    fn random(&self) -> MutexGuard<'_, ChaCha12Rng> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Clock, Timestamp};
    use std::time::Duration;

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = Clock::simulated(Timestamp::EPOCH, 7);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep(Duration::from_secs(60)).await;
                clock.now()
            }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        assert_eq!(sleeper.await.unwrap(), Timestamp::from_seconds(60));
    }

    #[test]
    fn one_seed_replays_the_same_randomness() {
        let ids = |seed| {
            let clock = Clock::simulated(Timestamp::EPOCH, seed);
            (clock.uuid(), clock.random_u64(), clock.random_token(20))
        };
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
    }
}
