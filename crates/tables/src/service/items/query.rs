use super::page::{Bounds, Page, Selection, Source};
use super::place;
use crate::Refusal;
use crate::expression::KeyCondition;
use crate::key::KeySchema;
use crate::service::throughput::Side;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use kv::Snapshot;
use names::KeyRange;

/// The items of one partition.
pub struct Query {
    pub table: TableId,
    pub bounds: Bounds,
    /// Reads what is asked for, once the key is known that it is asked of.
    pub programs: Programs,
}

/// Key condition and selection, for a table or an index with this key.
pub type Programs = Box<dyn Fn(&KeySchema) -> Result<(KeyCondition, Selection), Refusal> + Send + Sync>;

impl Tables {
    /// # Errors
    /// `NotFound`, `Refused`; the store fails.
    pub async fn query(&self, request: Query) -> Result<Page, TablesError> {
        let (known, throughput) = (self.known.clone(), self.throughput.clone());
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let table = known.for_items(snapshot, &request.table).await?;
                let source = Source::find(&table, &request.bounds)?;
                throughput.admit(&table, source.index.map(|(index, _)| index), Side::Read)?;
                let (condition, selection) = (request.programs)(source.schema())?;
                let range = range(&source, &condition, &request.bounds)?;
                let page = source.page(snapshot, range, &request.bounds, &selection, 0).await?;
                throughput.take(&table, &page.consumed, Side::Read);
                Ok(page)
            })
            .await
    }
}

pub(super) fn range(
    source: &Source<'_>,
    condition: &KeyCondition,
    bounds: &Bounds,
) -> Result<KeyRange, TablesError> {
    let partition = place::partition(source.base(), &condition.partition);
    let mut range = partition.range();
    range.start = partition.clone().ended(&condition.sort.start).into_bytes();
    if let Some(end) = &condition.sort.end {
        range.end = partition.clone().ended(end).into_bytes();
    }
    if let Some(start) = &bounds.start {
        let (key, place) = source.start(start)?;
        if key.partition != condition.partition || !condition.sort.contains(&key.sort) {
            return Err(Refusal::validation(
                "The provided starting key is outside query boundaries based on provided conditions",
            )
            .into());
        }
        if bounds.backwards {
            range.end = place.into_bytes();
        } else {
            range.start = [&place[..], &[0]].concat();
        }
    }
    Ok(range)
}
