use super::BackupRecord;
use crate::keys;
use crate::service::{Tables, TablesError};
use crate::table::BackupId;
use kv::{Read, Snapshot};

/// A backup as it is told.
#[derive(Debug, Clone)]
pub struct Backup {
    pub id: BackupId,
    pub record: BackupRecord,
}

impl Tables {
    /// # Errors
    /// `NoSuchBackup`; the store fails.
    pub async fn describe_backup(&self, id: BackupId) -> Result<Backup, TablesError> {
        self.kv
            .read(async move |from: &Snapshot| {
                let record = find(from, &id).await?;
                Ok(Backup { id: id.clone(), record })
            })
            .await
    }
}

/// # Errors
/// `NoSuchBackup`; the store fails.
pub(super) async fn find(from: &impl Read, id: &BackupId) -> Result<BackupRecord, TablesError> {
    let found = kv::get_record(from, keys::backup(id)).await?;
    found.ok_or_else(|| TablesError::NoSuchBackup(id.arn().to_string()))
}
