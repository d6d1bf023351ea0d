use super::describe::find;
use super::{ImportProgress, ImportRecord};
use crate::Refusal;
use crate::capacity::Write;
use crate::key::EncodedKey;
use crate::keys;
use crate::service::items::{change, place, row};
use crate::service::known::Table;
use crate::service::stream::Actor;
use crate::service::transfer::Failure;
use crate::service::{Tables, TablesError};
use crate::table::TransferId;
use crate::value::Item;
use kv::{Read, Transaction};

/// Lines that were read, and how far that is.
#[derive(Debug, Clone, Default)]
pub struct ImportStep {
    /// What they were, where they are items.
    pub items: Vec<Item>,
    /// How many are none, and why the first is not.
    pub refused: u64,
    pub why: Option<String>,
    /// Of all lines.
    pub bytes: u64,
    pub object: String,
    /// Of the object's, done before this step.
    pub from: u64,
    /// Of the object's, done with this step.
    pub lines: u64,
    /// The object was read to its end.
    pub is_read: bool,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    Kept,
    /// It is not the next one: the import stands elsewhere.
    NotNext,
    /// The import is over, maybe since its table is gone.
    Over,
}

impl Tables {
    /// Writes the items and notes how far the import is, in one transaction. Later items take the place of earlier ones
    /// with their key.
    ///
    /// # Errors
    /// `NoSuchImport`; the store fails.
    pub async fn import_step(&self, id: TransferId, step: ImportStep) -> Result<Stepped, TablesError> {
        let (known, now) = (self.known.clone(), self.clock.now());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = find(tx, &id).await?;
                if record.ended.is_some() {
                    return Ok(Stepped::Over);
                }
                if !step.is_next(&record.progress) {
                    return Ok(Stepped::NotNext);
                }
                let table = known.find(tx, &id.table).await?;
                let Some(table) = table.filter(|table| table.number == record.table.number) else {
                    let failure = Failure {
                        code: "TableNotFound".to_owned(),
                        message: "The table that was being made is not there any more".to_owned(),
                    };
                    end(tx, &id, record, Some(failure), now);
                    return Ok(Stepped::Over);
                };
                let (mut imported, mut why) = (0, step.why.clone());
                for item in &step.items {
                    match key(&table, item) {
                        Ok(key) => {
                            put(tx, &table, &key, item).await?;
                            imported += 1;
                        }
                        Err(refusal) => why = why.or(Some(refusal.to_string())),
                    }
                }
                let lines = step.refused.saturating_add(step.items.len() as u64);
                if let Some(why) = why {
                    let (import, object, refused) = (id.arn(), &step.object, lines - imported);
                    let before = record.progress.lines;
                    tracing::warn!(%import, object, before, refused, why, "lines were not imported");
                }
                let progress = &mut record.progress;
                progress.processed = progress.processed.saturating_add(lines);
                progress.imported = progress.imported.saturating_add(imported);
                progress.bytes = progress.bytes.saturating_add(step.bytes);
                progress.object = Some(step.object.clone());
                (progress.lines, progress.is_read) = (step.lines, step.is_read);
                kv::put_record(tx, keys::transfer(&id), &record);
                Ok(Stepped::Kept)
            })
            .await
    }

    /// It is done, or failed: its table can be used, with what was imported.
    ///
    /// # Errors
    /// `NoSuchImport`; the store fails.
    pub async fn import_ended(&self, id: TransferId, failure: Option<Failure>) -> Result<(), TablesError> {
        let (known, now) = (self.known.clone(), self.clock.now());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let record = find(tx, &id).await?;
                if record.ended.is_some() {
                    return Ok(());
                }
                let table = known.find(tx, &id.table).await?;
                if let Some(table) = table.filter(|table| table.number == record.table.number) {
                    let mut table = table.record.clone();
                    table.is_creating = false;
                    kv::put_record(tx, keys::table(&id.table), &table);
                }
                end(tx, &id, record, failure.clone(), now);
                Ok(())
            })
            .await
    }
}

impl ImportStep {
    fn is_next(&self, progress: &ImportProgress) -> bool {
        match progress.object.as_ref().filter(|object| **object == self.object) {
            Some(_) => !progress.is_read && progress.lines == self.from,
            None => self.from == 0,
        }
    }
}

fn end(
    tx: &mut Transaction,
    id: &TransferId,
    mut record: ImportRecord,
    failure: Option<Failure>,
    now: clock::Timestamp,
) {
    (record.ended, record.failure) = (Some(now), failure);
    tx.delete(keys::work(id.what, &id.table, record.table.number));
    kv::put_record(tx, keys::transfer(id), &record);
}

/// # Errors
/// The table or an index of it cannot hold the item.
fn key(table: &Table, item: &Item) -> Result<EncodedKey, Refusal> {
    for (index, schema) in table.indexes() {
        schema.of_indexed(item.view(), &index.name)?;
    }
    table.key.of_item(item.view())
}

async fn put(tx: &mut Transaction, table: &Table, key: &EncodedKey, item: &Item) -> Result<(), TablesError> {
    let stored = tx.get(&place::item(table.number, key)).await?;
    let old = stored.as_deref().map(row::decode).transpose()?;
    let both = (old, Some(item.view()));
    change::change_by(tx, table, key, both, Write::Standard, Actor::Caller).await?;
    Ok(())
}
