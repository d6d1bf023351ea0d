//! One item written, in whatever way: what single writes, batches and transactions have in common.

use super::change::{self, Changed};
use super::{Consumed, Precondition, Written, place, row};
use crate::Refusal;
use crate::capacity::{Units, Write};
use crate::expression::Update;
use crate::key::EncodedKey;
use crate::service::known::Table;
use crate::service::throughput::Side;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use crate::value::{Item, ItemRef};
use kv::{Read, Transaction};

/// What is done to one item.
#[derive(Debug, Clone)]
pub enum Action {
    /// Puts the item in the place of the one with its key.
    Put(Item),
    /// Changes the item, or makes it if it is not there; with its key alone, where nothing is to be updated.
    Update { key: Item, update: Option<Update> },
    /// Deleting what is not there is no error.
    Delete(Item),
    /// Changes nothing: its precondition is all there is to it.
    Check(Item),
}

impl Action {
    /// # Errors
    /// `Validation`: not the attributes of the table's key.
    pub(super) fn key(&self, table: &Table) -> Result<EncodedKey, Refusal> {
        match self {
            Action::Put(item) => table.key.of_item(item.view()),
            Action::Update { key, .. } | Action::Delete(key) | Action::Check(key) => {
                table.key.of_key(key.view())
            }
        }
    }

    /// Bytes that the request brings, by DynamoDB's rules.
    pub(super) fn size(&self) -> u64 {
        match self {
            Action::Put(item)
            | Action::Update { key: item, .. }
            | Action::Delete(item)
            | Action::Check(item) => item.view().size().into(),
        }
    }
}

/// Does it, if its precondition holds. Answers the item as it was, and for updates as it is.
///
/// # Errors
/// `Refused`, `ConditionFailed`, `CollectionTooLarge`; the store fails. Something may have been written then: the
/// transaction must not be committed.
pub(super) async fn perform(
    tx: &mut Transaction,
    table: &Table,
    key: &EncodedKey,
    action: &Action,
    precondition: &Precondition,
    how: Write,
) -> Result<Written, TablesError> {
    if let Action::Update { update: Some(update), .. } = action {
        update.refuse_keys(&table.key.names().collect::<Vec<_>>())?;
    }
    let stored = tx.get(&place::item(table.number, key)).await?;
    let old = stored.as_deref().map(row::decode).transpose()?;
    precondition.check(old)?;
    let mut written = Written { old: old.map(ItemRef::to_item), ..Written::default() };
    let size = old.map_or(0, |item| item.size().into());
    let changed = match action {
        Action::Put(item) => change::change(tx, table, key, old, Some(item.view()), how).await?,
        Action::Delete(_) => change::change(tx, table, key, old, None, how).await?,
        Action::Check(_) => untouched(Units::write(size, size, how)),
        Action::Update { update: Some(update), .. } if old.is_none() && !update.makes_items() => {
            untouched(Units::write(0, 0, how))
        }
        Action::Update { key: given, update } => {
            let new = updated(table, old.unwrap_or_else(|| given.view()), update.as_ref())?;
            let changed = change::change(tx, table, key, old, Some(new.view()), how).await?;
            written.new = Some(new);
            changed
        }
    };
    (written.consumed, written.collection) = (changed.consumed, changed.collection);
    Ok(written)
}

fn untouched(units: Units) -> Changed {
    Changed { consumed: Consumed::of_table(units), collection: None }
}

fn updated(table: &Table, before: ItemRef<'_>, update: Option<&Update>) -> Result<Item, Refusal> {
    let Some(update) = update else { return Ok(before.to_item()) };
    let updated = update.apply(before)?;
    for (_, schema) in table.indexes().filter(|(index, _)| index.is_kept()) {
        if schema.names().any(|name| updated.changed.iter().any(|changed| changed == name)) {
            schema.check_updated(updated.item.view())?;
        }
    }
    Ok(updated.item)
}

impl Tables {
    /// One write, in a transaction of its own.
    pub(super) async fn write_one(
        &self,
        id: TableId,
        action: Action,
        precondition: Precondition,
    ) -> Result<Written, TablesError> {
        let (known, throughput) = (self.known.clone(), self.throughput.clone());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let table = known.for_items(tx, &id).await?;
                throughput.admit(&table, None, Side::Write)?;
                let key = action.key(&table)?;
                let written = perform(tx, &table, &key, &action, &precondition, Write::Standard).await?;
                throughput.take(&table, &written.consumed, Side::Write);
                Ok(written)
            })
            .await
    }
}
