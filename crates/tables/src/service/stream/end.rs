//! Streams begin and end with what is told of their table.

use super::record::StreamRecord;
use crate::Refusal;
use crate::keys;
use crate::service::TablesError;
use crate::service::create_table::next_number;
use crate::table::{StreamId, StreamView, TableId, TableRecord, TableStream};
use clock::Timestamp;
use kv::{Read, Transaction};
use std::time::Duration;

/// Streams of one table that may begin in one millisecond: labels are times.
const LABELS_MAX: u64 = 1_000;

/// Begins a stream of the table that `record` is of; whoever calls keeps the record.
///
/// # Errors
/// `InUse`; the store fails.
pub(crate) async fn begin(
    tx: &mut Transaction,
    table: &TableId,
    record: &mut TableRecord,
    view: StreamView,
    now: Timestamp,
) -> Result<(), TablesError> {
    let number = next_number(tx).await?;
    for later in 0..LABELS_MAX {
        let created = now + Duration::from_millis(later);
        let label = created.to_iso8601().trim_end_matches('Z').to_owned();
        let place = keys::stream(&StreamId { table: table.clone(), label: label.clone() });
        if tx.get(&place).await?.is_none() {
            let key = record.key.clone();
            kv::put_record(tx, place, &StreamRecord { number, view, created, ended: None, key });
            record.stream = Some(TableStream { number, label, view, is_on: true });
            return Ok(());
        }
    }
    Err(TablesError::InUse(format!("Too many streams of the table {} at once", table.name)))
}

/// Ends the stream that is on, if one is; what it noted can be read for [`super::RETENTION`].
///
/// # Errors
/// The store fails.
pub(crate) async fn end(
    tx: &mut Transaction,
    table: &TableId,
    record: &mut TableRecord,
    now: Timestamp,
) -> Result<(), TablesError> {
    let Some(stream) = record.stream.as_mut().filter(|stream| stream.is_on) else { return Ok(()) };
    stream.is_on = false;
    let place = keys::stream(&StreamId { table: table.clone(), label: stream.label.clone() });
    if let Some(kept) = kv::get_record::<StreamRecord>(tx, &place).await? {
        kv::put_record(tx, place, &StreamRecord { ended: Some(now), ..kept });
    }
    Ok(())
}

/// What `UpdateTable` does: begins a stream of that view, or ends the one there is.
///
/// # Errors
/// `Refused` where it is on, or off, already; the store fails.
pub(crate) async fn switch(
    tx: &mut Transaction,
    table: &TableId,
    record: &mut TableRecord,
    view: Option<StreamView>,
    now: Timestamp,
) -> Result<(), TablesError> {
    let is_on = record.stream.as_ref().is_some_and(|stream| stream.is_on);
    match (view, is_on) {
        (Some(view), false) => begin(tx, table, record, view, now).await,
        (None, true) => end(tx, table, record, now).await,
        (Some(_), true) => Err(Refusal::validation(format!(
            "Table already has an enabled stream: TableName: {}",
            table.name
        ))
        .into()),
        (None, false) => {
            Err(Refusal::validation(format!("Table has no stream to disable: TableName: {}", table.name))
                .into())
        }
    }
}
