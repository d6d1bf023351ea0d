use super::Backup;
use super::describe::find;
use crate::keys;
use crate::service::copy::{Copy, Source};
use crate::service::{Tables, TablesError};
use crate::table::BackupId;
use kv::{Read, Transaction};

/// Copies under way at once that are looked through for one of the backup; beyond it nothing is deleted.
const COPIES_MAX: usize = 1_000;

impl Tables {
    /// Forgets it; its rows are removed by [`Tables::sweep`].
    ///
    /// # Errors
    /// `NoSuchBackup`, `BackupInUse` while it is made or restored from; the store fails.
    pub async fn delete_backup(&self, id: BackupId) -> Result<Backup, TablesError> {
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let record = find(tx, &id).await?;
                let copies = tx.range(&keys::all_copies().range(), COPIES_MAX).await?;
                let mut is_used = record.finished.is_none() || copies.len() == COPIES_MAX;
                for (_, stored) in &copies {
                    let Copy { source, .. } = kv::record::decode(stored)?;
                    is_used |= matches!(source, Source::Backup { number } if number == record.number);
                }
                if is_used {
                    return Err(TablesError::BackupInUse(format!("Backup is being used: {}", id.arn())));
                }
                tx.delete(keys::backup(&id));
                tx.put(keys::gone(record.number, keys::WHOLE), Vec::new());
                Ok(Backup { id: id.clone(), record })
            })
            .await
    }
}
