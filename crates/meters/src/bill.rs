use crate::{PriceBook, UsageRow};
use clock::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// What the lines of a bill are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    Function,
    Account,
    Day,
}

#[derive(Debug, Clone, Serialize)]
pub struct Bill {
    pub books: Vec<PriceBook>,
    /// Whether monthly free amounts were taken off.
    pub with_free: bool,
    pub rows: Vec<BillRow>,
    pub total: BillRow,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BillRow {
    /// `account region function`, an account, or a day.
    pub of: String,
    pub invocations: u64,
    pub errors: u64,
    pub throttles: u64,
    pub cold_starts: u64,
    /// Configured memory times billed milliseconds.
    pub gb_seconds: f64,
    pub cpu_seconds: f64,
    pub request_bytes: u64,
    pub response_bytes: u64,
    /// In the order of the books.
    pub costs: Vec<f64>,
}

impl Bill {
    /// Prices rows of usage. Free amounts and tiers are of a calendar month (UTC) and an account, as far as
    /// the month lies in the rows; each row has the part of its month's cost that it has of its amount.
    pub fn of(rows: &[UsageRow], books: &[PriceBook], by: GroupBy, with_free: bool) -> Bill {
        let zero = BillRow { costs: vec![0.0; books.len()], ..BillRow::default() };
        let mut groups: BTreeMap<String, BillRow> = BTreeMap::new();
        let mut total = BillRow { of: "total".to_owned(), ..zero.clone() };
        let costs: Vec<Vec<f64>> = books.iter().map(|book| costs(rows, book, with_free)).collect();
        for (index, row) in rows.iter().enumerate() {
            let of = name(row, by);
            let group = groups.entry(of.clone()).or_insert_with(|| BillRow { of, ..zero.clone() });
            for line in [group, &mut total] {
                line.add(row);
                for (sum, costs) in line.costs.iter_mut().zip(&costs) {
                    *sum += costs.get(index).copied().unwrap_or(0.0);
                }
            }
        }
        Bill { books: books.to_vec(), with_free, rows: groups.into_values().collect(), total }
    }
}

impl BillRow {
    fn add(&mut self, row: &UsageRow) {
        let tally = &row.tally;
        self.invocations += tally.invocations;
        self.errors += tally.errors;
        self.throttles += tally.throttles;
        self.cold_starts += tally.cold_starts;
        self.gb_seconds += tally.billed_ms as f64 / 1000.0 * f64::from(row.series.memory_mb) / 1024.0;
        self.cpu_seconds += tally.cpu_us as f64 / 1e6;
        self.request_bytes += tally.request_bytes;
        self.response_bytes += tally.response_bytes;
    }
}

/// Of each row.
fn costs(rows: &[UsageRow], book: &PriceBook, with_free: bool) -> Vec<f64> {
    let measured: Vec<Vec<f64>> = rows.iter().map(|row| book.measure(row)).collect();
    let mut months: BTreeMap<(&str, String), Vec<f64>> = BTreeMap::new();
    for (row, amounts) in rows.iter().zip(&measured) {
        let sums = months.entry(month(row)).or_insert_with(|| vec![0.0; amounts.len()]);
        for (sum, amount) in sums.iter_mut().zip(amounts) {
            *sum += amount;
        }
    }
    let of_row = rows.iter().zip(&measured).map(|(row, amounts)| {
        let sums = months.get(&month(row)).map(Vec::as_slice).unwrap_or_default();
        let parts = book.meters.iter().zip(amounts).zip(sums);
        parts
            .map(
                |((meter, amount), sum)| {
                    if *sum > 0.0 { meter.cost(*sum, with_free) * amount / sum } else { 0.0 }
                },
            )
            .sum()
    });
    of_row.collect()
}

fn month(row: &UsageRow) -> (&str, String) {
    let mut month = day(row);
    month.truncate("2026-11".len());
    (row.series.account.as_str(), month)
}

fn day(row: &UsageRow) -> String {
    let mut day = Timestamp::from_seconds(i64::try_from(row.day).unwrap_or(i64::MAX)).to_iso8601();
    day.truncate("2026-11-21".len());
    day
}

fn name(row: &UsageRow, by: GroupBy) -> String {
    let series = &row.series;
    match by {
        GroupBy::Function => format!("{} {} {}", series.account, series.region, series.function),
        GroupBy::Account => series.account.to_string(),
        GroupBy::Day => day(row),
    }
}

#[cfg(test)]
mod tests;
