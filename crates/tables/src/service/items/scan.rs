use super::page::{Bounds, Page, Selection, Source};
use crate::Refusal;
use crate::service::throughput::Side;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use kv::Snapshot;
use names::KeyRange;

/// All items, or those of one of so many segments.
pub struct Scan {
    pub table: TableId,
    pub bounds: Bounds,
    pub selection: Selection,
    pub segment: Option<Segment>,
}

/// `number` of `of`, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    pub number: u32,
    pub of: u32,
}

impl Tables {
    /// # Errors
    /// `NotFound`, `Refused`; the store fails.
    pub async fn scan(&self, request: Scan) -> Result<Page, TablesError> {
        let (known, throughput) = (self.known.clone(), self.throughput.clone());
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let table = known.for_items(snapshot, &request.table).await?;
                let source = Source::find(&table, &request.bounds)?;
                throughput.admit(&table, source.index.map(|(index, _)| index), Side::Read)?;
                let mut range = range(&source, request.segment);
                if let Some(start) = &request.bounds.start {
                    let (_, place) = source.start(start)?;
                    let after = [&place[..], &[0]].concat();
                    if place[..] < range.start[..] || after > range.end {
                        return Err(Refusal::validation(
                            "The provided starting key is invalid: it is of another segment",
                        )
                        .into());
                    }
                    range.start = after;
                }
                let page = source.page(snapshot, range, &request.bounds, &request.selection, 0).await?;
                throughput.take(&table, &page.consumed, Side::Read);
                Ok(page)
            })
            .await
    }
}

/// Segments divide the hashes of partitions evenly.
fn range(source: &Source<'_>, segment: Option<Segment>) -> KeyRange {
    let mut range = source.base().range();
    let Some(Segment { number, of }) = segment else { return range };
    let begin = |number: u32| {
        let hash = (u128::from(number) << 64) / u128::from(of.max(1));
        u64::try_from(hash).ok().map(|hash| source.base().number(hash).into_bytes())
    };
    if let Some(start) = begin(number) {
        range.start = start;
    }
    if let Some(end) = begin(number.saturating_add(1)) {
        range.end = end;
    }
    range
}
