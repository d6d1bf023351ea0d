//! One item changed, with everything that follows from it, in the transaction that changes it.

use super::{Collection, place, row};
use crate::capacity::{Units, Write};
use crate::key::{EncodedKey, KeySchema};
use crate::keys;
use crate::service::known::Table;
use crate::service::stream::{self, Actor};
use crate::service::{Count, TablesError};
use crate::service::{expiry, history};
use crate::table::{Index, IndexKind, IndexStatus, Projected};
use crate::value::{Item, ItemRef, Path, Projection};
use kv::{Read, Transaction};
use names::Key;

/// What an item was and is, and what it took.
#[derive(Debug, Clone, Default)]
pub struct Written {
    pub old: Option<Item>,
    pub new: Option<Item>,
    pub consumed: Consumed,
    /// Of a table with local indexes.
    pub collection: Option<Collection>,
}

/// What a change took, and the item collection that it changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changed {
    pub consumed: Consumed,
    pub collection: Option<Collection>,
}

/// Capacity that operations took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Consumed {
    pub table: Units,
    /// By name.
    pub local: Vec<(String, Units)>,
    pub global: Vec<(String, Units)>,
}

impl Consumed {
    pub fn of_table(units: Units) -> Self {
        Consumed { table: units, ..Consumed::default() }
    }

    pub fn total(&self) -> Units {
        let indexes = self.local.iter().chain(&self.global).map(|(_, units)| *units);
        self.table + indexes.sum::<Units>()
    }

    /// Adds what another operation on the same table took.
    pub fn add(&mut self, other: &Consumed) {
        self.table = self.table + other.table;
        for (mine, theirs) in [(&mut self.local, &other.local), (&mut self.global, &other.global)] {
            for (name, units) in theirs {
                match mine.iter_mut().find(|(known, _)| known == name) {
                    Some((_, sum)) => *sum = *sum + *units,
                    None => mine.push((name.clone(), *units)),
                }
            }
        }
    }

    pub(super) fn of_index(index: &Index, units: Units) -> Self {
        let mut consumed = Consumed::default();
        consumed.add_index(index, units);
        consumed
    }

    fn add_index(&mut self, index: &Index, units: Units) {
        let named = match index.kind {
            IndexKind::Local => &mut self.local,
            IndexKind::Global => &mut self.global,
        };
        named.push((index.name.clone(), units));
    }
}

/// Makes `new` of `old`, both of the same key, and answers what that took.
///
/// # Errors
/// `Refused`: an attribute of an index's key has another type or is empty; `CollectionTooLarge`; the store fails.
pub(super) async fn change(
    tx: &mut Transaction,
    table: &Table,
    key: &EncodedKey,
    old: Option<ItemRef<'_>>,
    new: Option<ItemRef<'_>>,
    how: Write,
) -> Result<Changed, TablesError> {
    change_by(tx, table, key, (old, new), how, Actor::Caller).await
}

/// As [`change`], by somebody.
///
/// # Errors
/// As [`change`].
pub(crate) async fn change_by(
    tx: &mut Transaction,
    table: &Table,
    key: &EncodedKey,
    (old, new): (Option<ItemRef<'_>>, Option<ItemRef<'_>>),
    how: Write,
    by: Actor,
) -> Result<Changed, TablesError> {
    let place = place::item(table.number, key);
    let mut consumed = Consumed::of_table(Units::write(size(old), size(new), how));
    let mut grown = growth(size(old), size(new));
    for (index, schema) in table.indexes().filter(|(index, _)| index.is_kept()) {
        if let Some((units, more)) = change_index(tx, table, (index, schema), key, old, new, how).await? {
            consumed.add_index(index, units);
            if index.kind == IndexKind::Local {
                grown = grown.saturating_add(more);
            }
        }
    }
    let collection = match old.or(new).filter(|_| Collection::is_kept(table)) {
        Some(item) => Some(Collection::grow(tx, table, key, item, grown).await?),
        None => None,
    };
    match new {
        Some(item) => tx.put(&place, row::encode(item)),
        None if old.is_some() => tx.delete(&place),
        None => {}
    }
    count(tx, table.number, keys::WHOLE, old.map(|item| item.size()), new.map(|item| item.size())).await?;
    expiry::note(tx, table, &place, old, new);
    history::note(tx, table, &place, old, new).await?;
    stream::append(tx, table, key, old, new, by).await?;
    Ok(Changed { consumed, collection })
}

fn growth(before: u64, after: u64) -> i64 {
    i64::try_from(after).unwrap_or(i64::MAX).saturating_sub_unsigned(before)
}

/// What it took, and by how many bytes the index grew. `None`: nothing of it changed, and nothing was taken.
async fn change_index(
    tx: &mut Transaction,
    table: &Table,
    (index, schema): (&Index, &KeySchema),
    key: &EncodedKey,
    old: Option<ItemRef<'_>>,
    new: Option<ItemRef<'_>>,
    how: Write,
) -> Result<Option<(Units, i64)>, TablesError> {
    let after = match new {
        Some(item) => entry(table, (index, schema), key, item)?,
        None => None,
    };
    let before = match old {
        Some(item) => before(tx, table, (index, schema), key, item).await?,
        None => None,
    };
    if before == after {
        return Ok(None);
    }
    let size = |entry: &Option<Entry>| entry.as_ref().map(|(_, item)| item.view().size());
    count(tx, table.number, index.number, size(&before), size(&after)).await?;
    let units = |before: Option<u32>, after: Option<u32>| {
        Units::write(before.unwrap_or(0).into(), after.unwrap_or(0).into(), how)
    };
    // An entry that moves is removed in one place and written in another.
    let taken = match (&before, &after) {
        (Some((from, _)), Some((to, _))) if from != to => {
            units(size(&before), None) + units(None, size(&after))
        }
        _ => units(size(&before), size(&after)),
    };
    if let Some((from, _)) = &before
        && after.as_ref().is_none_or(|(to, _)| to != from)
    {
        tx.delete(from);
    }
    if let Some((to, item)) = &after {
        tx.put(to, row::encode(item.view()));
    }
    let bytes = |entry| u64::from(size(entry).unwrap_or(0));
    Ok(Some((taken, growth(bytes(&before), bytes(&after)))))
}

/// Where an index's entry for an item lies, and what it holds.
pub(super) type Entry = (Key, Item);

/// `None`: the item lacks an attribute of the index's key.
///
/// # Errors
/// `Refused`: such an attribute has another type, or is empty or too long.
pub(super) fn entry(
    table: &Table,
    (index, schema): (&Index, &KeySchema),
    key: &EncodedKey,
    item: ItemRef<'_>,
) -> Result<Option<Entry>, TablesError> {
    let Some(indexed) = schema.of_indexed(item, &index.name)? else { return Ok(None) };
    let projected = projected(table, index, schema, item);
    Ok(Some((place::entry(table.number, index.number, &indexed, key), projected)))
}

/// The entry that is there for the item as it was. An index that is being filled has none yet for most, and never
/// gets one for an item that was there before it and does not fit it.
async fn before(
    tx: &Transaction,
    table: &Table,
    (index, schema): (&Index, &KeySchema),
    key: &EncodedKey,
    item: ItemRef<'_>,
) -> Result<Option<Entry>, TablesError> {
    let Ok(Some((place, held))) = entry(table, (index, schema), key, item) else { return Ok(None) };
    if index.status == IndexStatus::Creating && tx.get(&place).await?.is_none() {
        return Ok(None);
    }
    Ok(Some((place, held)))
}

/// What an index holds of an item.
pub(super) fn projected(table: &Table, index: &Index, schema: &KeySchema, item: ItemRef<'_>) -> Item {
    let names: &[String] = match &index.projected {
        Projected::All => return item.to_item(),
        Projected::KeysOnly => &[],
        Projected::Include(names) => names,
    };
    let keys = table.key.names().chain(schema.names());
    let paths: Vec<Path> =
        keys.chain(names.iter().map(String::as_str)).map(|name| Path::new(name, Vec::new())).collect();
    Projection::of(&paths).apply(item)
}

fn size(item: Option<ItemRef<'_>>) -> u64 {
    item.map_or(0, |item| item.size().into())
}

pub(in crate::service) async fn count(
    tx: &mut Transaction,
    table: u64,
    index: u32,
    before: Option<u32>,
    after: Option<u32>,
) -> Result<(), TablesError> {
    if before == after {
        return Ok(());
    }
    let Count { items, bytes } = Count::read(tx, table, index).await?;
    let there = |size: Option<u32>| u64::from(size.is_some());
    let count = Count {
        items: (items + there(after)).saturating_sub(there(before)),
        bytes: (bytes + u64::from(after.unwrap_or(0))).saturating_sub(before.unwrap_or(0).into()),
    };
    count.write(tx, keys::count(table, index));
    Ok(())
}
