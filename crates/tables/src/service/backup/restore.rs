use super::describe::find;
use crate::service::copy::Source;
use crate::service::recovery::{Made, Overrides, make};
use crate::service::{TableInfo, Tables, TablesError};
use crate::table::{BackupId, Restored, TableId};
use kv::Transaction;

impl Tables {
    /// Begins to make a table of a backup; it can be used when it is told as active. It has the settings that its
    /// source had, but no tags, stream, time to live, recovery or protection.
    ///
    /// # Errors
    /// `NoSuchBackup`, `BackupInUse` while it is made, `TargetExists`, `TooMany`, `Refused`; the store fails.
    pub async fn restore_from_backup(
        &self,
        id: BackupId,
        target: TableId,
        overrides: Overrides,
    ) -> Result<TableInfo, TablesError> {
        let (now, uuid) = (self.clock.now(), self.clock.uuid());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let backup = find(tx, &id).await?;
                if backup.finished.is_none() {
                    return Err(TablesError::BackupInUse(format!("Backup is being made: {}", id.arn())));
                }
                let (arn, table) = (id.arn().to_string(), id.table.arn().to_string());
                let restored = Restored { backup: Some(arn), table, at: now };
                let made = Made { id: uuid.clone(), now, restored };
                let source = Source::Backup { number: backup.number };
                make(tx, &target, backup.table, &overrides, made, source).await
            })
            .await
    }
}
