use super::ImportRecord;
use crate::keys;
use crate::service::transfer::{self, TransferPage};
use crate::service::{Tables, TablesError};
use crate::table::{TableName, Transfer, TransferId};
use kv::{Read, Snapshot};
use names::{AccountId, Region};

/// An import as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub id: TransferId,
    pub record: ImportRecord,
}

impl Tables {
    /// # Errors
    /// `NoSuchImport`; the store fails.
    pub async fn describe_import(&self, id: TransferId) -> Result<Import, TablesError> {
        self.kv
            .read(async move |from: &Snapshot| {
                let record = find(from, &id).await?;
                Ok(Import { id: id.clone(), record })
            })
            .await
    }

    /// At most `limit` of an account's in a region, or of one table's, after `start`.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list_imports(
        &self,
        account: AccountId,
        region: Region,
        table: Option<TableName>,
        start: Option<TransferId>,
        limit: usize,
    ) -> Result<TransferPage<ImportRecord>, TablesError> {
        let now = self.clock.now();
        self.kv
            .read(async move |from: &Snapshot| {
                let of = (&account, &region, table.as_ref());
                transfer::page(from, Transfer::Import, of, start.as_ref(), limit, now).await
            })
            .await
    }

    /// Those that are under way, at most `limit`.
    ///
    /// # Errors
    /// The store fails.
    pub async fn imports_under_way(&self, limit: usize) -> Result<Vec<Import>, TablesError> {
        let found = transfer::under_way(&self.kv, Transfer::Import, limit).await?;
        Ok(found.into_iter().map(|(id, record)| Import { id, record }).collect())
    }
}

/// # Errors
/// `NoSuchImport`; the store fails.
pub(super) async fn find(from: &impl Read, id: &TransferId) -> Result<ImportRecord, TablesError> {
    let found = kv::get_record(from, keys::transfer(id)).await?;
    found.ok_or_else(|| TablesError::NoSuchImport(id.arn().to_string()))
}
