use super::entry::{Before, encode};
use crate::service::TablesError;
use crate::service::items::row;
use crate::service::known::Table;
use crate::service::stream::same;
use crate::value::ItemRef;
use crate::{Corrupt, keys};
use clock::Timestamp;
use kv::{Read, Transaction};
use names::Key;

/// Notes what was at `place`, where the table keeps a history and something changed.
///
/// # Errors
/// The store fails.
pub(crate) async fn note(
    tx: &mut Transaction,
    table: &Table,
    place: &Key,
    old: Option<ItemRef<'_>>,
    new: Option<ItemRef<'_>>,
) -> Result<(), TablesError> {
    let Some(history) = &table.record.history else { return Ok(()) };
    match (old, new) {
        (None, None) => return Ok(()),
        (Some(old), Some(new)) if same(old, new) => return Ok(()),
        _ => {}
    }
    let (sequence, last) = next(tx, history.number).await?;
    // Never earlier than the one before, so that a moment divides the history in two.
    let at = table.clock.now().max(last);
    let row = old.map(row::encode);
    let within = place.get(keys::items(table.number).len()..).unwrap_or_default();
    let entry = encode(&Before { at, place: within, row: row.as_deref() });
    tx.put(keys::history(history.number).number(sequence), entry);
    let next = [sequence.saturating_add(1).to_le_bytes(), at.as_ms().to_le_bytes()].concat();
    tx.put(keys::next_history(history.number), next);
    Ok(())
}

/// The next entry's sequence, from 1 up, and the time of the last one.
///
/// # Errors
/// The store fails.
pub(crate) async fn next(from: &impl Read, history: u64) -> Result<(u64, Timestamp), TablesError> {
    let Some(stored) = from.get(&keys::next_history(history)).await? else {
        return Ok((1, Timestamp::EPOCH));
    };
    let (next, last) = stored.split_first_chunk::<8>().ok_or(Corrupt)?;
    let last = last.try_into().map_err(|_| Corrupt)?;
    Ok((u64::from_le_bytes(*next), Timestamp::from_ms(i64::from_le_bytes(last))))
}
