use super::{Precondition, Written, change, place, row};
use crate::capacity::Write;
use crate::expression::Update;
use crate::service::throughput::Side;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use crate::value::{Item, ItemRef};
use kv::{Read, Transaction};

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
    /// `NotFound`, `Refused`, `ConditionFailed`; the store fails.
    pub async fn update_item(&self, request: UpdateItem) -> Result<Written, TablesError> {
        let (known, throughput) = (self.known.clone(), self.throughput.clone());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let table = known.for_items(tx, &request.table).await?;
                throughput.admit(&table, None, Side::Write)?;
                let key = table.key.of_key(request.key.view())?;
                if let Some(update) = &request.update {
                    update.refuse_keys(&table.key.names().collect::<Vec<_>>())?;
                }
                let stored = tx.get(&place::item(table.number, &key)).await?;
                let old = stored.as_deref().map(row::decode).transpose()?;
                request.precondition.check(old)?;
                let before = old.unwrap_or_else(|| request.key.view());
                let new = match &request.update {
                    Some(update) => update.apply(before)?.item,
                    None => before.to_item(),
                };
                let consumed =
                    change::change(tx, &table, &key, old, Some(new.view()), Write::Standard).await?;
                throughput.take(&table, &consumed, Side::Write);
                Ok(Written { old: old.map(ItemRef::to_item), new: Some(new), consumed })
            })
            .await
    }
}
