//! Items of tables: read and written one by one, in batches and in transactions.

mod batch_get;
mod batch_write;
pub(crate) mod change;
mod collection;
mod delete_item;
mod get_item;
mod index_item;
mod page;
pub(crate) mod place;
mod put_item;
mod query;
pub(crate) mod row;
mod scan;
mod select;
pub(super) mod token;
mod transact_get;
mod transact_write;
mod update_item;
mod write;

pub use batch_get::{TableItems, TableKeys};
pub use batch_write::{TableWrites, TableWritten};
pub use change::{Consumed, Written};
pub use collection::{COLLECTION_BYTES_MAX, Collection};
pub use delete_item::DeleteItem;
pub use get_item::{Found, GetItem};
pub(super) use index_item::{index_item, index_new};
pub use page::{Bounds, Page, Select, Selection};
pub use put_item::PutItem;
pub use query::{Programs, Query};
pub use scan::{Scan, Segment};
pub use select::{Planned, SelectItems};
pub use token::{Token, digest};
pub use transact_get::TransactFound;
pub use transact_write::{TransactAction, TransactWrite, TransactWritten};
pub use update_item::UpdateItem;
pub use write::Action;

use super::TablesError;
use crate::expression::Condition;
use crate::value::{Item, ItemRef};

/// What an item must be for a write to happen.
#[derive(Debug, Clone, Default)]
pub struct Precondition {
    pub condition: Option<Condition>,
    /// Whether a refusal tells the item that was there.
    pub tells_item: bool,
}

impl Precondition {
    /// # Errors
    /// `ConditionFailed`.
    fn check(&self, old: Option<ItemRef<'_>>) -> Result<(), TablesError> {
        let Some(condition) = &self.condition else { return Ok(()) };
        let nothing = Item::empty();
        if condition.holds(old.unwrap_or_else(|| nothing.view())) {
            return Ok(());
        }
        let item = old.filter(|_| self.tells_item).map(ItemRef::to_item);
        Err(TablesError::ConditionFailed { item })
    }
}
