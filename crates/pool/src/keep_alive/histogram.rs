use std::time::Duration;

/// How long a function had nothing to do, again and again, in bins that grow by a fifth each.
///
/// About 120 bytes, however many were recorded.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    /// Bin 0 holds what is below a second, bin `n` from `GROWTH^(n-1)` to `GROWTH^n` seconds.
    bins: [u16; BINS],
    /// Idle times beyond the last bin.
    beyond: u16,
}

/// Up to `GROWTH^53`, about four hours, as in the paper.
const BINS: usize = 54;
const GROWTH: f64 = 1.2;

/// So many are remembered; then all counts are halved, so that what was long ago weighs little.
const COUNTED_MAX: u32 = 1024;

impl Histogram {
    pub fn new() -> Self {
        Histogram { bins: [0; BINS], beyond: 0 }
    }

    pub fn record(&mut self, idle: Duration) {
        if self.total() + u32::from(self.beyond) >= COUNTED_MAX {
            self.bins.iter_mut().chain([&mut self.beyond]).for_each(|count| *count /= 2);
        }
        let seconds = idle.as_secs_f64();
        let bin = if seconds < 1.0 { 0 } else { 1 + (seconds.ln() / GROWTH.ln()) as usize };
        let count = self.bins.get_mut(bin).unwrap_or(&mut self.beyond);
        *count = count.saturating_add(1);
    }

    /// Enough idle times, of which most fall into few bins: what was is then likely to come again.
    pub fn is_representative(&self) -> bool {
        let total = self.total();
        if total < COUNTED_MIN || u32::from(self.beyond) > total {
            return false;
        }
        // The coefficient of variation of the bins' counts: zero when all are alike.
        let mean = f64::from(total) / BINS as f64;
        let squares = self.bins.iter().map(|count| (f64::from(*count) - mean).powi(2));
        (squares.sum::<f64>() / BINS as f64).sqrt() / mean >= VARIATION_MIN
    }

    /// Lower bound of the bin at this share of all idle times, upper bound of the bin at that one.
    pub fn range(&self, head: f64, tail: f64) -> (Duration, Duration) {
        let head = match self.bin_at(head) {
            0 => Duration::ZERO,
            bin => upper(bin - 1),
        };
        (head, upper(self.bin_at(tail)))
    }

    fn bin_at(&self, share: f64) -> usize {
        let wanted = f64::from(self.total()) * share;
        let mut seen = 0.0;
        let reached = self.bins.iter().position(|count| {
            seen += f64::from(*count);
            *count > 0 && seen >= wanted
        });
        reached.unwrap_or(BINS - 1)
    }

    fn total(&self) -> u32 {
        self.bins.iter().map(|count| u32::from(*count)).sum()
    }
}

/// Fewer say nothing.
const COUNTED_MIN: u32 = 5;
const VARIATION_MIN: f64 = 2.0;

fn upper(bin: usize) -> Duration {
    Duration::from_secs_f64(GROWTH.powi(bin as i32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seconds: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::new();
        seconds.into_iter().for_each(|seconds| histogram.record(Duration::from_secs(seconds)));
        histogram
    }

    #[test]
    fn what_comes_regularly_is_told_from_what_does_not() {
        for (name, histogram, expected) in [
            ("nothing", of([]), false),
            ("too few", of([60; 4]), false),
            ("regular", of([60; 5]), true),
            ("two periods", of([60, 600].repeat(10)), true),
            ("all over", of((0..1000).map(|n| 1.2_f64.powi(n % 50) as u64)), false),
            ("mostly beyond", of([vec![60; 5], vec![86_400; 6]].concat()), false),
            ("now and then beyond", of([vec![60; 20], vec![86_400; 3]].concat()), true),
        ] {
            assert_eq!(histogram.is_representative(), expected, "{name}");
        }
    }

    #[test]
    fn the_range_encloses_what_was_recorded() {
        for seconds in [0, 1, 2, 59, 60, 300, 3600, 14_000] {
            let (head, tail) = of([seconds; 10]).range(0.05, 0.99);
            let exact = Duration::from_secs(seconds);
            assert!(head <= exact && exact <= tail, "{seconds}: {head:?} {tail:?}");
            assert!(tail <= exact.mul_f64(GROWTH) + Duration::from_secs(1), "{seconds}: {tail:?}");
        }
        let (head, tail) = of([vec![10; 98], vec![1000; 2]].concat()).range(0.05, 0.99);
        assert!(head <= Duration::from_secs(10) && tail >= Duration::from_secs(1000));
    }

    #[test]
    fn the_past_fades() {
        let mut histogram = of([1000; 5000]);
        (0..5000).for_each(|_| histogram.record(Duration::from_secs(10)));
        let (_, tail) = histogram.range(0.05, 0.99);
        assert!(tail < Duration::from_secs(15), "{tail:?}");
    }
}
