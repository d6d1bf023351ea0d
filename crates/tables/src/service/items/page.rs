//! A page of a query or a scan: rows in order, up to 1 MiB of them, selected as they are read.

use super::{Consumed, change, place, row};
use crate::capacity::{Read as How, Units};
use crate::expression::Condition;
use crate::key::{EncodedKey, KeySchema};
use crate::service::TablesError;
use crate::service::known::Table;
use crate::table::{Index, IndexKind, IndexStatus, Projected};
use crate::value::{Item, ItemRef, Path, Projection};
use crate::{Refusal, keys};
use kv::{Read, Snapshot};
use names::{Key, KeyRange};

/// Bytes of items that one page reads, whether it gives them or not.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html>
const PAGE_BYTES_MAX: u64 = 1024 * 1024;
/// Rows that are read from the store at once, at first and at most.
const STEP_FIRST: usize = 32;
const STEP_MAX: usize = 1024;

/// What to read, in which order, and from where.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    pub index: Option<String>,
    /// Rows to look at, at most.
    pub limit: Option<usize>,
    /// `LastEvaluatedKey` of the page before.
    pub start: Option<Item>,
    pub backwards: bool,
    pub consistent: bool,
}

/// What to give of what is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Select {
    /// All attributes of a table, what an index holds.
    #[default]
    AllThereIs,
    AllAttributes,
    Projected,
    Count,
    /// Those of [`Selection::projection`].
    Specific,
}

/// The programs that choose.
#[derive(Debug, Default)]
pub struct Selection {
    pub filter: Option<Condition>,
    pub projection: Option<Projection>,
    pub select: Select,
}

#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Empty where only counts were asked for.
    pub items: Vec<Item>,
    pub count: u64,
    pub scanned: u64,
    /// Where to go on, if the page ended before the rows did.
    pub last: Option<Item>,
    pub consumed: Consumed,
    /// Of the rows that were read.
    pub bytes: u64,
}

/// Which rows: the table's, or an index's.
pub(super) struct Source<'a> {
    pub table: &'a Table,
    pub index: Option<(&'a Index, &'a KeySchema)>,
}

impl<'a> Source<'a> {
    /// # Errors
    /// `Refused`: no such index, one that is not ready, or a strongly consistent read of a global one.
    pub fn find(table: &'a Table, bounds: &Bounds) -> Result<Self, TablesError> {
        let Some(name) = &bounds.index else { return Ok(Source { table, index: None }) };
        let missing = || Refusal::validation(format!("The table does not have the specified index: {name}"));
        let (index, schema) = table.index(name).ok_or_else(missing)?;
        match index.status {
            IndexStatus::Active => {}
            IndexStatus::Creating => {
                return Err(Refusal::validation(format!(
                    "Cannot read from backfilling global secondary index: {name}"
                ))
                .into());
            }
            IndexStatus::Deleting => return Err(missing().into()),
        }
        if bounds.consistent && index.kind == IndexKind::Global {
            return Err(Refusal::validation(
                "Consistent reads are not supported on global secondary indexes",
            )
            .into());
        }
        Ok(Source { table, index: Some((index, schema)) })
    }

    /// The schema that rows are ordered by.
    pub fn schema(&self) -> &'a KeySchema {
        self.index.map_or(&self.table.key, |(_, schema)| schema)
    }

    /// Every row begins with this.
    pub fn base(&self) -> Key {
        match self.index {
            Some((index, _)) => keys::entries(self.table.number, index.number),
            None => keys::items(self.table.number),
        }
    }

    /// Where the row of this `LastEvaluatedKey` lies, with its key in the source.
    ///
    /// # Errors
    /// `Refused`: it has not exactly the attributes of the keys.
    pub fn start(&self, start: &Item) -> Result<(EncodedKey, Key), TablesError> {
        let invalid = |_| Refusal::validation("The provided starting key is invalid");
        let item = self.table.key.of_item(start.view()).map_err(invalid)?;
        let mut names: Vec<&str> = self.table.key.names().collect();
        let place = match self.index {
            None => (item.clone(), place::item(self.table.number, &item)),
            Some((index, schema)) => {
                names.extend(schema.names());
                let indexed = schema.of_item(start.view()).map_err(invalid)?;
                let place = place::entry(self.table.number, index.number, &indexed, &item);
                (indexed, place)
            }
        };
        names.sort_unstable();
        names.dedup();
        if names.len() != start.view().len() as usize {
            return Err(Refusal::validation("The provided starting key is invalid").into());
        }
        Ok(place)
    }

    /// A row's keys, the source's and the table's.
    fn last(&self, item: ItemRef<'_>) -> Item {
        match self.index {
            None => self.table.key.key_of(item),
            Some((_, schema)) => {
                let mut names: Vec<&str> = schema.names().chain(self.table.key.names()).collect();
                names.sort_unstable();
                names.dedup();
                let paths: Vec<Path> = names.into_iter().map(|name| Path::new(name, Vec::new())).collect();
                Projection::of(&paths).apply(item)
            }
        }
    }

    /// Whether items have to be read from the table, since the index does not hold all that is asked for.
    fn fetches(&self, selection: &Selection) -> Result<bool, TablesError> {
        let Some((index, schema)) = self.index else { return Ok(false) };
        let lacks = |name: &str| match &index.projected {
            Projected::All => false,
            Projected::KeysOnly => !self.is_key(schema, name),
            Projected::Include(names) => !self.is_key(schema, name) && !names.iter().any(|one| one == name),
        };
        let lacking: Vec<&str> = match selection.select {
            Select::AllAttributes if index.projected != Projected::All => {
                if index.kind == IndexKind::Global {
                    return Err(Refusal::validation(format!(
                        "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for \
                         global secondary index {} because its projection type is not ALL",
                        index.name
                    ))
                    .into());
                }
                return Ok(true);
            }
            Select::Specific => {
                let asked = selection.projection.as_ref();
                asked.into_iter().flat_map(Projection::attributes).filter(|name| lacks(name)).collect()
            }
            _ => Vec::new(),
        };
        if !lacking.is_empty() && index.kind == IndexKind::Global {
            return Err(Refusal::validation(format!(
                "One or more parameter values were invalid: Global secondary index {} does not project [{}]",
                index.name,
                lacking.join(", ")
            ))
            .into());
        }
        Ok(!lacking.is_empty())
    }

    fn is_key(&self, schema: &KeySchema, name: &str) -> bool {
        self.table.key.names().chain(schema.names()).any(|key| key == name)
    }

    /// Reads a page of `range`, or the rest of one of which `spent` bytes are read already.
    ///
    /// # Errors
    /// `Refused`: attributes that the index does not hold; the store fails.
    pub async fn page(
        &self,
        from: &Snapshot,
        mut range: KeyRange,
        bounds: &Bounds,
        selection: &Selection,
        spent: u64,
    ) -> Result<Page, TablesError> {
        let fetches = self.fetches(selection)?;
        let mut reading = Reading { page: Page::default(), bytes: 0, spent, fetched: Units::ZERO };
        loop {
            let step = reading.step(bounds.limit);
            let rows = match bounds.backwards {
                false => from.range(&range, step).await?,
                true => from.range_reverse(&range, step).await?,
            };
            let is_end = rows.len() < step;
            for (key, stored) in &rows {
                let row = row::decode(stored)?;
                let whole = if fetches { self.whole(from, row, &mut reading, bounds).await? } else { None };
                reading.add(whole.as_ref().map_or(row, Item::view), row, selection);
                if reading.is_full(bounds.limit) {
                    reading.page.last = Some(self.last(row));
                    return Ok(self.finish(reading, bounds));
                }
                match bounds.backwards {
                    false => range.start = [key, &[0][..]].concat(),
                    true => range.end = key.to_vec(),
                }
            }
            if is_end {
                return Ok(self.finish(reading, bounds));
            }
        }
    }

    /// The item behind an index's entry.
    async fn whole(
        &self,
        from: &Snapshot,
        entry: ItemRef<'_>,
        reading: &mut Reading,
        bounds: &Bounds,
    ) -> Result<Option<Item>, TablesError> {
        let key = self.table.key.of_item(entry)?;
        let stored = from.get(&place::item(self.table.number, &key)).await?;
        let item = stored.as_deref().map(row::decode).transpose()?;
        let units = Units::read(item.map_or(0, |item| item.size().into()), how(bounds));
        reading.fetched = reading.fetched + units;
        Ok(item.map(ItemRef::to_item))
    }

    fn finish(&self, reading: Reading, bounds: &Bounds) -> Page {
        let units = Units::read(reading.bytes, how(bounds));
        let mut page = Page { bytes: reading.bytes, ..reading.page };
        page.consumed = match self.index {
            None => Consumed::of_table(units),
            Some((index, _)) => {
                let mut consumed = change::Consumed::of_index(index, units);
                consumed.table = reading.fetched;
                consumed
            }
        };
        page
    }
}

fn how(bounds: &Bounds) -> How {
    if bounds.consistent { How::Consistent } else { How::Eventual }
}

struct Reading {
    page: Page,
    /// Of all rows that were read.
    bytes: u64,
    /// On rows of the same page, before these.
    spent: u64,
    /// Taken from the table for what an index does not hold.
    fetched: Units,
}

impl Reading {
    /// As many rows as may still be wanted, by the size of those before.
    fn step(&self, limit: Option<usize>) -> usize {
        let scanned = usize::try_from(self.page.scanned).unwrap_or(usize::MAX);
        let expected = match self.bytes.checked_div(self.page.scanned) {
            None => STEP_FIRST,
            Some(each) => {
                let rows = PAGE_BYTES_MAX.saturating_sub(self.bytes) / each.max(1);
                usize::try_from(rows).unwrap_or(usize::MAX).saturating_add(1)
            }
        };
        let wanted = limit.map_or(usize::MAX, |limit| limit.saturating_sub(scanned));
        expected.min(wanted).clamp(1, STEP_MAX)
    }

    /// `row`: what counts; `item`: what is chosen from.
    fn add(&mut self, item: ItemRef<'_>, row: ItemRef<'_>, selection: &Selection) {
        self.page.scanned += 1;
        self.bytes += u64::from(row.size());
        if selection.filter.as_ref().is_some_and(|filter| !filter.holds(item)) {
            return;
        }
        self.page.count += 1;
        if selection.select != Select::Count {
            self.page.items.push(match &selection.projection {
                Some(projection) => projection.apply(item),
                None => item.to_item(),
            });
        }
    }

    fn is_full(&self, limit: Option<usize>) -> bool {
        self.bytes.saturating_add(self.spent) >= PAGE_BYTES_MAX
            || limit.is_some_and(|limit| self.page.scanned >= u64::try_from(limit).unwrap_or(u64::MAX))
    }
}
