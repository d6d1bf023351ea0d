use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Durations by half powers of two: what lies in a bucket is at most √2 apart, so that percentiles are known
/// to within that. At most 62 buckets for up to half an hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<u8, u64>);

impl Histogram {
    pub fn add(&mut self, us: u64) {
        *self.0.entry(index(us)).or_default() += 1;
    }

    pub fn merge(&mut self, other: &Histogram) {
        for (index, count) in &other.0 {
            *self.0.entry(*index).or_default() += count;
        }
    }

    /// Upper ends in microseconds, ascending, with how many lie between one and the one before.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        self.0.iter().map(|(index, count)| (2f64.powf(f64::from(*index + 1) / 2.0), *count))
    }

    /// How many lie at or below `us`, where `us` is a power of two.
    pub fn below(&self, us: u64) -> u64 {
        let end = index(us);
        self.0.range(..end).map(|(_, count)| count).sum()
    }
}

/// Twice the binary logarithm, rounded down; what is below a microsecond counts as one.
fn index(us: u64) -> u8 {
    let us = u128::from(us.max(1));
    let whole = us.ilog2();
    let half = u32::from(us * us >= 1 << (2 * whole + 1));
    u8::try_from(2 * whole + half).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_half_powers_of_two() {
        let found = [0, 1, 2, 3, 4, 5, 6, 1000, 1024, 900_000_000].map(index);
        assert_eq!(found, [0, 0, 2, 3, 4, 4, 5, 19, 20, 59]);
        let mut histogram = Histogram::default();
        for us in [3, 900, 1024, 2000] {
            histogram.add(us);
        }
        assert_eq!([histogram.below(1024), histogram.below(2048)], [2, 4]);
        assert!(histogram.buckets().all(|(end, count)| end > 2.0 && count == 1));
    }

    #[test]
    fn a_histogram_is_written_and_read_back() {
        let mut histogram = Histogram::default();
        histogram.add(1500);
        let text = serde_json::to_string(&histogram).unwrap();
        assert_eq!(text, r#"{"21":1}"#);
        assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), histogram);
    }
}
