use super::describe::find;
use super::{ExportFile, ExportPiece, ExportRecord, ExportState};
use crate::keys;
use crate::service::transfer::{Failure, note_work};
use crate::service::{Tables, TablesError};
use crate::table::TransferId;
use kv::{Read, Snapshot, Transaction};

/// Files told of at once.
const FILES: usize = 1_000;

impl Tables {
    /// Notes a file that is in the bucket, with all rows up to the `piece`'s last; `piece` counts what is in it. Nothing
    /// happens where it is not the next one, which is number `record.files`.
    ///
    /// # Errors
    /// `NoSuchExport`; the store fails.
    pub async fn export_file_written(
        &self,
        id: TransferId,
        number: u64,
        file: ExportFile,
        piece: ExportPiece,
    ) -> Result<(), TablesError> {
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = find(tx, &id).await?;
                if record.state != ExportState::Writing || record.files != number {
                    return Ok(());
                }
                kv::put_record(tx, keys::export_files(record.number).number(record.files), &file);
                record.files = record.files.saturating_add(1);
                record.items = record.items.saturating_add(piece.items);
                record.bytes = record.bytes.saturating_add(piece.bytes);
                record.after = piece.last.clone();
                if piece.is_over {
                    record.state = ExportState::Telling;
                }
                kv::put_record(tx, keys::transfer(&id), &record);
                Ok(())
            })
            .await
    }

    /// Files of an export, in the order in which they were written, from a number on; fewer than there are at most
    /// where nothing follows them.
    ///
    /// # Errors
    /// The store fails.
    pub async fn export_files(
        &self,
        record: &ExportRecord,
        from: u64,
    ) -> Result<Vec<ExportFile>, TablesError> {
        let all = keys::export_files(record.number);
        self.kv
            .read(async move |store: &Snapshot| {
                let mut range = all.range();
                range.start = all.clone().number(from).into_bytes();
                let found = store.range(&range, FILES).await?;
                Ok(found.iter().map(|(_, stored)| kv::record::decode(stored)).collect::<Result<_, _>>()?)
            })
            .await
    }

    /// It is done, or failed. What was kept for it is removed by [`Tables::sweep`].
    ///
    /// # Errors
    /// `NoSuchExport`; the store fails.
    pub async fn export_ended(
        &self,
        id: TransferId,
        how: Result<String, Failure>,
    ) -> Result<(), TablesError> {
        let now = self.clock.now();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = find(tx, &id).await?;
                if record.ended.is_some() {
                    return Ok(());
                }
                record.ended = Some(now);
                record.state = match &how {
                    Ok(manifest) => ExportState::Completed { manifest: manifest.clone() },
                    Err(failure) => ExportState::Failed(failure.clone()),
                };
                tx.delete(keys::work(id.what, &id.table, record.number));
                tx.put(keys::gone(record.number, keys::WHOLE), Vec::new());
                kv::put_record(tx, keys::transfer(&id), &record);
                Ok(())
            })
            .await
    }
}

/// All rows are there to be written.
///
/// # Errors
/// The store fails.
pub(crate) async fn copied(tx: &mut Transaction, id: &TransferId) -> Result<(), TablesError> {
    let place = keys::transfer(id);
    if let Some(mut record) = kv::get_record::<ExportRecord>(tx, &place).await? {
        record.state = ExportState::Writing;
        note_work(tx, id, record.number);
        kv::put_record(tx, place, &record);
    }
    Ok(())
}
