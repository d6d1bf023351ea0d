use super::{Consumed, place, row};
use crate::capacity::{Read, Units};
use crate::service::throughput::Side;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use crate::value::{Item, ItemRef, Projection};
use kv::{Read as _, Snapshot};

#[derive(Debug, Clone)]
pub struct GetItem {
    pub table: TableId,
    pub key: Item,
    /// What of it; `None`: all.
    pub projection: Option<Projection>,
    /// Changes what is taken, nothing else: every read sees all that was acknowledged.
    pub consistent: bool,
}

#[derive(Debug, Clone)]
pub struct Found {
    pub item: Option<Item>,
    pub consumed: Consumed,
}

impl Tables {
    /// # Errors
    /// `NotFound`, `Refused`; the store fails.
    pub async fn get_item(&self, request: GetItem) -> Result<Found, TablesError> {
        let (known, throughput) = (self.known.clone(), self.throughput.clone());
        self.kv
            .read_few(async move |snapshot: &Snapshot| {
                let table = known.for_items(snapshot, &request.table).await?;
                throughput.admit(&table, None, Side::Read)?;
                let key = table.key.of_key(request.key.view())?;
                let stored = snapshot.get(&place::item(table.number, &key)).await?;
                let item = stored.as_deref().map(row::decode).transpose()?;
                let how = if request.consistent { Read::Consistent } else { Read::Eventual };
                let units = Units::read(item.map_or(0, |item| item.size().into()), how);
                let selected = |item: ItemRef<'_>| match &request.projection {
                    Some(projection) => projection.apply(item),
                    None => item.to_item(),
                };
                let consumed = Consumed::of_table(units);
                throughput.take(&table, &consumed, Side::Read);
                Ok(Found { item: item.map(selected), consumed })
            })
            .await
    }
}
