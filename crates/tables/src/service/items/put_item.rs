use super::{Precondition, Written, change, place, row};
use crate::capacity::Write;
use crate::service::throughput::Side;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use crate::value::{Item, ItemRef};
use kv::{Read, Transaction};

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
    /// `NotFound`, `Refused`, `ConditionFailed`; the store fails.
    pub async fn put_item(&self, request: PutItem) -> Result<Written, TablesError> {
        let (known, throughput) = (self.known.clone(), self.throughput.clone());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let table = known.for_items(tx, &request.table).await?;
                throughput.admit(&table, None, Side::Write)?;
                let key = table.key.of_item(request.item.view())?;
                let stored = tx.get(&place::item(table.number, &key)).await?;
                let old = stored.as_deref().map(row::decode).transpose()?;
                request.precondition.check(old)?;
                let new = request.item.view();
                let consumed = change::change(tx, &table, &key, old, Some(new), Write::Standard).await?;
                throughput.take(&table, &consumed, Side::Write);
                Ok(Written { old: old.map(ItemRef::to_item), new: None, consumed })
            })
            .await
    }
}
