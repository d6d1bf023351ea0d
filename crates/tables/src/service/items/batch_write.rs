use super::batch_get::duplicates;
use super::{Action, Collection, Consumed, Precondition, write};
use crate::Refusal;
use crate::capacity::Write;
use crate::key::EncodedKey;
use crate::service::known::{Known, Table};
use crate::service::throughput::Side;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use kv::{Read, Transaction};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of items that are written in one transaction of the store, of which every index may hold a copy.
const STEP_BYTES: u64 = 1024 * 1024;

/// What is to be written into one table: [`Action::Put`] and [`Action::Delete`].
#[derive(Debug, Clone)]
pub struct TableWrites {
    pub table: TableId,
    pub actions: Vec<Action>,
}

/// What became of [`TableWrites`].
#[derive(Debug, Clone, Default)]
pub struct TableWritten {
    /// Places in [`TableWrites::actions`] of what was not done.
    pub unprocessed: Vec<usize>,
    pub consumed: Consumed,
    /// Of a table with local indexes: each that changed, as it is after the last change.
    pub collections: Vec<Collection>,
}

impl Tables {
    /// Writes into several tables; each write happens or not by itself. All of them are checked before the first is
    /// done. A table whose throughput is exhausted leaves the rest of its writes undone.
    ///
    /// # Errors
    /// `NotFound`, `Refused`; `ThroughputExceeded`, where nothing could be written at all; the store fails.
    pub async fn batch_write(&self, request: Vec<TableWrites>) -> Result<Vec<TableWritten>, TablesError> {
        let mut all: Vec<TableWritten> = request.iter().map(|_| TableWritten::default()).collect();
        let writes = request.iter().map(|one| one.actions.len()).sum::<usize>();
        let (request, mut exceeded, mut from) = (Arc::new(request), None, 0);
        while from < writes {
            let range = step(&request, from);
            from = range.end;
            let done = self.write_step(request.clone(), range).await?;
            for (at, place, outcome) in done {
                let Some(written) = all.get_mut(at) else { continue };
                match outcome {
                    Ok((consumed, collection)) => {
                        written.consumed.add(&consumed);
                        keep(&mut written.collections, collection);
                    }
                    Err(error) => {
                        exceeded = Some(error);
                        written.unprocessed.push(place);
                    }
                }
            }
        }
        let undone = all.iter().map(|written| written.unprocessed.len()).sum::<usize>();
        match exceeded {
            Some(error) if undone == writes => Err(error),
            _ => Ok(all),
        }
    }

    /// Does the writes of which the numbers are in `range`, counted through all tables.
    async fn write_step(
        &self,
        request: Arc<Vec<TableWrites>>,
        range: Range<usize>,
    ) -> Result<Vec<Done>, TablesError> {
        let (known, throughput) = (self.known.clone(), self.throughput.clone());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let checked = check(tx, &known, &request).await?;
                let mut done = Vec::with_capacity(range.len());
                let numbered =
                    request.iter().zip(&checked).enumerate().flat_map(|(at, (one, (table, keys)))| {
                        let places = one.actions.iter().zip(keys).enumerate();
                        places.map(move |(place, (action, key))| (at, place, table, action, key))
                    });
                for (at, place, table, action, key) in numbered.skip(range.start).take(range.len()) {
                    if let Err(error) = throughput.admit(table, None, Side::Write) {
                        done.push((at, place, Err(error)));
                        continue;
                    }
                    let any = Precondition::default();
                    let written = write::perform(tx, table, key, action, &any, Write::Standard).await?;
                    throughput.take(table, &written.consumed, Side::Write);
                    done.push((at, place, Ok((written.consumed, written.collection))));
                }
                Ok(done)
            })
            .await
    }
}

/// Table, place in it, and what was taken; or why nothing was done.
type Done = (usize, usize, Result<(Consumed, Option<Collection>), TablesError>);

/// As many writes after `from` as go into one transaction of the store.
fn step(request: &[TableWrites], from: usize) -> Range<usize> {
    let (mut bytes, mut end) = (0, from);
    for action in request.iter().flat_map(|one| &one.actions).skip(from) {
        bytes += action.size();
        if end > from && bytes > STEP_BYTES {
            break;
        }
        end += 1;
    }
    from..end
}

/// # Errors
/// `NotFound`, `Refused`: the same item twice, or one that its table or an index cannot hold.
async fn check(
    from: &impl Read,
    known: &Known,
    request: &[TableWrites],
) -> Result<Vec<(Arc<Table>, Vec<EncodedKey>)>, TablesError> {
    let mut seen = HashSet::new();
    let mut checked = Vec::with_capacity(request.len());
    for TableWrites { table, actions } in request {
        let table = known.for_items(from, table).await?;
        let keys: Vec<EncodedKey> =
            actions.iter().map(|action| key(&table, action)).collect::<Result<_, Refusal>>()?;
        if !keys.iter().all(|key| seen.insert((table.number, key.clone()))) {
            return Err(duplicates().into());
        }
        checked.push((table, keys));
    }
    Ok(checked)
}

fn key(table: &Table, action: &Action) -> Result<EncodedKey, Refusal> {
    let Action::Put(item) = action else { return action.key(table) };
    for (index, schema) in table.indexes().filter(|(index, _)| index.is_kept()) {
        schema.of_indexed(item.view(), &index.name)?;
    }
    table.key.of_batched_item(item.view())
}

/// The last state of each collection.
pub(super) fn keep(all: &mut Vec<Collection>, changed: Option<Collection>) {
    let Some(changed) = changed else { return };
    match all.iter_mut().find(|one| one.key == changed.key) {
        Some(one) => *one = changed,
        None => all.push(changed),
    }
}
