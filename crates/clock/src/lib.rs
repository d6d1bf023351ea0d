//! The only door to time, sleep and randomness: real, or simulated from one seed.
//!
//! `clippy.toml` refuses the other doors, so that one seed replays a run.

mod random;
mod simulated;
mod timestamp;

pub use timestamp::{Timestamp, TimestampError};

use simulated::Simulation;
use std::sync::Arc;
use std::time::Duration;

/// Cheap to clone; clones share the same time and the same stream of randomness.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    Real,
    Simulated(Arc<Simulation>),
}

/// A point on the clock that never goes back, for measuring how long something took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// How long after `earlier` this was; zero when it was before.
    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Clock {
    pub fn real() -> Self {
        Clock(Source::Real)
    }

    /// Stands at `start` and moves only by [`Clock::advance`]; randomness comes from `seed`.
    pub fn simulated(start: Timestamp, seed: u64) -> Self {
        Clock(Source::Simulated(Arc::new(Simulation::new(start, seed))))
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::Real => timestamp::system_now(),
            Source::Simulated(simulation) => simulation.now(),
        }
    }

    pub fn moment(&self) -> Moment {
        match &self.0 {
            Source::Real => Moment(timestamp::monotonic_now()),
            Source::Simulated(simulation) => Moment(simulation.elapsed()),
        }
    }

    /// How long ago `moment` was; zero when it lies ahead.
    pub fn since(&self, moment: Moment) -> Duration {
        self.moment().0.saturating_sub(moment.0)
    }

    /// Cancel-safe: dropping the future forgets the sleep.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::Real => timestamp::system_sleep(duration).await,
            Source::Simulated(simulation) => simulation.sleep(duration).await,
        }
    }

    /// `None` when `duration` passed before `future` was ready; the future is then dropped.
    pub async fn timeout<F: Future>(&self, duration: Duration, future: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = self.sleep(duration) => None,
        }
    }

    /// Moves simulated time and wakes the sleepers that came due. Nothing happens on the real clock.
    pub fn advance(&self, duration: Duration) {
        if let Source::Simulated(simulation) = &self.0 {
            simulation.advance(duration);
        }
    }

    /// Fills `bytes` with randomness fit for keys and tokens.
    pub fn fill_random(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::Real => random::fill(bytes),
            Source::Simulated(simulation) => simulation.fill_random(bytes),
        }
    }

    pub fn random_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_random(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A random (version 4) UUID in its usual 36-character form, as request ids are written.
    pub fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.fill_random(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// `length` characters of `a-z0-9`: about 5 bits each.
    pub fn random_token(&self, length: usize) -> String {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut bytes = vec![0; length];
        self.fill_random(&mut bytes);
        bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
    }
}
