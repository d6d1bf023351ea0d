use crate::ledger::{self, Resolution, UsageRecord};
use crate::{Meters, Series, Tally};
use clock::Timestamp;
use kv::{KvError, Read, Snapshot};
use names::KeyRange;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one series used on one day, or on the part of it that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRow {
    #[serde(flatten)]
    pub series: Series,
    /// Seconds since 1970 of the day's beginning (UTC).
    pub day: u64,
    pub tally: Tally,
}

/// Rows that one answer has at most.
const ROWS_MAX: usize = 200_000;

#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    #[error("the period ends before it begins")]
    Empty,
    #[error("a period begins and ends with a whole minute, UTC")]
    Uneven,
    /// What begins so early was kept by longer times only.
    #[error("the period begins before {oldest}: by the {unit} figures are kept no longer")]
    TooOld { oldest: Timestamp, unit: &'static str },
    #[error("more than {ROWS_MAX} rows; ask for a shorter period")]
    TooMany,
    #[error(transparent)]
    Store(#[from] KvError),
}

impl Meters {
    /// What every series used in `from <= time < to`, by days, up to the last flush.
    ///
    /// # Errors
    /// The period is none that is kept: days are kept 400 days, hours 40 days, minutes 36 hours, and a period
    /// is summed from the longest of them that it begins and ends with.
    pub async fn usage(&self, from: Timestamp, to: Timestamp) -> Result<Vec<UsageRow>, UsageError> {
        let seconds = |at: Timestamp| u64::try_from(at.as_seconds()).unwrap_or(0);
        let (from, to, now) = (seconds(from), seconds(to), seconds(self.clock.now()));
        if to <= from {
            return Err(UsageError::Empty);
        }
        let fits = |resolution: &Resolution| {
            let length = resolution.seconds();
            // What has not come yet cannot be cut.
            from % length == 0 && (to % length == 0 || to > now)
        };
        let resolution = Resolution::ALL.into_iter().rev().find(fits).ok_or(UsageError::Uneven)?;
        let oldest = now.saturating_sub(resolution.kept_seconds()).next_multiple_of(resolution.seconds());
        if from < oldest {
            let unit = match resolution {
                Resolution::Minute => "minute",
                Resolution::Hour => "hour",
                Resolution::Day => "day",
            };
            let oldest = Timestamp::from_seconds(i64::try_from(oldest).unwrap_or(i64::MAX));
            return Err(UsageError::TooOld { oldest, unit });
        }
        self.kv.read(async move |snapshot: &Snapshot| read(snapshot, resolution, from, to).await).await
    }
}

/// Goes from series to series, and reads of each only what lies in the period.
async fn read(
    snapshot: &Snapshot,
    resolution: Resolution,
    from: u64,
    to: u64,
) -> Result<Vec<UsageRow>, UsageError> {
    /// Of the longest period at the finest resolution: 40 days of hours, 36 hours of minutes.
    const OF_SERIES_MAX: usize = 3000;
    let mut rows = Vec::new();
    let mut rest = ledger::of_resolution(resolution).range();
    while let Some((key, _)) = snapshot.range(&rest, 1).await?.into_iter().next() {
        let (series, _) = ledger::read_key(&key)?;
        let of_series = ledger::of_series(resolution, &series);
        rest.start = of_series.range().end;
        let period = KeyRange {
            start: of_series.clone().number(from).into_bytes(),
            end: of_series.number(to).into_bytes(),
        };
        let mut days: BTreeMap<u64, Tally> = BTreeMap::new();
        for (key, value) in snapshot.range(&period, OF_SERIES_MAX).await? {
            let (_, start) = ledger::read_key(&key)?;
            let record: UsageRecord = kv::record::decode(&value)?;
            days.entry(start / 86_400 * 86_400).or_default().merge(&record.tally);
        }
        rows.extend(days.into_iter().map(|(day, tally)| UsageRow { series: series.clone(), day, tally }));
        if rows.len() > ROWS_MAX {
            return Err(UsageError::TooMany);
        }
    }
    Ok(rows)
}
