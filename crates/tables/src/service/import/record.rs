use crate::service::transfer::{Failure, TransferRecord};
use crate::table::TableRecord;
use clock::Timestamp;
use serde::{Deserialize, Serialize};

/// An import as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// As the table was made.
    pub table: TableRecord,
    pub plan: ImportPlan,
    pub token: Option<String>,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub progress: ImportProgress,
    pub failure: Option<Failure>,
}

/// What is read, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPlan {
    pub bucket: String,
    /// As it was given.
    pub bucket_owner: Option<String>,
    /// Of the objects' keys, as it was given.
    pub prefix: Option<String>,
    pub format: InputFormat,
    /// `None`: nothing was said, and nothing is compressed.
    pub compression: Option<Compression>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputFormat {
    Json,
    Ion,
    Csv {
        /// `None`: a comma.
        delimiter: Option<char>,
        /// `None`: each object's first line.
        header: Option<Vec<String>>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

/// How far an import is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportProgress {
    /// The key of the object that is being read, or was read last.
    pub object: Option<String>,
    /// Lines of it that are done, headers among them.
    pub lines: u64,
    /// It was read to its end.
    pub is_read: bool,
    /// Lines that were to be items.
    pub processed: u64,
    pub imported: u64,
    /// Bytes of lines, decompressed.
    pub bytes: u64,
}

impl ImportProgress {
    /// Lines that did not become an item.
    pub fn errors(&self) -> u64 {
        self.processed.saturating_sub(self.imported)
    }
}

impl kv::Record for ImportRecord {
    const KIND: &'static str = "import of a table";
    const VERSION: u8 = 1;
}

impl TransferRecord for ImportRecord {
    fn ended(&self) -> Option<Timestamp> {
        self.ended
    }
}
