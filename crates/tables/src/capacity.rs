//! Capacity units of reads and writes, by size.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

/// Bytes that one unit reads with strong consistency.
const READ_UNIT: u64 = 4096;
/// Bytes that one unit writes.
const WRITE_UNIT: u64 = 1024;

/// Capacity units, in halves: an eventually consistent read costs half of a strongly consistent one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Units(u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    Eventual,
    Consistent,
    Transactional,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    Standard,
    Transactional,
}

impl Units {
    pub const ZERO: Units = Units(0);

    /// Of one GetItem, or one page of Query or Scan: `bytes` is the size of all items that were read, whether they were
    /// returned or not. What is not there costs as the smallest item does.
    pub fn read(bytes: u64, how: Read) -> Units {
        let units = bytes.div_ceil(READ_UNIT).max(1);
        Units(match how {
            Read::Eventual => units,
            Read::Consistent => units * 2,
            Read::Transactional => units * 4,
        })
    }

    /// Of one item written, in the table or in an index that it changes: the larger of its sizes before and after, in
    /// bytes. A condition that fails costs what the item that is there would.
    pub fn write(before: u64, after: u64, how: Write) -> Units {
        let units = before.max(after).div_ceil(WRITE_UNIT).max(1);
        Units(match how {
            Write::Standard => units * 2,
            Write::Transactional => units * 4,
        })
    }

    /// As `ConsumedCapacity` gives them: 0.5, 1.0, …
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 2.0
    }

    /// Twice the units, exactly: what token buckets count in.
    pub fn halves(self) -> u64 {
        self.0
    }
}

impl Add for Units {
    type Output = Units;

    fn add(self, other: Units) -> Units {
        Units(self.0.saturating_add(other.0))
    }
}

impl Sum for Units {
    fn sum<I: Iterator<Item = Units>>(units: I) -> Units {
        units.fold(Units::ZERO, Add::add)
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.as_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_rounded_up_as_documented() {
        let cases = [
            (0, 0.5, 1.0, 2.0),
            (1, 0.5, 1.0, 2.0),
            (4096, 0.5, 1.0, 2.0),
            (4097, 1.0, 2.0, 4.0),
            (10 * 1024, 1.5, 3.0, 6.0),
            // 40.8 KB, 1,500 items of 64 bytes, 80 KB.
            (41_779, 5.5, 11.0, 22.0),
            (96_000, 12.0, 24.0, 48.0),
            (80 * 1024, 10.0, 20.0, 40.0),
        ];
        for (bytes, eventual, consistent, transactional) in cases {
            let read = |how| Units::read(bytes, how).as_f64();
            assert_eq!(
                (read(Read::Eventual), read(Read::Consistent), read(Read::Transactional)),
                (eventual, consistent, transactional),
                "{bytes} bytes"
            );
        }
    }

    #[test]
    fn a_write_costs_as_the_larger_item_does() {
        let cases =
            [(0, 0, 1.0), (0, 1024, 1.0), (0, 1025, 2.0), (3000, 10, 3.0), (10, 3000, 3.0), (0, 1638, 2.0)];
        for (before, after, units) in cases {
            assert_eq!(Units::write(before, after, Write::Standard).as_f64(), units, "{before} -> {after}");
            assert_eq!(
                Units::write(before, after, Write::Transactional).as_f64(),
                2.0 * units,
                "{before} -> {after}"
            );
        }
    }

    #[test]
    fn each_item_of_a_batch_is_rounded_alone() {
        let batch: Units = [500, 3584].map(|bytes| Units::write(0, bytes, Write::Standard)).into_iter().sum();
        assert_eq!(batch.as_f64(), 5.0);
        let batch: Units = [1536, 6656].map(|bytes| Units::read(bytes, Read::Consistent)).into_iter().sum();
        assert_eq!(batch.to_string(), "3.0");
    }
}
