use super::backup::Restored;
use super::history::History;
use super::index::{Index, IndexKind};
use super::scaling::Scaling;
use super::schema::{AttributeDefinition, KeyElement};
use super::stream::TableStream;
use super::time_to_live::TimeToLive;
use clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A table as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRecord {
    /// Of its items' keys; never used again.
    pub number: u64,
    /// A UUID: tells the table from one of the same name before it.
    pub id: String,
    pub created: Timestamp,
    pub attributes: Vec<AttributeDefinition>,
    pub key: Vec<KeyElement>,
    pub indexes: Vec<Index>,
    pub billing: Billing,
    pub deletion_protection: bool,
    pub tags: BTreeMap<String, String>,
    /// What the next index is numbered.
    pub next_index: u32,
    #[serde(default, skip_serializing_if = "TableClass::is_standard")]
    pub class: TableClass,
    /// When the class was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_changed: Option<Timestamp>,
    /// When the table was last made one that is billed per request, if that was after it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_request_since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Scaling::is_untouched")]
    pub scaling: Scaling,
    /// The latest one, which may have ended.
    #[serde(default)]
    pub stream: Option<TableStream>,
    /// `None`: items never expire.
    #[serde(default)]
    pub time_to_live: Option<TimeToLive>,
    /// `None`: nobody may ask what was.
    #[serde(default)]
    pub history: Option<History>,
    /// Where its items came from.
    #[serde(default)]
    pub restored: Option<Restored>,
    /// Its items are still on their way: nobody reads or writes it yet.
    #[serde(default)]
    pub is_creating: bool,
}

/// What AWS bills a table as; it changes nothing that a client could see but itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableClass {
    #[default]
    Standard,
    InfrequentAccess,
}

impl TableClass {
    fn is_standard(&self) -> bool {
        *self == TableClass::Standard
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Billing {
    PayPerRequest,
    Provisioned(Throughput),
}

/// Capacity units per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throughput {
    pub read: u64,
    pub write: u64,
}

impl kv::Record for TableRecord {
    const KIND: &'static str = "table";
    const VERSION: u8 = 1;
}

impl TableRecord {
    pub fn index(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|index| index.name == name)
    }

    pub fn indexes_of(&self, kind: IndexKind) -> impl Iterator<Item = &Index> {
        self.indexes.iter().filter(move |index| index.kind == kind)
    }
}
