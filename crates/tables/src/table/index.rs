use super::record::Throughput;
use super::scaling::Scaling;
use super::schema::KeyElement;
use serde::{Deserialize, Serialize};

/// A secondary index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub name: String,
    /// Of its entries' keys; never used again within the table.
    pub number: u32,
    pub kind: IndexKind,
    pub key: Vec<KeyElement>,
    pub projected: Projected,
    pub status: IndexStatus,
    /// Of a global index of a table with provisioned throughput.
    pub throughput: Option<Throughput>,
    #[serde(default, skip_serializing_if = "Scaling::is_untouched")]
    pub scaling: Scaling,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexKind {
    Local,
    Global,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexStatus {
    /// Kept up to date, and being filled with what was there before it; not to be read yet.
    Creating,
    Active,
    /// Not there any more, and being emptied: only ever told to who deleted it.
    Deleting,
}

/// What an index holds beside both keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Projected {
    All,
    KeysOnly,
    Include(Vec<String>),
}

impl Index {
    /// Whether writes must keep it.
    pub fn is_kept(&self) -> bool {
        self.status != IndexStatus::Deleting
    }
}
