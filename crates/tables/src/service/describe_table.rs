use super::{Count, Tables, TablesError};
use crate::key::KeySchema;
use crate::keys;
use crate::table::{Index, TableId, TableRecord};
use kv::{KvError, Read, Snapshot};

/// A table as it is told.
#[derive(Debug, Clone)]
pub struct TableInfo {
    pub id: TableId,
    pub record: TableRecord,
    pub count: Count,
    /// Of each index, in the record's order.
    pub index_counts: Vec<Count>,
}

impl TableInfo {
    pub(crate) fn new(id: TableId, record: TableRecord, index_counts: Vec<Count>, count: Count) -> TableInfo {
        TableInfo { id, record, count, index_counts }
    }

    pub(crate) async fn read(
        from: &impl Read,
        id: TableId,
        record: TableRecord,
    ) -> Result<TableInfo, KvError> {
        let count = Count::read(from, record.number, keys::WHOLE).await?;
        let mut index_counts = Vec::with_capacity(record.indexes.len());
        for index in &record.indexes {
            index_counts.push(Count::read(from, record.number, index.number).await?);
        }
        Ok(TableInfo { id, record, count, index_counts })
    }

    /// Each index with its count.
    pub fn indexes(&self) -> impl Iterator<Item = (&Index, Count)> {
        let counts = self.index_counts.iter().copied().chain(std::iter::repeat(Count::default()));
        self.record.indexes.iter().zip(counts)
    }
}

impl Tables {
    /// # Errors
    /// `NoSuchTable`; the store fails.
    pub async fn describe_table(&self, id: TableId) -> Result<TableInfo, TablesError> {
        let known = self.known.clone();
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let table = known.table(snapshot, &id).await?;
                Ok(TableInfo::read(snapshot, id.clone(), table.record.clone()).await?)
            })
            .await
    }

    /// The key of a table, or of an index of it.
    ///
    /// # Errors
    /// `NotFound`, also where there is no such index; the store fails.
    pub async fn key_schema(&self, id: TableId, index: Option<String>) -> Result<KeySchema, TablesError> {
        let known = self.known.clone();
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let table = known.for_items(snapshot, &id).await?;
                match &index {
                    None => Ok(table.key.clone()),
                    Some(name) => {
                        table.index(name).map(|(_, schema)| schema.clone()).ok_or(TablesError::NotFound)
                    }
                }
            })
            .await
    }
}
