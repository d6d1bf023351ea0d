use super::page::{Bounds, Page, Selection, Source};
use super::query;
use crate::Refusal;
use crate::key::KeySchema;
use crate::partiql::{Plan, Reach};
use crate::service::throughput::Side;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use kv::Snapshot;

/// What a statement selects: items of some partitions, or all.
pub struct SelectItems {
    pub table: TableId,
    /// [`Bounds::backwards`] is the plan's.
    pub bounds: Bounds,
    /// Reads what is asked for, once the key is known that it is asked of.
    pub plan: Planned,
}

pub type Planned = Box<dyn Fn(&KeySchema) -> Result<(Plan, Selection), Refusal> + Send + Sync>;

impl Tables {
    /// # Errors
    /// `NotFound`, `Refused`; the store fails.
    pub async fn select(&self, request: SelectItems) -> Result<Page, TablesError> {
        let (known, throughput) = (self.known.clone(), self.throughput.clone());
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let table = known.for_items(snapshot, &request.table).await?;
                let source = Source::find(&table, &request.bounds)?;
                throughput.admit(&table, source.index.map(|(index, _)| index), Side::Read)?;
                let (plan, selection) = (request.plan)(source.schema())?;
                let mut bounds = Bounds { backwards: plan.backwards, ..request.bounds.clone() };
                let mut page = Page::default();
                match &plan.reach {
                    Reach::Everything => {
                        let mut range = source.base().range();
                        if let Some(start) = &bounds.start {
                            let (_, place) = source.start(start)?;
                            range.start = [&place[..], &[0]].concat();
                        }
                        page = source.page(snapshot, range, &bounds, &selection, 0).await?;
                    }
                    Reach::Partitions(partitions) => {
                        let from = match &bounds.start {
                            None => 0,
                            Some(start) => {
                                let (key, _) = source.start(start)?;
                                let at = partitions.iter().position(|one| one.partition == key.partition);
                                at.ok_or_else(|| Refusal::validation("The provided starting key is invalid"))?
                            }
                        };
                        for condition in partitions.iter().skip(from) {
                            let range = query::range(&source, condition, &bounds)?;
                            let part = source.page(snapshot, range, &bounds, &selection, page.bytes).await?;
                            bounds.start = None;
                            bounds.limit = bounds.limit.map(|limit| {
                                limit.saturating_sub(usize::try_from(part.scanned).unwrap_or(usize::MAX))
                            });
                            page.items.extend(part.items);
                            page.count += part.count;
                            page.scanned += part.scanned;
                            page.bytes += part.bytes;
                            page.consumed.add(&part.consumed);
                            page.last = part.last;
                            if page.last.is_some() {
                                break;
                            }
                        }
                    }
                }
                throughput.take(&table, &page.consumed, Side::Read);
                Ok(page)
            })
            .await
    }
}
