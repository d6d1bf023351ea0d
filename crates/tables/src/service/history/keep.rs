//! A history begins with whoever needs it first, and goes with the last. Whoever calls keeps the table's record.

use crate::keys;
use crate::service::TablesError;
use crate::service::create_table::next_number;
use crate::table::{History, Recovery, TableId, TableRecord};
use kv::Transaction;

/// # Errors
/// The store fails.
pub(crate) async fn begin_recovery(
    tx: &mut Transaction,
    record: &mut TableRecord,
    recovery: Recovery,
) -> Result<(), TablesError> {
    begin(tx, record).await?.recovery = Some(recovery);
    Ok(())
}

pub(crate) fn end_recovery(tx: &mut Transaction, record: &mut TableRecord) {
    if let Some(history) = &mut record.history {
        history.recovery = None;
    }
    end_unneeded(tx, record);
}

/// The number of the history that the copy may rely on.
///
/// # Errors
/// The store fails.
pub(crate) async fn begin_copy(tx: &mut Transaction, record: &mut TableRecord) -> Result<u64, TablesError> {
    let history = begin(tx, record).await?;
    history.copies = history.copies.saturating_add(1);
    Ok(history.number)
}

pub(crate) fn end_copy(tx: &mut Transaction, record: &mut TableRecord) {
    if let Some(history) = &mut record.history {
        history.copies = history.copies.saturating_sub(1);
    }
    end_unneeded(tx, record);
}

/// Of a table that goes.
pub(crate) fn end(tx: &mut Transaction, record: &mut TableRecord) {
    if let Some(history) = record.history.take() {
        tx.put(keys::gone(history.number, keys::WHOLE), Vec::new());
    }
}

/// # Errors
/// `InUse`.
pub(crate) fn refuse_copied(id: &TableId, record: &TableRecord) -> Result<(), TablesError> {
    if record.history.as_ref().is_none_or(|history| history.copies == 0) {
        return Ok(());
    }
    Err(TablesError::InUse(format!(
        "Attempt to change a resource which is still in use: Table is being backed up or restored from: {}",
        id.name
    )))
}

async fn begin<'a>(
    tx: &mut Transaction,
    record: &'a mut TableRecord,
) -> Result<&'a mut History, TablesError> {
    let history = match record.history.take() {
        Some(history) => history,
        None => History { number: next_number(tx).await?, recovery: None, copies: 0 },
    };
    Ok(record.history.insert(history))
}

fn end_unneeded(tx: &mut Transaction, record: &mut TableRecord) {
    if record.history.as_ref().is_some_and(|history| history.recovery.is_none() && history.copies == 0) {
        end(tx, record);
    }
}
