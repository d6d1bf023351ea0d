//! What may be changed of a table.

use super::TableId;
use super::record::{Billing, TableClass, Throughput};
use super::schema::{AttributeDefinition, CreateIndex};
use super::stream::StreamView;

/// `None` and empty leave what is there.
#[derive(Debug, Clone)]
pub struct UpdateTable {
    pub table: TableId,
    /// Those of a new index's key must be among them or defined already.
    pub attributes: Vec<AttributeDefinition>,
    pub billing: Option<Billing>,
    pub capacity: ChangeCapacity,
    pub indexes: Vec<IndexChange>,
    pub deletion_protection: Option<bool>,
    pub class: Option<TableClass>,
    /// A stream that is to begin, or, by `Some(None)`, the end of the one there is.
    pub stream: Option<Option<StreamView>>,
}

/// Of capacity, what is not provisioned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChangeCapacity {
    pub most_read: Option<Bound>,
    pub most_write: Option<Bound>,
    pub warm: Option<Throughput>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    At(u64),
    Lifted,
}

/// Of one global index.
#[derive(Debug, Clone)]
pub enum IndexChange {
    Create { index: CreateIndex, capacity: ChangeCapacity },
    Update { name: String, throughput: Option<Throughput>, capacity: ChangeCapacity },
    Delete { name: String },
}

impl UpdateTable {
    /// Whether it changes anything at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.billing.is_none()
            && self.capacity == ChangeCapacity::default()
            && self.indexes.is_empty()
            && self.deletion_protection.is_none()
            && self.class.is_none()
            && self.stream.is_none()
    }
}
