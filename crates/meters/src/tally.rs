use crate::Histogram;
use crate::sample::{Ending, Used};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Sums over some invocations. What others bill by is summed too, since it cannot be told from sums later:
/// they round each invocation in a way of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Those that reached an instance.
    pub invocations: u64,
    pub errors: u64,
    pub throttles: u64,
    /// Refused by the platform's own fault.
    pub unavailable: u64,
    pub cold_starts: u64,
    /// Those that ran on provisioned instances, and those that found none free.
    pub provisioned: u64,
    pub spillovers: u64,
    pub duration_us: u64,
    pub duration_us_min: u64,
    pub duration_us_max: u64,
    pub durations: Histogram,
    pub init_us: u64,
    pub cpu_us: u64,
    /// Whole milliseconds of each, initialisation included.
    pub billed_ms: u64,
    /// Each rounded up to 100 ms.
    pub billed_100ms_ms: u64,
    /// The peak of each rounded up to 128 MB, at most 1,536 MB, times its milliseconds, at least 100.
    pub used_mb_ms: u64,
    pub memory_peak_bytes: u64,
    pub request_bytes: u64,
    pub response_bytes: u64,
    /// The most that ran at once.
    pub concurrency_max: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, ending: Ending) {
        match ending {
            Ending::Answered(used) => self.add_used(&used),
            Ending::Failed(used) => {
                self.errors += 1;
                self.add_used(&used);
            }
            Ending::Throttled => self.throttles += 1,
            Ending::Unavailable => self.unavailable += 1,
        }
    }

    fn add_used(&mut self, used: &Used) {
        let us = whole(used.duration, 1_000);
        self.duration_us_min = if self.invocations == 0 { us } else { self.duration_us_min.min(us) };
        self.duration_us_max = self.duration_us_max.max(us);
        self.invocations += 1;
        self.cold_starts += u64::from(used.cold);
        self.provisioned += u64::from(used.provisioned);
        self.spillovers += u64::from(used.spillover);
        self.duration_us = self.duration_us.saturating_add(us);
        self.durations.add(us);
        self.init_us = self.init_us.saturating_add(used.init.map_or(0, |init| whole(init, 1_000)));
        self.cpu_us = self.cpu_us.saturating_add(used.cpu.map_or(0, |cpu| whole(cpu, 1_000)));
        let billed_ms = whole(used.billed, 1_000_000);
        self.billed_ms = self.billed_ms.saturating_add(billed_ms);
        self.billed_100ms_ms = self.billed_100ms_ms.saturating_add(billed_ms.div_ceil(100) * 100);
        let used_mb = used.memory_peak_bytes.div_ceil(1 << 20).div_ceil(128).clamp(1, 12) * 128;
        self.used_mb_ms = self.used_mb_ms.saturating_add(used_mb * billed_ms.max(100));
        self.memory_peak_bytes = self.memory_peak_bytes.max(used.memory_peak_bytes);
        self.request_bytes = self.request_bytes.saturating_add(used.request_bytes);
        self.response_bytes = self.response_bytes.saturating_add(used.response_bytes);
    }

    pub fn merge(&mut self, other: &Tally) {
        self.duration_us_min = match (self.invocations, other.invocations) {
            (0, _) => other.duration_us_min,
            (_, 0) => self.duration_us_min,
            _ => self.duration_us_min.min(other.duration_us_min),
        };
        self.duration_us_max = self.duration_us_max.max(other.duration_us_max);
        self.memory_peak_bytes = self.memory_peak_bytes.max(other.memory_peak_bytes);
        self.concurrency_max = self.concurrency_max.max(other.concurrency_max);
        self.durations.merge(&other.durations);
        for (sum, more) in [
            (&mut self.invocations, other.invocations),
            (&mut self.errors, other.errors),
            (&mut self.throttles, other.throttles),
            (&mut self.unavailable, other.unavailable),
            (&mut self.cold_starts, other.cold_starts),
            (&mut self.provisioned, other.provisioned),
            (&mut self.spillovers, other.spillovers),
            (&mut self.duration_us, other.duration_us),
            (&mut self.init_us, other.init_us),
            (&mut self.cpu_us, other.cpu_us),
            (&mut self.billed_ms, other.billed_ms),
            (&mut self.billed_100ms_ms, other.billed_100ms_ms),
            (&mut self.used_mb_ms, other.used_mb_ms),
            (&mut self.request_bytes, other.request_bytes),
            (&mut self.response_bytes, other.response_bytes),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

/// Rounded up to units of so many nanoseconds.
fn whole(duration: Duration, unit_ns: u128) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(unit_ns)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(ms: u64, memory_mb: u64) -> Used {
        let duration = Duration::from_millis(ms);
        Used { duration, billed: duration, memory_peak_bytes: memory_mb << 20, ..Used::default() }
    }

    #[test]
    fn each_invocation_is_rounded_by_itself() {
        let mut tally = Tally::default();
        tally.add(Ending::Answered(used(1, 40)));
        tally.add(Ending::Failed(used(101, 130)));
        tally.add(Ending::Throttled);
        assert_eq!([tally.invocations, tally.errors, tally.throttles], [2, 1, 1]);
        assert_eq!([tally.billed_ms, tally.billed_100ms_ms], [102, 300]);
        assert_eq!(tally.used_mb_ms, 128 * 100 + 256 * 101);
        assert_eq!([tally.duration_us_min, tally.duration_us_max], [1_000, 101_000]);
    }

    #[test]
    fn merging_is_adding_everything_to_one() {
        let provisioned = Used { provisioned: true, ..used(5, 1) };
        let spilled = Used { spillover: true, ..used(2, 300) };
        let endings = [Ending::Answered(provisioned), Ending::Throttled, Ending::Failed(spilled)];
        let (mut whole, mut merged) = (Tally::default(), Tally::default());
        for ending in endings {
            whole.add(ending);
            let mut one = Tally::default();
            one.add(ending);
            merged.merge(&one);
        }
        assert_eq!(whole, merged);
    }
}
