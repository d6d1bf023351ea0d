use super::{Action, Precondition, Written};
use crate::expression::Update;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use crate::value::Item;

#[derive(Debug, Clone)]
pub struct UpdateItem {
    pub table: TableId,
    pub key: Item,
    /// `None` makes the item, with its key alone, if it is not there.
    pub update: Option<Update>,
    pub precondition: Precondition,
}

impl Tables {
    /// Changes the item, or makes it if it is not there. Answers it before and after.
    ///
    /// # Errors
    /// `NotFound`, `Refused`, `ConditionFailed`, `CollectionTooLarge`; the store fails.
    pub async fn update_item(&self, request: UpdateItem) -> Result<Written, TablesError> {
        let action = Action::Update { key: request.key, update: request.update };
        self.write_one(request.table, action, request.precondition).await
    }
}
