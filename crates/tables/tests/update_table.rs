//! Indexes made while items are written, and what else of a table changes.

use clock::{Clock, Timestamp};
use kv::Kv;
use names::{AccountId, Region};
use std::collections::BTreeMap;
use tables::key::KeyKind;
use tables::value::{Item, decode_item, write_item};
use tables::{
    AttributeDefinition, Billing, Bound, Bounds, ChangeCapacity, CreateIndex, CreateTable, DeleteItem,
    IndexChange, IndexKind, IndexStatus, KeyElement, KeyRole, Precondition, Projected, PutItem, Scaling,
    Scan, Selection, TableClass, TableId, TableName, Tables, TablesError, Throughput, UpdateTable,
};

fn id() -> TableId {
    let name = TableName::parse("orders").unwrap();
    TableId { account: AccountId::root(), region: Region::parse("us-east-1").unwrap(), name }
}

fn hash(name: &str) -> Vec<KeyElement> {
    vec![KeyElement { name: name.to_owned(), role: KeyRole::Partition }]
}

fn attribute(name: &str, kind: KeyKind) -> AttributeDefinition {
    AttributeDefinition { name: name.to_owned(), kind }
}

async fn made(billing: Billing) -> (Tables, Clock) {
    let clock = Clock::simulated(Timestamp::parse_iso8601("2026-03-01T00:00:00Z").unwrap(), 7);
    let tables = Tables::new(Kv::memory(), clock.clone());
    let request = CreateTable {
        table: id(),
        attributes: vec![attribute("pk", KeyKind::S)],
        key: hash("pk"),
        indexes: Vec::new(),
        billing,
        deletion_protection: false,
        tags: BTreeMap::new(),
        class: TableClass::Standard,
        scaling: Scaling::default(),
        stream: None,
        policy: None,
    };
    tables.create_table(request).await.unwrap();
    (tables, clock)
}

fn nothing() -> UpdateTable {
    UpdateTable {
        table: id(),
        attributes: Vec::new(),
        billing: None,
        capacity: ChangeCapacity::default(),
        indexes: Vec::new(),
        deletion_protection: None,
        class: None,
        stream: None,
    }
}

fn create(name: &str, on: &str, projected: Projected) -> UpdateTable {
    let index = CreateIndex {
        name: name.to_owned(),
        kind: IndexKind::Global,
        key: hash(on),
        projected,
        throughput: None,
        scaling: Scaling::default(),
    };
    UpdateTable {
        attributes: vec![attribute(on, KeyKind::N)],
        indexes: vec![IndexChange::Create { index, capacity: ChangeCapacity::default() }],
        ..nothing()
    }
}

fn delete(name: &str) -> UpdateTable {
    UpdateTable { indexes: vec![IndexChange::Delete { name: name.to_owned() }], ..nothing() }
}

async fn put(tables: &Tables, text: &str) -> Result<(), TablesError> {
    let item = decode_item(text).unwrap();
    tables.put_item(PutItem { table: id(), item, precondition: Precondition::default() }).await.map(|_| ())
}

async fn remove(tables: &Tables, text: &str) {
    let key = decode_item(text).unwrap();
    let request = DeleteItem { table: id(), key, precondition: Precondition::default() };
    tables.delete_item(request).await.unwrap();
}

/// All items, or an index's entries, as text and in order.
async fn all(tables: &Tables, index: Option<&str>) -> Vec<String> {
    let (mut found, mut start) = (Vec::new(), None);
    loop {
        let bounds = Bounds { index: index.map(str::to_owned), start, ..Bounds::default() };
        let request = Scan { table: id(), bounds, selection: Selection::default(), segment: None };
        let page = tables.scan(request).await.unwrap();
        found.extend(page.items.iter().map(text));
        start = page.last;
        if start.is_none() {
            found.sort();
            return found;
        }
    }
}

fn text(item: &Item) -> String {
    let mut text = Vec::new();
    write_item(item.view(), &mut text);
    String::from_utf8(text).unwrap()
}

fn numbered(number: usize, n: usize) -> String {
    format!(r#"{{"n":{{"N":"{n}"}},"pk":{{"S":"item-{number:04}"}}}}"#)
}

#[tokio::test]
async fn an_index_is_filled_while_items_are_written() {
    let (tables, _) = made(Billing::PayPerRequest).await;
    for number in 0..1_500 {
        put(&tables, &numbered(number, 1)).await.unwrap();
    }
    put(&tables, r#"{"pk":{"S":"other"},"n":{"S":"no number"}}"#).await.unwrap();
    put(&tables, r#"{"pk":{"S":"without"}}"#).await.unwrap();
    let told = tables.update_table(create("by-n", "n", Projected::All)).await.unwrap();
    assert_eq!(told.record.indexes[0].status, IndexStatus::Creating);
    let scan = Scan {
        table: id(),
        bounds: Bounds { index: Some("by-n".to_owned()), ..Bounds::default() },
        selection: Selection::default(),
        segment: None,
    };
    assert!(tables.scan(scan).await.unwrap_err().to_string().contains("backfilling"));
    // Between the steps items are changed, removed and made, on both sides of where the filling stands.
    let mut steps = 0;
    while tables.describe_table(id()).await.unwrap().record.indexes[0].status == IndexStatus::Creating {
        for number in (steps..1_500).step_by(97) {
            put(&tables, &numbered(number, 2)).await.unwrap();
            remove(&tables, &format!(r#"{{"pk":{{"S":"item-{:04}"}}}}"#, number + 1)).await;
            put(&tables, &numbered(2_000 + steps * 100 + number, 3)).await.unwrap();
        }
        // What does not fit is refused from now on, and what was there of the kind may go.
        assert!(matches!(
            put(&tables, r#"{"pk":{"S":"another"},"n":{"S":"x"}}"#).await,
            Err(TablesError::Refused(_))
        ));
        if steps == 1 {
            put(&tables, r#"{"pk":{"S":"other"},"n":{"N":"5"}}"#).await.unwrap();
        }
        assert!(tables.fill().await.unwrap());
        steps += 1;
        assert!(steps < 100, "the filling does not end");
    }
    assert!(steps > 3, "{steps} steps leave little to meet");
    assert!(!tables.fill().await.unwrap());
    let mut expected = all(&tables, None).await;
    expected.retain(|item| item.contains(r#""n":"#));
    let entries = all(&tables, Some("by-n")).await;
    assert_eq!(entries, expected);
    let info = tables.describe_table(id()).await.unwrap();
    assert_eq!(info.index_counts[0].items, entries.len() as u64);
    assert_eq!(info.index_counts[0].bytes, info.count.bytes - "pkwithout".len() as u64);
}

#[tokio::test]
async fn one_index_is_made_at_a_time_and_may_be_given_up() {
    let (tables, _) = made(Billing::PayPerRequest).await;
    put(&tables, &numbered(1, 1)).await.unwrap();
    let both = UpdateTable {
        indexes: [create("a-n", "n", Projected::All).indexes, create("b-n", "n", Projected::All).indexes]
            .concat(),
        ..create("a-n", "n", Projected::All)
    };
    assert!(matches!(tables.update_table(both).await, Err(TablesError::TooMany(_))));
    tables.update_table(create("by-n", "n", Projected::KeysOnly)).await.unwrap();
    for refused in [create("by-m", "m", Projected::All), delete("by-m")] {
        assert!(matches!(tables.update_table(refused).await, Err(TablesError::InUse(_))));
    }
    assert!(matches!(tables.delete_table(id()).await, Err(TablesError::InUse(_))));
    let told = tables.update_table(delete("by-n")).await.unwrap();
    assert_eq!(told.record.indexes[0].status, IndexStatus::Deleting);
    let info = tables.describe_table(id()).await.unwrap();
    assert!(info.record.indexes.is_empty());
    assert_eq!(info.record.attributes, [attribute("pk", KeyKind::S)]);
    assert!(!tables.fill().await.unwrap());
    while tables.sweep().await.unwrap() {}
    // A new one of the same name begins from nothing.
    tables.update_table(create("by-n", "n", Projected::KeysOnly)).await.unwrap();
    while tables.fill().await.unwrap() {}
    assert_eq!(all(&tables, Some("by-n")).await, [numbered(1, 1)]);
    assert!(matches!(tables.update_table(delete("other")).await, Err(TablesError::NotFound)));
    let again = tables.update_table(create("by-n", "n", Projected::All)).await.unwrap_err();
    assert_eq!(again.to_string(), "Attempting to create an index which already exists");
}

#[tokio::test]
async fn what_does_not_hold_together_is_refused_whole() {
    let (tables, _) = made(Billing::PayPerRequest).await;
    let cases = [
        (nothing(), "At least one of"),
        (UpdateTable { attributes: Vec::new(), ..create("by-n", "n", Projected::All) }, "not defined in"),
        (
            UpdateTable {
                attributes: vec![attribute("pk", KeyKind::N)],
                deletion_protection: Some(true),
                ..nothing()
            },
            "Cannot change the type",
        ),
        (create("no", "n", Projected::All), "greater than or equal to 3"),
        (
            UpdateTable {
                indexes: create("by-n", "n", Projected::All).indexes,
                attributes: vec![attribute("n", KeyKind::N), attribute("unused", KeyKind::N)],
                ..nothing()
            },
            "not used",
        ),
    ];
    let before = tables.describe_table(id()).await.unwrap().record;
    for (request, naming) in cases {
        let refused = tables.update_table(request).await.unwrap_err().to_string();
        assert!(refused.contains(naming), "{refused}");
    }
    assert_eq!(tables.describe_table(id()).await.unwrap().record, before);
}

#[tokio::test]
async fn billing_goes_both_ways_and_decreases_are_counted() {
    let (tables, clock) = made(Billing::PayPerRequest).await;
    tables.update_table(create("by-n", "n", Projected::All)).await.unwrap();
    while tables.fill().await.unwrap() {}
    let units = |read| Throughput { read, write: 5 };
    let provisioned = |read| UpdateTable { billing: Some(Billing::Provisioned(units(read))), ..nothing() };
    let alone = tables.update_table(provisioned(9)).await.unwrap_err().to_string();
    assert!(alone.contains("must be specified for index: by-n"), "{alone}");
    let of_index = |read| IndexChange::Update {
        name: "by-n".to_owned(),
        throughput: Some(units(read)),
        capacity: ChangeCapacity::default(),
    };
    tables.update_table(UpdateTable { indexes: vec![of_index(9)], ..provisioned(9) }).await.unwrap();
    let same = tables.update_table(provisioned(9)).await.unwrap_err().to_string();
    assert!(same.contains("will not change"), "{same}");
    for read in (5..9).rev() {
        tables.update_table(provisioned(read)).await.unwrap();
    }
    let refused = tables.update_table(provisioned(4)).await;
    assert!(matches!(refused, Err(TablesError::TooMany(_))), "{refused:?}");
    // An index has decreases of its own.
    let info = tables.update_table(UpdateTable { indexes: vec![of_index(1)], ..nothing() }).await.unwrap();
    assert_eq!(info.record.scaling.decreases_today(clock.now()), 4);
    assert_eq!(info.record.indexes[0].scaling.decreases_today(clock.now()), 1);
    let back = UpdateTable { billing: Some(Billing::PayPerRequest), ..nothing() };
    let info = tables.update_table(back).await.unwrap();
    assert_eq!((info.record.billing, info.record.indexes[0].throughput), (Billing::PayPerRequest, None));
    assert_eq!(info.record.per_request_since, Some(clock.now()));
}

#[tokio::test]
async fn throughput_on_demand_can_be_bounded() {
    let (tables, _) = made(Billing::PayPerRequest).await;
    let bound = |most_write| UpdateTable {
        capacity: ChangeCapacity { most_write: Some(most_write), ..ChangeCapacity::default() },
        ..nothing()
    };
    let info = tables.update_table(bound(Bound::At(1))).await.unwrap();
    assert_eq!(info.record.scaling.most.write, Some(1));
    // The burst is 300 seconds of it.
    let mut written = 0;
    let refused = loop {
        match put(&tables, &numbered(written, 1)).await {
            Ok(()) => written += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, TablesError::ThroughputExceeded(_)), "{refused}");
    assert_eq!(written, 300);
    tables.update_table(bound(Bound::Lifted)).await.unwrap();
    put(&tables, &numbered(0, 2)).await.unwrap();
}
