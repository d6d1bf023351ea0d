//! Provisioned throughput, and bounds of throughput on demand, kept to: a bucket of capacity for each side of a table and of each global index.
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
use crate::table::{Billing, Index, Scaling, Throughput};
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

const OF_TABLE: &str = "The level of configured provisioned throughput for the table was exceeded. Consider increasing your \
                        provisioning level with the UpdateTable API.";
const OF_INDEXES: &str = "The level of configured provisioned throughput for one or more global secondary indexes of the \
                          table was exceeded. Consider increasing your provisioning level for the under-provisioned \
                          global secondary indexes with the UpdateTable API";
const ON_DEMAND: &str = "Throughput exceeds the maximum OnDemandThroughput configured on table or index";

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
        let (of_index, of_table) = match table.billing {
            Billing::Provisioned(_) => (OF_INDEXES, OF_TABLE),
            Billing::PayPerRequest => (ON_DEMAND, ON_DEMAND),
        };
        if let Some((index, rate)) = index.and_then(|index| Some((index, of_index_rate(index, side)?))) {
            return self.has(table, index.number, rate, side, of_index);
        }
        if let Some(rate) = of_table_rate(table, side) {
            self.has(table, keys::WHOLE, rate, side, of_table)?;
        }
        if side == Side::Write {
            for index in &table.record.indexes {
                if let Some(rate) = of_index_rate(index, side) {
                    self.has(table, index.number, rate, side, of_index)?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn take(&self, table: &Table, consumed: &Consumed, side: Side) {
        if let Some(rate) = of_table_rate(table, side) {
            let local: Units = consumed.local.iter().map(|(_, units)| *units).sum();
            self.spend(table, keys::WHOLE, rate, side, consumed.table + local);
        }
        for (name, units) in &consumed.global {
            if let Some((index, _)) = table.index(name)
                && let Some(rate) = of_index_rate(index, side)
            {
                self.spend(table, index.number, rate, side, *units);
            }
        }
    }

    fn has(
        &self,
        table: &Table,
        index: u32,
        rate: u64,
        side: Side,
        text: &'static str,
    ) -> Result<(), TablesError> {
        let left = self.with(table, index, rate, side, |bucket| bucket.units);
        if left > 0.0 { Ok(()) } else { Err(TablesError::ThroughputExceeded(text)) }
    }

    fn spend(&self, table: &Table, index: u32, rate: u64, side: Side, units: Units) {
        self.with(table, index, rate, side, |bucket| bucket.units -= units.as_f64());
    }

    fn with<T>(
        &self,
        table: &Table,
        index: u32,
        rate: u64,
        side: Side,
        work: impl FnOnce(&mut Bucket) -> T,
    ) -> T {
        let rate = rate as f64;
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

/// Units a second; `None`: as many as can be.
fn of_table_rate(table: &Table, side: Side) -> Option<u64> {
    match table.billing {
        Billing::Provisioned(units) => Some(provisioned(units, side)),
        Billing::PayPerRequest => most(&table.scaling, side),
    }
}

fn of_index_rate(index: &Index, side: Side) -> Option<u64> {
    match index.throughput {
        Some(units) => Some(provisioned(units, side)),
        None => most(&index.scaling, side),
    }
}

fn provisioned(units: Throughput, side: Side) -> u64 {
    match side {
        Side::Read => units.read,
        Side::Write => units.write,
    }
}

fn most(scaling: &Scaling, side: Side) -> Option<u64> {
    match side {
        Side::Read => scaling.most.read,
        Side::Write => scaling.most.write,
    }
}
