use crate::service::items::Precondition;
use crate::service::stream::tests::{all, make, table};
use crate::value::{Item, decode_item};
use crate::{
    Actor, DeleteItem, Event, GetItem, PutItem, StreamView, Tables, TablesError, TimeToLiveStatus, keys,
};
use clock::{Clock, Timestamp};
use kv::Kv;
use std::time::Duration;

const NOW: i64 = 1_700_000_000;

fn simulated() -> (Tables, Clock) {
    let clock = Clock::simulated(Timestamp::from_seconds(NOW), 1);
    (Tables::new(Kv::memory(), clock.clone()), clock)
}

fn key(key: &str) -> Item {
    decode_item(&format!(r#"{{"k":{{"S":"{key}"}}}}"#)).unwrap()
}

/// An item whose attribute `at` is this.
async fn put(tables: &Tables, key: &str, at: &str) {
    let item = decode_item(&format!(r#"{{"k":{{"S":"{key}"}},"at":{at}}}"#)).unwrap();
    let precondition = Precondition::default();
    tables.put_item(PutItem { table: table(), item, precondition }).await.unwrap();
}

async fn is_there(tables: &Tables, name: &str) -> bool {
    let request = GetItem { table: table(), key: key(name), projection: None, consistent: true };
    tables.get_item(request).await.unwrap().item.is_some()
}

async fn set(tables: &Tables, attribute: &str, enabled: bool) -> Result<(), TablesError> {
    tables.update_time_to_live(table(), attribute.to_owned(), enabled).await
}

async fn status(tables: &Tables) -> Option<TimeToLiveStatus> {
    tables.time_to_live(table()).await.unwrap().map(|kept| kept.status)
}

/// Until there is nothing to do.
async fn expire(tables: &Tables) {
    while tables.expire().await.unwrap() {}
}

async fn noted(tables: &Tables) -> usize {
    let number = tables.describe_table(table()).await.unwrap().record.number;
    tables.kv.range(keys::expiries(number).range(), 10_000).await.unwrap().len()
}

#[tokio::test]
async fn items_expire_when_their_second_is_over_and_not_before() {
    let (tables, clock) = simulated();
    let stream = make(&tables, Some(StreamView::OldImage)).await.unwrap();
    put(&tables, "before", &format!(r#"{{"N":"{}"}}"#, NOW + 10)).await;
    set(&tables, "at", true).await.unwrap();
    for (key, at) in [
        ("soon", format!(r#"{{"N":"{}"}}"#, NOW + 10)),
        ("later", format!(r#"{{"N":"{}"}}"#, NOW + 20)),
        ("fraction", format!(r#"{{"N":"{}.75"}}"#, NOW + 10)),
        ("string", format!(r#"{{"S":"{}"}}"#, NOW + 10)),
        ("negative", r#"{"N":"-1"}"#.to_owned()),
        ("ancient", r#"{"N":"1"}"#.to_owned()),
        ("huge", r#"{"N":"1E+100"}"#.to_owned()),
        ("put off", format!(r#"{{"N":"{}"}}"#, NOW + 10)),
    ] {
        put(&tables, key, &at).await;
    }
    put(&tables, "put off", &format!(r#"{{"N":"{}"}}"#, NOW + 30)).await;
    expire(&tables).await;
    assert_eq!(status(&tables).await, Some(TimeToLiveStatus::Enabled));
    clock.advance(Duration::from_secs(10));
    expire(&tables).await;
    assert!(is_there(&tables, "soon").await, "not before its second is over");
    clock.advance(Duration::from_secs(1));
    expire(&tables).await;
    for gone in ["before", "soon", "fraction"] {
        assert!(!is_there(&tables, gone).await, "{gone}");
    }
    for left in ["later", "string", "negative", "ancient", "huge", "put off"] {
        assert!(is_there(&tables, left).await, "{left}");
    }
    let changes = all(&tables, &stream).await;
    let removed: Vec<_> = changes.iter().filter(|change| change.event == Event::Remove).collect();
    assert_eq!(removed.len(), 3);
    assert!(removed.iter().all(|change| change.by == Actor::Expiry && change.old.is_some()));
    assert!(changes.iter().all(|change| change.event == Event::Remove || change.by == Actor::Caller));
}

#[tokio::test]
async fn what_was_there_before_is_noted_and_forgotten_in_steps() {
    let (tables, clock) = simulated();
    make(&tables, None).await;
    for number in 0..200 {
        put(&tables, &number.to_string(), &format!(r#"{{"N":"{}"}}"#, NOW + 5 + number % 2 * 1_000)).await;
    }
    assert_eq!(noted(&tables).await, 0);
    set(&tables, "at", true).await.unwrap();
    assert_eq!(status(&tables).await, Some(TimeToLiveStatus::Enabling));
    // Written while it is being enabled.
    put(&tables, "0", &format!(r#"{{"N":"{}"}}"#, NOW + 500)).await;
    let gone = DeleteItem { table: table(), key: key("2"), precondition: Precondition::default() };
    tables.delete_item(gone).await.unwrap();
    // Another start of the service goes on where this one stopped.
    let again = Tables::new(tables.kv.clone(), clock.clone());
    expire(&again).await;
    assert_eq!(noted(&tables).await, 199);
    clock.advance(Duration::from_secs(6));
    expire(&again).await;
    assert_eq!(tables.describe_table(table()).await.unwrap().count.items, 101);
    assert_eq!(noted(&tables).await, 101);
    set(&tables, "at", false).await.unwrap();
    put(&tables, "new", &format!(r#"{{"N":"{}"}}"#, NOW + 7)).await;
    clock.advance(Duration::from_secs(10_000));
    expire(&tables).await;
    assert_eq!((status(&tables).await, noted(&tables).await), (None, 0));
    assert_eq!(tables.describe_table(table()).await.unwrap().count.items, 102);
}

#[tokio::test]
async fn a_change_is_refused_where_it_is_none_or_one_is_under_way() {
    let (tables, _) = simulated();
    make(&tables, None).await;
    let refused = |result: Result<(), TablesError>| result.unwrap_err().to_string();
    assert_eq!(refused(set(&tables, "at", false).await), "TimeToLive is already disabled");
    set(&tables, "at", true).await.unwrap();
    assert!(refused(set(&tables, "at", false).await).contains("modified multiple times"));
    expire(&tables).await;
    assert_eq!(refused(set(&tables, "at", true).await), "TimeToLive is already enabled");
    assert!(refused(set(&tables, "other", true).await).contains("current AttributeName is at"));
    set(&tables, "at", false).await.unwrap();
    expire(&tables).await;
    set(&tables, "other", true).await.unwrap();
}

#[tokio::test]
async fn nothing_is_left_of_a_table_that_is_gone() {
    let (tables, clock) = simulated();
    make(&tables, None).await;
    set(&tables, "at", true).await.unwrap();
    expire(&tables).await;
    put(&tables, "1", &format!(r#"{{"N":"{}"}}"#, NOW + 5)).await;
    let number = tables.describe_table(table()).await.unwrap().record.number;
    tables.delete_table(table()).await.unwrap();
    make(&tables, None).await;
    put(&tables, "1", &format!(r#"{{"N":"{}"}}"#, NOW + 5)).await;
    while tables.sweep().await.unwrap() {}
    clock.advance(Duration::from_secs(60));
    expire(&tables).await;
    assert!(is_there(&tables, "1").await, "the new table's items do not expire");
    assert!(tables.kv.range(keys::expiries(number).range(), 1).await.unwrap().is_empty());
}
