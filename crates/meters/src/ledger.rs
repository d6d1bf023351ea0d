//! ```text
//! Usage  resolution, account, region, function, version, memory MB, start s   UsageRecord
//! ```

use crate::live::Counted;
use crate::{Series, Tally};
use kv::{Kv, KvError, Record, Transaction};
use names::key::KeyParts;
use names::{AccountId, FunctionName, Key, Keyspace, NameError, Region};
use serde::{Deserialize, Serialize};

/// Function minutes that are put into the store in one transaction.
pub(crate) const BATCH: usize = 256;

/// How long the time is that one record sums over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    Minute,
    Hour,
    Day,
}

impl Resolution {
    pub const ALL: [Resolution; 3] = [Resolution::Minute, Resolution::Hour, Resolution::Day];

    pub fn seconds(self) -> u64 {
        match self {
            Resolution::Minute => 60,
            Resolution::Hour => 3600,
            Resolution::Day => 86_400,
        }
    }

    /// How long records are kept: 36 hours, 40 days, 400 days.
    pub fn kept_seconds(self) -> u64 {
        match self {
            Resolution::Minute => 36 * 3600,
            Resolution::Hour => 40 * 86_400,
            Resolution::Day => 400 * 86_400,
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct UsageRecord {
    pub tally: Tally,
}

impl Record for UsageRecord {
    const KIND: &'static str = "usage of a function";
    const VERSION: u8 = 1;
}

/// Adds what was counted to its minute, its hour and its day, together or not at all.
pub(crate) async fn add(kv: &Kv, counted: Vec<Counted>) -> Result<(), KvError> {
    kv.transact(async move |tx: &mut Transaction| {
        for (series, minute, tally) in &counted {
            for resolution in Resolution::ALL {
                let start = minute / resolution.seconds() * resolution.seconds();
                let key = of_series(resolution, series).number(start);
                let mut record: UsageRecord = match kv::get_record(tx, &key).await {
                    Ok(record) => record.unwrap_or_default(),
                    Err(error) if error.is_unreadable() => {
                        tracing::error!(%error, "a record of usage was set aside");
                        let at = clock::Timestamp::from_seconds(i64::try_from(*minute).unwrap_or(0));
                        kv::set_aside(tx, &key, UsageRecord::KIND, &error.to_string(), at).await?;
                        UsageRecord::default()
                    }
                    Err(error) => return Err(error),
                };
                record.tally.merge(tally);
                kv::put_record(tx, &key, &record);
            }
        }
        Ok(())
    })
    .await
}

pub(crate) fn of_resolution(resolution: Resolution) -> Key {
    Key::new(Keyspace::Usage).number(resolution.seconds())
}

pub(crate) fn of_series(resolution: Resolution, series: &Series) -> Key {
    of_resolution(resolution)
        .text(series.account.as_str())
        .text(series.region.as_str())
        .text(series.function.as_str())
        .text(&series.version)
        .number(series.memory_mb.into())
}

/// The series of a key, and its start.
pub(crate) fn read_key(key: &[u8]) -> Result<(Series, u64), KvError> {
    let read = || {
        let mut parts = KeyParts::of(Keyspace::Usage, key)?;
        parts.number()?;
        let series = Series {
            account: AccountId::parse(&parts.text()?)?,
            region: Region::parse(&parts.text()?)?,
            function: FunctionName::parse(&parts.text()?)?,
            version: parts.text()?,
            memory_mb: u32::try_from(parts.number()?).unwrap_or(u32::MAX),
        };
        Ok((series, parts.number()?))
    };
    read().map_err(|error: NameError| KvError::Corrupt { kind: "key of usage", reason: error.0 })
}
