use super::TablesError;
use crate::Corrupt;
use crate::key::KeySchema;
use crate::keys;
use crate::table::{TableId, TableRecord, key_schema};
use bytes::Bytes;
use clock::Clock;
use kv::Read;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

/// Tables whose parsed records are kept, at most; beyond it all are forgotten.
const KNOWN_MAX: usize = 4096;

/// Records of tables, parsed. What is kept is only ever used where the stored bytes are still the same ones, so
/// that nobody sees a table as it was.
pub(crate) struct Known {
    clock: Clock,
    tables: RwLock<HashMap<TableId, Entry>>,
}

#[derive(Clone)]
struct Entry {
    stored: Bytes,
    table: Arc<Table>,
}

/// A record with its key schemas made ready.
#[derive(Debug)]
pub(crate) struct Table {
    pub record: TableRecord,
    /// For what changes note of themselves.
    pub clock: Clock,
    pub key: KeySchema,
    /// In the order of the record's indexes.
    pub index_keys: Vec<KeySchema>,
}

impl Table {
    pub(crate) fn new(record: TableRecord, clock: Clock) -> Result<Table, Corrupt> {
        let key = key_schema(&record.key, &record.attributes).ok_or(Corrupt)?;
        let of_index =
            |index: &crate::table::Index| key_schema(&index.key, &record.attributes).ok_or(Corrupt);
        let index_keys = record.indexes.iter().map(of_index).collect::<Result<_, _>>()?;
        Ok(Table { record, clock, key, index_keys })
    }

    /// The index of that name, with its key.
    pub fn index(&self, name: &str) -> Option<(&crate::table::Index, &KeySchema)> {
        self.indexes().find(|(index, _)| index.name == name)
    }

    pub fn indexes(&self) -> impl Iterator<Item = (&crate::table::Index, &KeySchema)> {
        self.record.indexes.iter().zip(&self.index_keys)
    }
}

impl Deref for Table {
    type Target = TableRecord;

    fn deref(&self) -> &TableRecord {
        &self.record
    }
}

impl Known {
    pub(crate) fn new(clock: Clock) -> Self {
        Known { clock, tables: RwLock::default() }
    }

    /// The table as `from` sees it.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn find(
        &self,
        from: &impl Read,
        id: &TableId,
    ) -> Result<Option<Arc<Table>>, TablesError> {
        let Some(stored) = from.get(&keys::table(id)).await? else { return Ok(None) };
        let known = self.tables.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some(entry) = known.filter(|entry| entry.stored == stored) {
            return Ok(Some(entry.table));
        }
        let record = kv::record::decode::<TableRecord>(&stored)?;
        let table = Arc::new(Table::new(record, self.clock.clone())?);
        let mut all = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KNOWN_MAX {
            all.clear();
        }
        all.insert(id.clone(), Entry { stored, table: table.clone() });
        Ok(Some(table))
    }

    /// For operations on the table itself.
    ///
    /// # Errors
    /// `NoSuchTable`; the store fails.
    pub(crate) async fn table(&self, from: &impl Read, id: &TableId) -> Result<Arc<Table>, TablesError> {
        self.find(from, id).await?.ok_or_else(|| TablesError::NoSuchTable(id.name.to_string()))
    }

    /// For operations on items.
    ///
    /// # Errors
    /// `NotFound`; the store fails.
    pub(crate) async fn for_items(&self, from: &impl Read, id: &TableId) -> Result<Arc<Table>, TablesError> {
        self.find(from, id).await?.filter(|table| !table.record.is_creating).ok_or(TablesError::NotFound)
    }
}
