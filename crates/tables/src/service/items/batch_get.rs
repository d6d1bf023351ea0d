use super::{Consumed, place, row};
use crate::Refusal;
use crate::capacity::{Read as How, Units};
use crate::service::throughput::Side;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use crate::value::{Item, ItemRef, Projection};
use kv::{Read, Snapshot};
use std::collections::HashSet;

/// Bytes of items that one batch answers.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>
const BATCH_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Items that are asked of one table.
#[derive(Debug, Clone)]
pub struct TableKeys {
    pub table: TableId,
    pub keys: Vec<Item>,
    /// What of them; `None`: all.
    pub projection: Option<Projection>,
    /// Changes what is taken, nothing else.
    pub consistent: bool,
}

/// What was found of [`TableKeys`].
#[derive(Debug, Clone, Default)]
pub struct TableItems {
    /// In the order of their keys, without those that are not there.
    pub items: Vec<Item>,
    /// Places in [`TableKeys::keys`] of what was not looked for.
    pub unprocessed: Vec<usize>,
    pub consumed: Consumed,
}

impl Tables {
    /// Items of several tables, all as they are at one moment. Ends at 16 MB, and at what the tables' throughput allows.
    ///
    /// # Errors
    /// `NotFound`, `Refused`; `ThroughputExceeded`, where nothing could be read at all; the store fails.
    pub async fn batch_get(&self, request: Vec<TableKeys>) -> Result<Vec<TableItems>, TablesError> {
        let (known, throughput) = (self.known.clone(), self.throughput.clone());
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let mut wanted = Vec::with_capacity(request.len());
                let mut seen = HashSet::new();
                for TableKeys { table, keys, .. } in &request {
                    let table = known.for_items(snapshot, table).await?;
                    let encoded: Vec<_> =
                        keys.iter().map(|key| table.key.of_key(key.view())).collect::<Result<_, _>>()?;
                    if !encoded.iter().all(|key| seen.insert((table.number, key.clone()))) {
                        return Err(duplicates().into());
                    }
                    wanted.push((table, encoded));
                }
                let (mut bytes, mut exceeded) = (0, None);
                let mut all = Vec::with_capacity(request.len());
                for (TableKeys { projection, consistent, .. }, (table, keys)) in request.iter().zip(&wanted) {
                    let mut found = TableItems::default();
                    let how = if *consistent { How::Consistent } else { How::Eventual };
                    for (at, key) in keys.iter().enumerate() {
                        if bytes >= BATCH_BYTES_MAX {
                            found.unprocessed.push(at);
                            continue;
                        }
                        if let Err(error) = throughput.admit(table, None, Side::Read) {
                            exceeded = Some(error);
                            found.unprocessed.push(at);
                            continue;
                        }
                        let stored = snapshot.get(&place::item(table.number, key)).await?;
                        let item = stored.as_deref().map(row::decode).transpose()?;
                        let size = item.map_or(0, |item| u64::from(item.size()));
                        if size > 0 && bytes + size > BATCH_BYTES_MAX {
                            bytes = BATCH_BYTES_MAX;
                            found.unprocessed.push(at);
                            continue;
                        }
                        bytes += size;
                        let consumed = Consumed::of_table(Units::read(size, how));
                        throughput.take(table, &consumed, Side::Read);
                        found.consumed.add(&consumed);
                        let selected = |item: ItemRef<'_>| match projection {
                            Some(projection) => projection.apply(item),
                            None => item.to_item(),
                        };
                        found.items.extend(item.map(selected));
                    }
                    all.push(found);
                }
                let nothing =
                    request.iter().zip(&all).all(|(one, found)| found.unprocessed.len() == one.keys.len());
                match exceeded {
                    Some(error) if nothing => Err(error),
                    _ => Ok(all),
                }
            })
            .await
    }
}

pub(super) fn duplicates() -> Refusal {
    Refusal::validation("Provided list of item keys contains duplicates")
}
