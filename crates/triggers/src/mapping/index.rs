//! Which mappings there are: all of an account in a region, those of a function, those of a source.

use super::record::{Mapping, MappingId, key, of_region, pair};
use super::{MappingError, Mappings};
use kv::{Kv, KvError, Read, Snapshot, Transaction};
use names::key::KeyParts;
use names::{AccountId, Key, Keyspace, Region};

/// Mappings of one page, and of one transaction.
pub(super) const PAGE_MAX: usize = 500;

/// Which mappings a list is of.
#[derive(Debug, Clone)]
pub struct MappingsOf {
    pub account: AccountId,
    pub region: Region,
    pub function_arn: Option<String>,
    pub source_arn: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Page {
    pub mappings: Vec<Mapping>,
    /// Of the last of them, if there are more.
    pub marker: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum By {
    Function = 1,
    Source = 2,
}

impl Mappings {
    /// By UUID. `marker`: the last page's. `most`: at most 500.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list(
        &self,
        asked: MappingsOf,
        marker: Option<String>,
        most: usize,
    ) -> Result<Page, MappingError> {
        let most = most.clamp(1, PAGE_MAX);
        let read = async move |from: &Snapshot| page(from, &asked, marker.as_deref(), most).await;
        Ok(self.0.kv.read(read).await?)
    }
}

async fn page(
    from: &Snapshot,
    asked: &MappingsOf,
    marker: Option<&str>,
    most: usize,
) -> Result<Page, KvError> {
    let MappingsOf { account, region, function_arn, source_arn } = asked;
    let all = match (function_arn, source_arn) {
        (Some(function), Some(source)) => return of_both(from, asked, source, function, marker).await,
        (Some(function), None) => of(By::Function, account, region, function),
        (None, Some(source)) => of(By::Source, account, region, source),
        (None, None) => of_region(account, region),
    };
    let range = match marker {
        Some(marker) => all.range_after(all.clone().text(marker).as_bytes()),
        None => all.range(),
    };
    let mut entries = from.range(&range, most.saturating_add(1)).await?;
    let has_more = entries.len() > most;
    entries.truncate(most);
    let mut mappings = Vec::with_capacity(entries.len());
    for (_, bytes) in entries {
        if function_arn.is_none() && source_arn.is_none() {
            mappings.push(kv::record::decode(&bytes)?);
        } else {
            mappings.extend(named(from, asked, &bytes).await?);
        }
    }
    let marker = mappings.last().filter(|_| has_more).map(|last: &Mapping| last.uuid.clone());
    Ok(Page { mappings, marker })
}

/// Mappings that were made before there was an index are entered. To be run once before anything else.
pub(super) async fn enter_all(kv: &Kv) -> Result<(), KvError> {
    let mut range = Key::new(Keyspace::EventSourceMapping).range();
    loop {
        let part = range.clone();
        let enter = async move |tx: &mut Transaction| {
            let entries = tx.range(&part, PAGE_MAX).await?;
            for (at, bytes) in &entries {
                let (Some(id), Ok(mapping)) = (id_of(at), kv::record::decode::<Mapping>(bytes)) else {
                    continue;
                };
                let [of_function, _] = keys(&id, &mapping);
                if tx.get(of_function.as_bytes()).await?.is_none() {
                    put(tx, &id, &mapping);
                }
            }
            let is_full = entries.len() == PAGE_MAX;
            Ok::<_, KvError>(entries.last().filter(|_| is_full).map(|(last, _)| last.to_vec()))
        };
        match kv.transact(enter).await? {
            Some(last) => range.start = [&last[..], &[0]].concat(),
            None => return Ok(()),
        }
    }
}

pub(super) fn put(tx: &mut Transaction, id: &MappingId, mapping: &Mapping) {
    for key in keys(id, mapping) {
        tx.put(key, id.uuid.clone().into_bytes());
    }
}

pub(super) fn delete(tx: &mut Transaction, id: &MappingId, mapping: &Mapping) {
    for key in keys(id, mapping) {
        tx.delete(key);
    }
}

fn keys(id: &MappingId, mapping: &Mapping) -> [Key; 2] {
    let of = |by, arn| of(by, &id.account, &id.region, arn).text(&id.uuid);
    [of(By::Function, &mapping.function_arn), of(By::Source, &mapping.source_arn)]
}

fn of(by: By, account: &AccountId, region: &Region, arn: &str) -> Key {
    let index = Key::new(Keyspace::EventSourceIndex).number(by as u64);
    index.text(account.as_str()).text(region.as_str()).text(arn)
}

/// There is one of a function and a source at most.
async fn of_both(
    from: &Snapshot,
    asked: &MappingsOf,
    source: &str,
    function: &str,
    marker: Option<&str>,
) -> Result<Page, KvError> {
    let found = match from.get(pair(source, function).as_bytes()).await? {
        Some(uuid) => named(from, asked, &uuid).await?,
        None => None,
    };
    let is_behind = |found: &Mapping| marker.is_none_or(|marker| found.uuid.as_str() > marker);
    Ok(Page { mappings: found.into_iter().filter(is_behind).collect(), marker: None })
}

async fn named(from: &Snapshot, asked: &MappingsOf, uuid: &[u8]) -> Result<Option<Mapping>, KvError> {
    let uuid = String::from_utf8_lossy(uuid).into_owned();
    let id = MappingId { account: asked.account.clone(), region: asked.region.clone(), uuid };
    kv::get_record(from, key(&id)).await
}

fn id_of(key: &[u8]) -> Option<MappingId> {
    let mut parts = KeyParts::of(Keyspace::EventSourceMapping, key).ok()?;
    Some(MappingId {
        account: AccountId::parse(&parts.text().ok()?).ok()?,
        region: Region::parse(&parts.text().ok()?).ok()?,
        uuid: parts.text().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Settings, Source};
    use super::*;
    use clock::Timestamp;
    use std::collections::BTreeMap;

    const SOURCE: &str = "arn:aws:sqs:us-east-1:000000000000:q";

    fn mapping(number: usize, function: &str) -> Mapping {
        Mapping {
            uuid: format!("{number:08}-0000-4000-8000-000000000000"),
            function_arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{function}"),
            source_arn: SOURCE.to_owned(),
            start: None,
            settings: Settings::usual(Source::parse(SOURCE).unwrap().bounds()),
            is_enabled: false,
            tags: BTreeMap::new(),
            changed: Timestamp::from_seconds(0),
            revision: 1,
        }
    }

    fn id(mapping: &Mapping) -> MappingId {
        MappingId { account: AccountId::root(), region: Region::default_region(), uuid: mapping.uuid.clone() }
    }

    async fn uuids(kv: &Kv, function: Option<&str>, most: usize) -> Vec<Vec<String>> {
        let (mut pages, mut marker) = (Vec::new(), None);
        loop {
            let asked = MappingsOf {
                account: AccountId::root(),
                region: Region::default_region(),
                function_arn: function.map(|name| mapping(0, name).function_arn),
                source_arn: function.is_none().then(|| SOURCE.to_owned()),
            };
            let read = async move |from: &Snapshot| page(from, &asked, marker.as_deref(), most).await;
            let found = kv.read(read).await.unwrap();
            pages.push(found.mappings.into_iter().map(|mapping| mapping.uuid).collect());
            match found.marker {
                Some(next) => marker = Some(next),
                None => return pages,
            }
        }
    }

    /// More than one transaction takes.
    #[tokio::test]
    async fn mappings_from_before_the_index_are_found_by_it() {
        let kv = Kv::memory();
        let all: Vec<_> =
            (0..2 * PAGE_MAX + 3).map(|number| mapping(number, ["a", "b"][number % 2])).collect();
        let written = all.clone();
        let write = async move |tx: &mut Transaction| {
            for mapping in &written {
                kv::put_record(tx, key(&id(mapping)), mapping);
            }
            Ok::<_, KvError>(())
        };
        kv.transact(write).await.unwrap();
        assert_eq!(uuids(&kv, Some("a"), 10).await, vec![Vec::<String>::new()]);
        for _ in 0..2 {
            enter_all(&kv).await.unwrap();
            for (function, expected) in [(Some("a"), 502), (Some("b"), 501), (None, 1_003)] {
                let pages = uuids(&kv, function, 200).await;
                assert!(pages.iter().rev().skip(1).all(|page| page.len() == 200), "{function:?}");
                let found = pages.concat();
                assert!(found.is_sorted() && found.len() == expected, "{function:?} {}", found.len());
            }
        }
    }

    #[tokio::test]
    async fn a_page_that_is_just_full_is_the_last_one() {
        let kv = Kv::memory();
        let write = async move |tx: &mut Transaction| {
            for number in 0..4 {
                let mapping = mapping(number, "a");
                kv::put_record(tx, key(&id(&mapping)), &mapping);
                put(tx, &id(&mapping), &mapping);
            }
            delete(tx, &id(&mapping(3, "a")), &mapping(3, "a"));
            Ok::<_, KvError>(())
        };
        kv.transact(write).await.unwrap();
        let sizes = async |most| uuids(&kv, Some("a"), most).await.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(3).await, [3]);
        assert_eq!(sizes(2).await, [2, 1]);
        assert_eq!(sizes(1).await, [1, 1, 1]);
    }
}
