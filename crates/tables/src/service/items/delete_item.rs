use super::{Action, Precondition, Written};
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use crate::value::Item;

#[derive(Debug, Clone)]
pub struct DeleteItem {
    pub table: TableId,
    pub key: Item,
    pub precondition: Precondition,
}

impl Tables {
    /// Deleting what is not there is no error.
    ///
    /// # Errors
    /// `NotFound`, `Refused`, `ConditionFailed`; the store fails.
    pub async fn delete_item(&self, request: DeleteItem) -> Result<Written, TablesError> {
        self.write_one(request.table, Action::Delete(request.key), request.precondition).await
    }
}
