use super::super::attempt::{Failure, PAYLOAD_BYTES_MAX};
use super::LogRecord;
use clock::Timestamp;

/// Records that go to the function together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub records: Vec<LogRecord>,
    /// How often the function failed on it.
    pub attempts: u32,
    /// The last time.
    pub failure: Option<Failure>,
    bytes: usize,
}

impl Batch {
    /// So many bytes of an event are for something else than records.
    pub fn beside(bytes: usize) -> Batch {
        Batch { bytes, ..Batch::default() }
    }

    /// The first record has room whatever its size.
    pub fn has_room(&self, bytes: usize, records_max: u32) -> bool {
        self.records.is_empty()
            || (self.records.len() < records_max as usize && self.bytes + bytes < PAYLOAD_BYTES_MAX)
    }

    pub fn push(&mut self, record: LogRecord) {
        // And a comma.
        self.bytes += record.event.len() + 1;
        self.records.push(record);
    }

    /// Ids and events.
    pub fn as_event(&self) -> Vec<(&str, &str)> {
        self.records.iter().map(|record| (record.id.as_str(), record.event.as_str())).collect()
    }

    /// Takes out those at the beginning that are older than so many seconds.
    pub fn take_older(&mut self, now: Timestamp, age_s: u32) -> Vec<LogRecord> {
        let is_old = |record: &LogRecord| now.since(record.at).as_secs() > u64::from(age_s);
        let count = self.records.iter().take_while(|record| is_old(record)).count();
        self.records.drain(..count).collect()
    }

    pub fn forget_first(&mut self, count: usize) {
        self.records.drain(..count.min(self.records.len()));
    }

    /// Keeps the first half and returns the second, which begins anew.
    pub fn split(&mut self) -> Batch {
        let records = self.records.split_off(self.records.len().div_ceil(2));
        let bytes = records.iter().map(|record| record.event.len() + 1).sum();
        Batch { records, attempts: self.attempts, failure: self.failure.clone(), bytes }
    }
}
