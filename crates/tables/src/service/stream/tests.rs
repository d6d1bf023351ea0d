use super::*;
use crate::service::items::Precondition;
use crate::table::{
    AttributeDefinition, Billing, CreateTable, KeyElement, KeyRole, Scaling, StreamId, StreamView, TableClass,
};
use crate::value::{Item, decode_item};
use crate::{DeleteItem, PutItem, TableId, TableName, Tables, TablesError};
use clock::{Clock, Timestamp};
use kv::Kv;
use names::{AccountId, Region};
use proptest::prelude::*;
use std::collections::BTreeMap;

pub(crate) fn table() -> TableId {
    TableId {
        account: AccountId::parse("000000000000").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
        name: TableName::parse("table").unwrap(),
    }
}

pub(crate) fn item(key: u8, value: Option<u8>) -> Item {
    let value = value.map(|value| format!(r#","v":{{"N":"{value}"}}"#)).unwrap_or_default();
    decode_item(&format!(r#"{{"k":{{"S":"{key}"}}{value}}}"#)).unwrap()
}

pub(crate) async fn make(tables: &Tables, stream: Option<StreamView>) -> Option<StreamId> {
    let request = CreateTable {
        table: table(),
        attributes: vec![AttributeDefinition { name: "k".to_owned(), kind: crate::key::KeyKind::S }],
        key: vec![KeyElement { name: "k".to_owned(), role: KeyRole::Partition }],
        indexes: Vec::new(),
        billing: Billing::PayPerRequest,
        deletion_protection: false,
        tags: BTreeMap::new(),
        class: TableClass::Standard,
        scaling: Scaling::default(),
        stream,
        policy: None,
    };
    let made = tables.create_table(request).await.unwrap();
    made.record.stream.map(|stream| StreamId { table: table(), label: stream.label })
}

pub(crate) async fn put(tables: &Tables, key: u8, value: u8) {
    let (item, precondition) = (item(key, Some(value)), Precondition::default());
    tables.put_item(PutItem { table: table(), item, precondition }).await.unwrap();
}

pub(crate) async fn delete(tables: &Tables, key: u8) {
    let (key, precondition) = (item(key, None), Precondition::default());
    tables.delete_item(DeleteItem { table: table(), key, precondition }).await.unwrap();
}

/// All of a shard, in pages of `limit`.
async fn shard(tables: &Tables, id: &StreamId, shard: u32, limit: usize) -> Vec<Change> {
    let (mut changes, mut position) = (Vec::new(), Position::Oldest);
    loop {
        let page = tables.read_stream(id.clone(), shard, position, limit).await.unwrap();
        if page.changes.is_empty() {
            return changes;
        }
        changes.extend(page.changes);
        position = page.next.unwrap();
    }
}

pub(crate) async fn all(tables: &Tables, id: &StreamId) -> Vec<Change> {
    let mut changes = Vec::new();
    for number in 0..SHARDS {
        changes.extend(shard(tables, id, number, 1_000).await);
    }
    changes
}

fn simulated() -> (Tables, Clock) {
    let clock = Clock::simulated(Timestamp::from_seconds(1_700_000_000), 1);
    (Tables::new(Kv::memory(), clock.clone()), clock)
}

/// A key, and what it becomes: nothing, or a value.
type Step = (u8, Option<u8>);

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_stream_is_the_sequence_of_changes(steps in prop::collection::vec((0u8..12, prop::option::of(0u8..3)), 1..60), limit in 1usize..9) {
        run(async {
            let (tables, _) = simulated();
            let id = make(&tables, Some(StreamView::NewAndOldImages)).await.unwrap();
            let expected = apply(&tables, &steps).await;
            let mut found: BTreeMap<u8, Vec<_>> = BTreeMap::new();
            for number in 0..SHARDS {
                let changes = shard(&tables, &id, number, limit).await;
                let sequences: Vec<u64> = changes.iter().map(|change| change.sequence).collect();
                prop_assert_eq!(sequences, (1..=changes.len() as u64).collect::<Vec<_>>());
                for change in changes {
                    let key: u8 = change.keys.view().get("k").unwrap().as_str().unwrap().parse().unwrap();
                    found.entry(key).or_default().push((change.event, change.old, change.new));
                }
            }
            prop_assert_eq!(found, expected);
            Ok(())
        })?;
    }
}

type Told = BTreeMap<u8, Vec<(Event, Option<Item>, Option<Item>)>>;

/// What a stream of these steps must tell of each key, by the simplest means.
async fn apply(tables: &Tables, steps: &[Step]) -> Told {
    let (mut state, mut told) = (BTreeMap::new(), Told::new());
    for &(key, value) in steps {
        let old: Option<u8> = match value {
            Some(value) => {
                put(tables, key, value).await;
                state.insert(key, value)
            }
            None => {
                delete(tables, key).await;
                state.remove(&key)
            }
        };
        let event = match (old, value) {
            (None, Some(_)) => Event::Insert,
            (Some(old), Some(new)) if old != new => Event::Modify,
            (Some(_), None) => Event::Remove,
            _ => continue,
        };
        let image = |value: Option<u8>| value.map(|value| item(key, Some(value)));
        told.entry(key).or_default().push((event, image(old), image(value)));
    }
    told
}

#[tokio::test]
async fn a_view_holds_what_it_names() {
    for (view, has_old, has_new) in [
        (StreamView::KeysOnly, false, false),
        (StreamView::OldImage, true, false),
        (StreamView::NewImage, false, true),
        (StreamView::NewAndOldImages, true, true),
    ] {
        let (tables, _) = simulated();
        let id = make(&tables, Some(view)).await.unwrap();
        put(&tables, 1, 1).await;
        put(&tables, 1, 2).await;
        let changes = all(&tables, &id).await;
        let change = &changes[1];
        assert_eq!(change.keys, item(1, None));
        assert_eq!(change.old, has_old.then(|| item(1, Some(1))));
        assert_eq!(change.new, has_new.then(|| item(1, Some(2))));
        assert_eq!(changes[0].old, None);
    }
}

#[tokio::test]
async fn changes_are_kept_for_a_day_and_older_places_are_trimmed() {
    let (tables, clock) = simulated();
    let id = make(&tables, Some(StreamView::KeysOnly)).await.unwrap();
    put(&tables, 1, 1).await;
    let number = (0..SHARDS).map(|number| shard(&tables, &id, number, 9));
    let of_shards = futures_util::future::join_all(number).await;
    let number = u32::try_from(of_shards.iter().position(|changes| !changes.is_empty()).unwrap()).unwrap();
    clock.advance(RETENTION + Duration::from_secs(1));
    put(&tables, 1, 2).await;
    tables.trim_streams().await.unwrap();
    let left = shard(&tables, &id, number, 9).await;
    assert_eq!(left.iter().map(|change| change.sequence).collect::<Vec<_>>(), [2]);
    let read = tables.read_stream(id.clone(), number, Position::At(1), 9).await;
    assert!(matches!(read, Err(TablesError::Trimmed)));
    let info = tables.describe_stream(id.clone()).await.unwrap();
    let id_of_shard = Shard::id(info.record.number, number);
    for (start, expected) in [
        (StreamStart::At(2), Some(2)),
        (StreamStart::After(1), Some(2)),
        (StreamStart::After(2), Some(3)),
        (StreamStart::Latest, Some(3)),
        (StreamStart::At(1), None),
        (StreamStart::At(4), None),
    ] {
        let found = tables.stream_position(id.clone(), id_of_shard.clone(), start).await.ok();
        assert_eq!(found, expected.map(|place| (number, Position::At(place))), "{start:?}");
    }
}

#[tokio::test]
async fn a_stream_outlives_its_table_by_a_day() {
    let (tables, clock) = simulated();
    let id = make(&tables, Some(StreamView::KeysOnly)).await.unwrap();
    put(&tables, 1, 1).await;
    let mut more = tables.watch_stream(tables.describe_stream(id.clone()).await.unwrap().record.number);
    put(&tables, 1, 2).await;
    more.changed().await;
    tables.delete_table(table()).await.unwrap();
    let second = make(&tables, Some(StreamView::NewImage)).await.unwrap();
    assert_ne!(second, id);
    for number in 0..SHARDS {
        let page = tables.read_stream(id.clone(), number, Position::Oldest, 9).await.unwrap();
        assert_eq!(page.next, None, "its shards are closed");
    }
    let listed =
        tables.list_streams(table().account, table().region, Some(table().name), None, 9).await.unwrap();
    assert_eq!(listed.streams, [id.clone(), second.clone()]);
    clock.advance(RETENTION + Duration::from_secs(1));
    tables.trim_streams().await.unwrap();
    assert!(matches!(tables.describe_stream(id).await, Err(TablesError::NoSuchStream(_))));
    assert!(tables.describe_stream(second).await.is_ok());
}

#[tokio::test]
async fn a_page_ends_before_a_mebibyte_and_has_one_change_at_least() {
    let (tables, _) = simulated();
    let id = make(&tables, Some(StreamView::NewAndOldImages)).await.unwrap();
    for round in 0..4 {
        let text = "x".repeat(390 * 1024 + round);
        let item = decode_item(&format!(r#"{{"k":{{"S":"1"}},"v":{{"S":"{text}"}}}}"#)).unwrap();
        let precondition = Precondition::default();
        tables.put_item(PutItem { table: table(), item, precondition }).await.unwrap();
    }
    for number in 0..SHARDS {
        let page = tables.read_stream(id.clone(), number, Position::Oldest, 9).await.unwrap();
        assert!(page.changes.is_empty() || page.changes.len() == 1 || page.changes.len() == 2);
        let rest = shard(&tables, &id, number, 9).await;
        assert!(rest.is_empty() || rest.len() == 4);
    }
}

#[test]
fn bytes_that_were_never_written_are_corrupt() {
    let keys = item(1, None);
    let written =
        entry::encode(Timestamp::EPOCH, Event::Modify, Actor::Expiry, keys.view(), None, Some(keys.view()));
    let change = entry::decode(7, &written).unwrap();
    assert_eq!((change.sequence, change.event, change.by), (7, Event::Modify, Actor::Expiry));
    assert_eq!((change.old, change.new), (None, Some(keys)));
    for place in 0..written.len() {
        let mut changed = written.clone();
        changed[place] ^= 1;
        assert!(entry::decode(7, &changed).is_err(), "{place}");
        assert!(entry::decode(7, &written[..place]).is_err(), "{place}");
    }
}
