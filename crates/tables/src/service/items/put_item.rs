use super::{Action, Precondition, Written};
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use crate::value::Item;

#[derive(Debug, Clone)]
pub struct PutItem {
    pub table: TableId,
    pub item: Item,
    pub precondition: Precondition,
}

impl Tables {
    /// Puts the item in the place of the one with its key.
    ///
    /// # Errors
    /// `NotFound`, `Refused`, `ConditionFailed`, `CollectionTooLarge`; the store fails.
    pub async fn put_item(&self, request: PutItem) -> Result<Written, TablesError> {
        self.write_one(request.table, Action::Put(request.item), request.precondition).await
    }
}
