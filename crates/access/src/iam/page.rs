//! Lists in pages, in byte order of names: the marker is the last name of the page before.

use super::IamError;
use kv::{Read, Record};
use names::Key;

/// Items of a page when nobody says how many, and at most.
pub const PAGE_ITEMS: usize = 100;
pub const PAGE_ITEMS_MAX: usize = 1_000;

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// [`Page::next_marker`] of the page before.
    pub marker: Option<String>,
    /// 1–[`PAGE_ITEMS_MAX`]; anything else is cut to that.
    pub max: usize,
}

impl Paging {
    pub fn new(marker: Option<String>, max: Option<usize>) -> Self {
        Paging { marker, max: max.unwrap_or(PAGE_ITEMS).clamp(1, PAGE_ITEMS_MAX) }
    }
}

impl Default for Paging {
    fn default() -> Self {
        Paging::new(None, None)
    }
}

/// One page of a list, and the marker that the next one starts after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// `None` with the last page.
    pub next_marker: Option<String>,
}

impl<T> Page<T> {
    /// `items`: one more than `max` where there are more, each with its marker.
    pub(crate) fn cut(mut items: Vec<(String, T)>, max: usize) -> Self {
        let more = items.len() > max;
        items.truncate(max);
        let next_marker = if more { items.last().map(|(marker, _)| marker.clone()) } else { None };
        Page { items: items.into_iter().map(|(_, item)| item).collect(), next_marker }
    }

    pub(crate) fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_marker: self.next_marker }
    }
}

/// The page of `names`, which come in byte order.
pub(crate) fn of_names<'a>(names: impl Iterator<Item = &'a String>, paging: &Paging) -> Page<String> {
    let after = names.filter(|name| paging.marker.as_ref().is_none_or(|marker| *name > marker));
    let items = after.take(paging.max.saturating_add(1)).map(|name| (name.clone(), name.clone()));
    Page::cut(items.collect(), paging.max)
}

/// The records under `prefix`, whose keys end with the text that `name` answers, that `keep` wants.
///
/// Reads at most as many records as the quotas of their kind let there be.
pub(crate) async fn of_records<R: Record>(
    from: &impl Read,
    prefix: &Key,
    paging: &Paging,
    name: impl Fn(&R) -> &str,
    keep: impl Fn(&R) -> bool,
) -> Result<Page<R>, IamError> {
    let mut kept = Vec::new();
    let mut range = match &paging.marker {
        Some(marker) => prefix.range_after(&prefix.clone().text(marker)),
        None => prefix.range(),
    };
    loop {
        let read = kv::range_records::<R>(from, &range, paging.max.saturating_add(1)).await?;
        let is_end = read.len() <= paging.max;
        if let Some((last, _)) = read.last() {
            range = prefix.range_after(last);
        }
        let wanted = read.into_iter().map(|(_, record)| record).filter(|record| keep(record));
        kept.extend(wanted.map(|record| (name(&record).to_owned(), record)));
        if is_end || kept.len() > paging.max {
            return Ok(Page::cut(kept, paging.max));
        }
    }
}
