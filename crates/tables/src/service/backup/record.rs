use crate::service::Count;
use crate::table::TableRecord;
use clock::Timestamp;
use serde::{Deserialize, Serialize};

/// A backup as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupRecord {
    /// Of its rows' keys, which are like a table's.
    pub number: u64,
    /// As its maker called it; others may be called the same.
    pub name: String,
    pub created: Timestamp,
    /// When all of it was there.
    pub finished: Option<Timestamp>,
    /// As the table was.
    pub table: TableRecord,
    pub items: u64,
    /// By DynamoDB's rules.
    pub bytes: u64,
}

impl kv::Record for BackupRecord {
    const KIND: &'static str = "backup of a table";
    const VERSION: u8 = 1;
}

impl BackupRecord {
    pub fn count(&self) -> Count {
        Count { items: self.items, bytes: self.bytes }
    }
}
