use crate::service::transfer::{Asker, TransferRecord};
use crate::table::KeyElement;
use clock::Timestamp;
use serde::{Deserialize, Serialize};

/// An export as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportRecord {
    /// Of its rows' keys.
    pub number: u64,
    pub table_id: String,
    pub key: Vec<KeyElement>,
    pub scope: Scope,
    pub format: LineFormat,
    pub bucket: String,
    /// As it was given.
    pub bucket_owner: Option<String>,
    pub prefix: Option<String>,
    /// As it was given.
    pub encryption: Option<String>,
    pub token: Option<String>,
    pub asker: Asker,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub state: ExportState,
    /// Files that were written.
    pub files: u64,
    /// The place of the last row that is in one of them.
    pub after: Option<Vec<u8>>,
    /// In the files.
    pub items: u64,
    /// Of those items, by DynamoDB's rules.
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// All items, as they were then.
    All { at: Timestamp },
    /// What changed from the one moment until before the other.
    Changes { from: Timestamp, to: Timestamp, view: View },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum View {
    New,
    NewAndOld,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineFormat {
    Json,
    Ion,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportState {
    /// Its rows are on their way to a place of their own.
    Copying,
    /// Its rows are on their way into files.
    Writing,
    /// All are in files; what tells of the files is on its way.
    Telling,
    Completed {
        /// The key of the object that tells of the whole.
        manifest: String,
    },
    Failed(crate::service::transfer::Failure),
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportFile {
    /// The object's.
    pub key: String,
    pub items: u64,
    /// Of the object: 16 bytes in hexadecimal.
    pub etag: String,
}

impl kv::Record for ExportRecord {
    const KIND: &'static str = "export of a table";
    const VERSION: u8 = 1;
}

impl kv::Record for ExportFile {
    const KIND: &'static str = "file of an export";
    const VERSION: u8 = 1;
}

impl TransferRecord for ExportRecord {
    fn ended(&self) -> Option<Timestamp> {
        self.ended
    }
}
