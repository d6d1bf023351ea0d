//! Provisioned throughput, kept to: a bucket of capacity for each side of a table and of each global index.
//!
//! Capacity that was not used is kept for five minutes, as DynamoDB does for bursts
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html>). Whoever finds
//! anything left is served, and may overdraw: what an operation takes is known when it is done. Buckets are in memory:
//! a restart fills them.

use super::TablesError;
use super::known::Table;
use crate::capacity::Units;
use crate::keys;
use crate::service::items::Consumed;
use crate::table::{Billing, Index, Throughput};
use clock::{Clock, Moment};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

const BURST_SECONDS: f64 = 300.0;
/// Buckets that are kept, at most; beyond it all are made anew, full.
const BUCKETS_MAX: usize = 65_536;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    Read,
    Write,
}

/// Table, index (0: the table itself) and side.
type Place = (u64, u32, Side);

pub(crate) struct Throughputs {
    clock: Clock,
    buckets: Mutex<HashMap<Place, Bucket>>,
}

struct Bucket {
    units: f64,
    at: Moment,
}

impl Throughputs {
    pub(crate) fn new(clock: Clock) -> Self {
        Throughputs { clock, buckets: Mutex::default() }
    }

    /// Whether an operation on the table, or by this index, may begin.
    ///
    /// # Errors
    /// `ThroughputExceeded`.
    pub(crate) fn admit(&self, table: &Table, index: Option<&Index>, side: Side) -> Result<(), TablesError> {
        let Billing::Provisioned(whole) = table.billing else { return Ok(()) };
        let (of_index, of_table) = ("one or more global secondary indexes of the table", "the table");
        let provisioned = |index: &Index| index.throughput.map(|units| (index.number, units));
        if let Some((number, units)) = index.and_then(provisioned) {
            return self.has(table, number, units, side, of_index);
        }
        self.has(table, keys::WHOLE, whole, side, of_table)?;
        if side == Side::Write {
            for (number, units) in table.record.indexes.iter().filter_map(provisioned) {
                self.has(table, number, units, side, of_index)?;
            }
        }
        Ok(())
    }

    pub(crate) fn take(&self, table: &Table, consumed: &Consumed, side: Side) {
        let Billing::Provisioned(whole) = table.billing else { return };
        let local: Units = consumed.local.iter().map(|(_, units)| *units).sum();
        self.spend(table, keys::WHOLE, whole, side, consumed.table + local);
        for (name, units) in &consumed.global {
            if let Some((index, _)) = table.index(name)
                && let Some(provisioned) = index.throughput
            {
                self.spend(table, index.number, provisioned, side, *units);
            }
        }
    }

    fn has(
        &self,
        table: &Table,
        index: u32,
        provisioned: Throughput,
        side: Side,
        what: &'static str,
    ) -> Result<(), TablesError> {
        let left = self.with(table, index, provisioned, side, |bucket| bucket.units);
        if left > 0.0 { Ok(()) } else { Err(TablesError::ThroughputExceeded(what)) }
    }

    fn spend(&self, table: &Table, index: u32, provisioned: Throughput, side: Side, units: Units) {
        self.with(table, index, provisioned, side, |bucket| bucket.units -= units.as_f64());
    }

    fn with<T>(
        &self,
        table: &Table,
        index: u32,
        provisioned: Throughput,
        side: Side,
        work: impl FnOnce(&mut Bucket) -> T,
    ) -> T {
        let rate = match side {
            Side::Read => provisioned.read,
            Side::Write => provisioned.write,
        } as f64;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX {
            buckets.clear();
        }
        let full = || Bucket { units: rate * BURST_SECONDS, at: self.clock.moment() };
        let bucket = buckets.entry((table.number, index, side)).or_insert_with(full);
        let passed = self.clock.since(bucket.at).as_secs_f64();
        bucket.units = (bucket.units + passed * rate).min(rate * BURST_SECONDS);
        bucket.at = self.clock.moment();
        work(bucket)
    }
}
