//! Item collections: what a table with local indexes holds under one partition key, in the table and in those indexes.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections>

use crate::key::EncodedKey;
use crate::keys;
use crate::service::TablesError;
use crate::service::known::Table;
use crate::table::IndexKind;
use crate::value::{Item, ItemRef, Path, Projection};
use kv::{Read, Transaction};

/// Bytes of one collection, at most.
pub const COLLECTION_BYTES_MAX: u64 = 10 * 1024 * 1024 * 1024;

/// One that a write changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// The partition key alone.
    pub key: Item,
    /// Exact: kept in the transactions that change it.
    pub bytes: u64,
}

impl Collection {
    pub(super) fn is_kept(table: &Table) -> bool {
        table.indexes_of(IndexKind::Local).next().is_some()
    }

    /// Counts `grown` more bytes, or fewer.
    ///
    /// # Errors
    /// `CollectionTooLarge`, where it grows beyond 10 GB; the store fails.
    pub(super) async fn grow(
        tx: &mut Transaction,
        table: &Table,
        key: &EncodedKey,
        item: ItemRef<'_>,
        grown: i64,
    ) -> Result<Collection, TablesError> {
        let place = keys::collection(table.number, &key.partition);
        let stored = tx.get(&place).await?;
        let before = stored.as_deref().and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
        let bytes = before.saturating_add_signed(grown);
        if grown > 0 && bytes > COLLECTION_BYTES_MAX {
            return Err(TablesError::CollectionTooLarge);
        }
        match bytes {
            0 => tx.delete(&place),
            _ if bytes != before => tx.put(&place, bytes.to_be_bytes().to_vec()),
            _ => {}
        }
        let partition = Path::new(table.key.partition.name.as_str(), Vec::new());
        Ok(Collection { key: Projection::of([&partition]).apply(item), bytes })
    }
}
