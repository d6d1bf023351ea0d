use clock::{Clock, Moment};
use std::time::Duration;

/// How many of a kind were asked for at about the same time, lately.
///
/// What is asked for within one [`TOGETHER`] could not have been replaced in between, so that many must
/// have been in stock. The highest such count fades by half with every [`HALF_LIFE`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    peak: f64,
    peak_at: Moment,
    count: u32,
    count_since: Moment,
    /// When somebody last asked, or was expected to.
    pub last: Moment,
}

/// About what it takes to make one anew on a busy machine.
const TOGETHER: Duration = Duration::from_millis(500);
const HALF_LIFE: Duration = Duration::from_secs(5 * 60);
/// No burst is answered from stock alone beyond this many.
pub(super) const TARGET_MAX: u32 = 64;

impl Demand {
    pub fn new(clock: &Clock) -> Self {
        let now = clock.moment();
        Demand { peak: 0.0, peak_at: now, count: 0, count_since: now, last: now }
    }

    /// One was asked for, whether or not there was one.
    pub fn note(&mut self, clock: &Clock) {
        if clock.since(self.count_since) > TOGETHER {
            self.count = 0;
            self.count_since = clock.moment();
        }
        self.count = self.count.saturating_add(1);
        let faded = self.faded(clock);
        if f64::from(self.count) >= faded {
            self.peak = f64::from(self.count);
            self.peak_at = clock.moment();
        }
        self.last = clock.moment();
    }

    /// How many to keep in stock: one while nobody asks, one more than were asked for together.
    pub fn target(&self, clock: &Clock) -> u32 {
        let faded = self.faded(clock).round() as u32;
        (faded + 1).min(TARGET_MAX)
    }

    fn faded(&self, clock: &Clock) -> f64 {
        let half_lives = clock.since(self.peak_at).as_secs_f64() / HALF_LIFE.as_secs_f64();
        self.peak * (-half_lives).exp2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Timestamp;

    #[test]
    fn the_stock_follows_what_is_asked_for_together() {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        let mut demand = Demand::new(&clock);
        assert_eq!(demand.target(&clock), 1);
        for _ in 0..20 {
            demand.note(&clock);
            clock.advance(Duration::from_secs(1));
        }
        assert_eq!(demand.target(&clock), 2, "one after the other: one and a spare");
        for _ in 0..20 {
            demand.note(&clock);
        }
        assert_eq!(demand.target(&clock), 21);
        clock.advance(HALF_LIFE);
        assert_eq!(demand.target(&clock), 11);
        clock.advance(HALF_LIFE * 10);
        assert_eq!(demand.target(&clock), 1);
        for _ in 0..1000 {
            demand.note(&clock);
        }
        assert_eq!(demand.target(&clock), TARGET_MAX);
    }
}
