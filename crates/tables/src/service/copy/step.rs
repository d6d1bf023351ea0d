use super::{Copy, Phase, Source, Target};
use crate::service::TablesError;
use crate::service::backup;
use crate::service::export::{self, Changed};
use crate::service::history::{self, Before};
use crate::service::items::change::count;
use crate::service::items::{index_new, row};
use crate::service::known::{Known, Table};
use crate::table::{BackupId, TableId, Transfer, TransferId};
use crate::{Corrupt, keys};
use bytes::Bytes;
use clock::Clock;
use kv::{Read, Transaction};
use names::key::KeyParts;
use names::{Key, KeyRange, Keyspace};
use std::sync::Arc;

/// Bytes of rows that one transaction copies, about, so that writers wait for milliseconds at most.
const STEP_BYTES: usize = 1024 * 1024;
/// Rows, or entries of a history, that one transaction copies, and that are read from the store at once.
const STEP: usize = 256;
const ROWS: usize = 16;

/// # Errors
/// The store fails, or a row cannot be read.
pub(super) async fn step(
    tx: &mut Transaction,
    key: &[u8],
    known: &Known,
    clock: &Clock,
) -> Result<(), TablesError> {
    let Some(copy) = kv::get_record::<Copy>(tx, key).await? else { return Ok(()) };
    let number =
        KeyParts::of(Keyspace::TableCopy, key).and_then(|mut parts| parts.number()).map_err(|_| Corrupt)?;
    let next = match &copy.phase {
        Phase::Changes { from } => changes(tx, &copy.source, number, *from).await?,
        Phase::Present { after } => present(tx, &copy.source, number, after.as_deref()).await?,
        Phase::Rows { after } => rows(tx, &copy, number, after.as_deref()).await?,
        Phase::Back { from } => back(tx, &copy, number, *from).await?,
        Phase::Indexes { after } => {
            let target = target(tx, &copy, known).await?;
            indexes(tx, target.as_deref(), after.as_deref()).await?
        }
    };
    match next {
        Some(phase) => kv::put_record(tx, key, &Copy { phase, ..copy }),
        None => {
            finish(tx, &copy, known, clock).await?;
            tx.delete(key);
        }
    }
    Ok(())
}

async fn rows(
    tx: &mut Transaction,
    copy: &Copy,
    target: u64,
    after: Option<&[u8]>,
) -> Result<Option<Phase>, TablesError> {
    let base = keys::items(copy.source.number());
    let mut reading = Reading::after(&base, after);
    while let Some(rows) = reading.next(tx).await? {
        for (place, stored) in rows {
            let within = place.get(base.len()..).unwrap_or_default();
            put(tx, target, within, Some(&stored)).await?;
        }
    }
    if !reading.is_over {
        return Ok(Some(Phase::Rows { after: reading.last(&base) }));
    }
    taken_back(tx, &copy.source).await.map(Some)
}

/// What follows when all rows are there as they were found.
async fn taken_back(tx: &Transaction, source: &Source) -> Result<Phase, TablesError> {
    Ok(match source {
        Source::Table { history, .. } => {
            let (next, _) = history::next(tx, *history).await?;
            Phase::Back { from: next.saturating_sub(1) }
        }
        Source::Backup { .. } => Phase::Indexes { after: None },
    })
}

/// Notes of each item that changed what it was before the first change and when the last one was.
async fn changes(
    tx: &mut Transaction,
    source: &Source,
    target: u64,
    from: u64,
) -> Result<Option<Phase>, TablesError> {
    let Source::Table { history, since, .. } = source else { return Ok(None) };
    let all = keys::history(*history);
    let range = |from: u64| KeyRange {
        start: all.clone().number(from).into_bytes(),
        end: all.clone().number(*since).into_bytes(),
    };
    let (mut from, mut steps, mut bytes) = (from, 0, 0);
    while steps < STEP && bytes < STEP_BYTES {
        let entries = tx.range(&range(from), ROWS).await?;
        for (key, entry) in &entries {
            let before = history::decode(entry)?;
            Changed::note(tx, &keys::items(target).ended(before.place), &before).await?;
            from = sequence(key)?.saturating_add(1);
            (steps, bytes) = (steps + 1, bytes + entry.len());
        }
        if entries.len() < ROWS {
            return Ok(Some(Phase::Present { after: None }));
        }
    }
    Ok(Some(Phase::Changes { from }))
}

/// Finds what changed as it is now; what happened after the moment is taken back behind that.
async fn present(
    tx: &mut Transaction,
    source: &Source,
    target: u64,
    after: Option<&[u8]>,
) -> Result<Option<Phase>, TablesError> {
    let base = keys::items(target);
    let mut reading = Reading::after(&base, after);
    while let Some(rows) = reading.next(tx).await? {
        for (place, _) in rows {
            let within = place.get(base.len()..).unwrap_or_default();
            let now = tx.get(&keys::items(source.number()).ended(within)).await?;
            reading.bytes += now.as_ref().map_or(0, Bytes::len);
            Changed::amend(tx, &place, now.as_deref()).await?;
        }
    }
    if !reading.is_over {
        return Ok(Some(Phase::Present { after: reading.last(&base) }));
    }
    taken_back(tx, source).await.map(Some)
}

fn sequence(key: &[u8]) -> Result<u64, Corrupt> {
    let parts = KeyParts::of(Keyspace::TableHistory, key).and_then(|mut parts| {
        parts.number()?;
        parts.number()
    });
    parts.map_err(|_| Corrupt)
}

async fn back(
    tx: &mut Transaction,
    copy: &Copy,
    target: u64,
    from: u64,
) -> Result<Option<Phase>, TablesError> {
    let over = Ok(Some(Phase::Indexes { after: None }));
    let Source::Table { history, since, .. } = &copy.source else { return over };
    let tells_changes = matches!(copy.target, Target::Export { tells_changes: true, .. });
    let all = keys::history(*history);
    let mut range = KeyRange {
        start: all.clone().number(*since).into_bytes(),
        end: all.clone().number(from.saturating_add(1)).into_bytes(),
    };
    let (mut steps, mut bytes) = (0, 0);
    while steps < STEP && bytes < STEP_BYTES {
        let entries = tx.range_reverse(&range, ROWS).await?;
        for (key, entry) in &entries {
            let Before { place, row, .. } = history::decode(entry)?;
            match tells_changes {
                true => Changed::amend(tx, &keys::items(target).ended(place), row).await?,
                false => put(tx, target, place, row).await?,
            }
            range.end = key.to_vec();
            (steps, bytes) = (steps + 1, bytes + entry.len());
        }
        if entries.len() < ROWS {
            return over;
        }
    }
    Ok(Some(Phase::Back { from: sequence(&range.end)?.saturating_sub(1) }))
}

/// Makes the row at `within` the target's, or takes away the one that is there.
async fn put(
    tx: &mut Transaction,
    target: u64,
    within: &[u8],
    new: Option<&[u8]>,
) -> Result<(), TablesError> {
    let place: Key = keys::items(target).ended(within);
    let size = |stored: &[u8]| row::decode(stored).map(|item| item.size());
    let old = tx.get(&place).await?.map(|stored| size(&stored)).transpose()?;
    let size = new.map(size).transpose()?;
    count(tx, target, keys::WHOLE, old, size).await?;
    match new {
        Some(stored) => tx.put(&place, Bytes::copy_from_slice(stored)),
        None => tx.delete(&place),
    }
    Ok(())
}

/// `None` where the target is a backup or an export, which have no indexes.
async fn target(tx: &Transaction, copy: &Copy, known: &Known) -> Result<Option<Arc<Table>>, TablesError> {
    match &copy.target {
        Target::Backup { .. } | Target::Export { .. } => Ok(None),
        Target::Table { account, region, name } => {
            let id = TableId { account: account.clone(), region: region.clone(), name: name.clone() };
            known.find(tx, &id).await
        }
    }
}

async fn indexes(
    tx: &mut Transaction,
    target: Option<&Table>,
    after: Option<&[u8]>,
) -> Result<Option<Phase>, TablesError> {
    let Some(table) = target.filter(|table| !table.record.indexes.is_empty()) else {
        return Ok(None);
    };
    let base = keys::items(table.number);
    let mut reading = Reading::after(&base, after);
    while let Some(rows) = reading.next(tx).await? {
        for (_, stored) in rows {
            index_new(tx, table, &stored).await?;
        }
    }
    Ok((!reading.is_over).then(|| Phase::Indexes { after: reading.last(&base) }))
}

/// The copy can be used, and its source need not keep a history for it any more.
async fn finish(tx: &mut Transaction, copy: &Copy, known: &Known, clock: &Clock) -> Result<(), TablesError> {
    if let Source::Table { account, region, name, number, .. } = &copy.source {
        let id = TableId { account: account.clone(), region: region.clone(), name: name.clone() };
        if let Some(table) = known.find(tx, &id).await?.filter(|table| table.number == *number) {
            let mut record = table.record.clone();
            history::end_copy(tx, &mut record);
            kv::put_record(tx, keys::table(&id), &record);
        }
    }
    match &copy.target {
        Target::Table { account, region, name } => {
            let id = TableId { account: account.clone(), region: region.clone(), name: name.clone() };
            if let Some(table) = known.find(tx, &id).await? {
                let mut record = table.record.clone();
                record.is_creating = false;
                kv::put_record(tx, keys::table(&id), &record);
            }
        }
        Target::Backup { account, region, name, id } => {
            let table = TableId { account: account.clone(), region: region.clone(), name: name.clone() };
            backup::finish(tx, &BackupId { table, id: id.clone() }, clock.now()).await?;
        }
        Target::Export { account, region, name, id, .. } => {
            let table = TableId { account: account.clone(), region: region.clone(), name: name.clone() };
            export::copied(tx, &TransferId { what: Transfer::Export, table, id: id.clone() }).await?;
        }
    }
    Ok(())
}

/// Rows of a table in order, as many as one transaction takes.
struct Reading {
    range: KeyRange,
    rows: usize,
    bytes: usize,
    is_over: bool,
}

impl Reading {
    /// `after`: a place within the table.
    fn after(base: &Key, after: Option<&[u8]>) -> Self {
        let range = match after {
            Some(after) => base.range_after(&base.clone().ended(after)),
            None => base.range(),
        };
        Reading { range, rows: 0, bytes: 0, is_over: false }
    }

    async fn next(&mut self, tx: &Transaction) -> Result<Option<Vec<(Bytes, Bytes)>>, TablesError> {
        if self.is_over || self.rows >= STEP || self.bytes >= STEP_BYTES {
            return Ok(None);
        }
        let rows = tx.range(&self.range, ROWS).await?;
        for (key, stored) in &rows {
            self.range.start = [key, &[0][..]].concat();
            (self.rows, self.bytes) = (self.rows + 1, self.bytes + stored.len());
        }
        self.is_over = rows.len() < ROWS;
        Ok(Some(rows))
    }

    /// The last row's place within its table.
    fn last(&self, base: &Key) -> Option<Vec<u8>> {
        let (_, last) = self.range.start.split_last()?;
        last.get(base.len()..).map(<[u8]>::to_vec)
    }
}
