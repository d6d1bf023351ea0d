//! Tables as they are declared: keys, indexes, projections, billing; checked before anything is made.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html>

mod check;

#[cfg(test)]
mod tests;

use crate::key::{KeyKind, KeySchema};

/// Secondary indexes of a table, at most.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-secondary-indexes>
pub const GLOBAL_INDEXES_MAX: usize = 20;
pub const LOCAL_INDEXES_MAX: usize = 5;
/// Attributes that all indexes of a table name in `NonKeyAttributes`, together.
pub const PROJECTED_MAX: usize = 100;
/// Bytes of a key attribute's name, or of one that an index projects.
pub const KEY_NAME_LEN_MAX: usize = 255;

/// A declaration as it comes in: nothing of it is checked yet.
#[derive(Debug, Clone, Default)]
pub struct Declaration {
    pub name: String,
    pub attributes: Vec<(String, KeyKind)>,
    pub key: Vec<KeyElement>,
    pub global: Vec<DeclaredIndex>,
    pub local: Vec<DeclaredIndex>,
    pub billing: Billing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyElement {
    pub attribute: String,
    pub part: KeyPart,
}

/// `KeyType`: HASH and RANGE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPart {
    Partition,
    Sort,
}

#[derive(Debug, Clone)]
pub struct DeclaredIndex {
    pub name: String,
    pub key: Vec<KeyElement>,
    pub projection: IndexProjection,
    pub throughput: Option<Throughput>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IndexProjection {
    #[default]
    All,
    KeysOnly,
    /// `INCLUDE` and its `NonKeyAttributes`.
    Include(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing {
    OnDemand,
    /// Units that were given, if any: they have to be.
    Provisioned(Option<Throughput>),
}

impl Default for Billing {
    fn default() -> Self {
        Billing::Provisioned(None)
    }
}

/// Capacity units a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throughput {
    pub read: u64,
    pub write: u64,
}

/// A declaration that holds together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    pub key: KeySchema,
    pub indexes: Vec<IndexSchema>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSchema {
    pub name: String,
    pub key: KeySchema,
    pub is_global: bool,
    pub projection: IndexProjection,
}
