use super::{Consumed, GetItem, place, row, transact_write};
use crate::capacity::{Read as How, Units};
use crate::service::error::Reason;
use crate::service::throughput::Side;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use crate::value::{Item, ItemRef};
use kv::{Read, Snapshot};

/// What a transaction found or did.
#[derive(Debug, Clone, Default)]
pub struct TransactFound {
    /// One for each that was asked for.
    pub items: Vec<Option<Item>>,
    /// By table, in the order in which they first came.
    pub consumed: Vec<(TableId, Consumed)>,
}

impl Tables {
    /// Items of several tables, all as they are at one moment. [`GetItem::consistent`] says nothing here.
    ///
    /// # Errors
    /// `NotFound`; `Cancelled` with a reason for each; `Refused`: more than 4 MB; the store fails.
    pub async fn transact_get(&self, request: Vec<GetItem>) -> Result<TransactFound, TablesError> {
        let (known, throughput) = (self.known.clone(), self.throughput.clone());
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let (mut found, mut reasons, mut bytes) = (TransactFound::default(), Vec::new(), 0);
                for GetItem { table: id, key, projection, .. } in &request {
                    let table = known.for_items(snapshot, id).await?;
                    let admitted = throughput.admit(&table, None, Side::Read);
                    let key = match admitted.and_then(|()| Ok(table.key.of_key(key.view())?)) {
                        Ok(key) => key,
                        Err(error) => {
                            reasons.push(Reason::of(error)?);
                            continue;
                        }
                    };
                    let stored = snapshot.get(&place::item(table.number, &key)).await?;
                    let item = stored.as_deref().map(row::decode).transpose()?;
                    let size = item.map_or(0, |item| u64::from(item.size()));
                    bytes += size;
                    let consumed = Consumed::of_table(Units::read(size, How::Transactional));
                    throughput.take(&table, &consumed, Side::Read);
                    transact_write::add(&mut found.consumed, id, &consumed);
                    let selected = |item: ItemRef<'_>| match projection {
                        Some(projection) => projection.apply(item),
                        None => item.to_item(),
                    };
                    found.items.push(item.map(selected));
                    reasons.push(Reason::None);
                }
                if reasons.iter().any(|reason| *reason != Reason::None) {
                    return Err(TablesError::Cancelled(reasons));
                }
                transact_write::check_size(bytes)?;
                Ok(found)
            })
            .await
    }
}
