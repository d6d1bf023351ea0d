use super::ExportRecord;
use crate::keys;
use crate::service::transfer::{self, TransferPage};
use crate::service::{Tables, TablesError};
use crate::table::{TableName, Transfer, TransferId};
use kv::{Read, Snapshot};
use names::{AccountId, Region};

/// An export as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    pub id: TransferId,
    pub record: ExportRecord,
}

impl Tables {
    /// # Errors
    /// `NoSuchExport`; the store fails.
    pub async fn describe_export(&self, id: TransferId) -> Result<Export, TablesError> {
        self.kv
            .read(async move |from: &Snapshot| {
                let record = find(from, &id).await?;
                Ok(Export { id: id.clone(), record })
            })
            .await
    }

    /// At most `limit` of an account's in a region, or of one table's, after `start`.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list_exports(
        &self,
        account: AccountId,
        region: Region,
        table: Option<TableName>,
        start: Option<TransferId>,
        limit: usize,
    ) -> Result<TransferPage<ExportRecord>, TablesError> {
        let now = self.clock.now();
        self.kv
            .read(async move |from: &Snapshot| {
                let of = (&account, &region, table.as_ref());
                transfer::page(from, Transfer::Export, of, start.as_ref(), limit, now).await
            })
            .await
    }

    /// Those that are under way, at most `limit`.
    ///
    /// # Errors
    /// The store fails.
    pub async fn exports_under_way(&self, limit: usize) -> Result<Vec<Export>, TablesError> {
        let found = transfer::under_way(&self.kv, Transfer::Export, limit).await?;
        Ok(found.into_iter().map(|(id, record)| Export { id, record }).collect())
    }
}

/// # Errors
/// `NoSuchExport`; the store fails.
pub(super) async fn find(from: &impl Read, id: &TransferId) -> Result<ExportRecord, TablesError> {
    let found = kv::get_record(from, keys::transfer(id)).await?;
    found.ok_or_else(|| TablesError::NoSuchExport(id.arn().to_string()))
}
