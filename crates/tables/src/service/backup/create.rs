use super::{Backup, BackupRecord};
use crate::keys;
use crate::service::copy::{Copy, Phase, Source, Target};
use crate::service::create_table::next_number;
use crate::service::{Count, Tables, TablesError, history};
use crate::table::{BackupId, TableId};
use clock::Timestamp;
use kv::Transaction;

impl Tables {
    /// Begins a backup of the table as it is now, which is done in the background.
    ///
    /// # Errors
    /// `TableNotFound`, `InUse`; the store fails.
    pub async fn create_backup(&self, table: TableId, name: String) -> Result<Backup, TablesError> {
        let (known, now) = (self.known.clone(), self.clock.now());
        let random = u32::from_be_bytes(
            self.clock.random_u64().to_be_bytes().first_chunk().copied().unwrap_or([0; 4]),
        );
        let id = BackupId { table, id: format!("{:014}-{random:08x}", now.as_ms()) };
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let of = &id.table;
                let table = known.find(tx, of).await?;
                let table = table.ok_or_else(|| TablesError::TableNotFound(of.name.to_string()))?;
                if table.record.is_creating {
                    return Err(TablesError::InUse(format!("Table is being created: {}", of.name)));
                }
                let mut record = table.record.clone();
                let kept = history::begin_copy(tx, &mut record).await?;
                kv::put_record(tx, keys::table(of), &record);
                let (since, _) = history::next(tx, kept).await?;
                let Count { items, bytes } = Count::read(tx, record.number, keys::WHOLE).await?;
                let number = next_number(tx).await?;
                let source = Source::of_table(of, record.number, kept, since);
                let TableId { account, region, name: table_name } = of.clone();
                let target = Target::Backup { account, region, name: table_name, id: id.id.clone() };
                kv::put_record(
                    tx,
                    keys::copy(number),
                    &Copy { source, target, phase: Phase::Rows { after: None } },
                );
                let backup = BackupRecord {
                    number,
                    name: name.clone(),
                    created: now,
                    finished: None,
                    table: record,
                    items,
                    bytes,
                };
                kv::put_record(tx, keys::backup(&id), &backup);
                Ok(Backup { id: id.clone(), record: backup })
            })
            .await
    }
}

/// All of it is there.
///
/// # Errors
/// The store fails.
pub(crate) async fn finish(tx: &mut Transaction, id: &BackupId, now: Timestamp) -> Result<(), TablesError> {
    let place = keys::backup(id);
    if let Some(record) = kv::get_record::<BackupRecord>(tx, &place).await? {
        kv::put_record(tx, place, &BackupRecord { finished: Some(now), ..record });
    }
    Ok(())
}
