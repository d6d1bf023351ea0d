use crate::service::stream::tests::{item, table};
use crate::value::decode_item;
use crate::{
    AttributeDefinition, Billing, Bounds, Compression, CreateIndex, CreateTable, Failure, GetItem,
    ImportPlan, ImportStep, ImportTable, IndexKind, InputFormat, KeyElement, KeyRole, Projected, Scaling,
    Scan, Selection, Stepped, TableClass, Tables, TablesError,
};
use clock::{Clock, Timestamp};
use kv::Kv;
use std::collections::BTreeMap;

fn request() -> ImportTable {
    let define = |name: &str, kind| AttributeDefinition { name: name.to_owned(), kind };
    let partition = |name: &str| vec![KeyElement { name: name.to_owned(), role: KeyRole::Partition }];
    let create = CreateTable {
        table: table(),
        attributes: vec![define("k", crate::key::KeyKind::S), define("v", crate::key::KeyKind::N)],
        key: partition("k"),
        indexes: vec![CreateIndex {
            name: "by-v".to_owned(),
            kind: IndexKind::Global,
            key: partition("v"),
            projected: Projected::All,
            throughput: None,
            scaling: Scaling::default(),
        }],
        billing: Billing::PayPerRequest,
        deletion_protection: false,
        tags: BTreeMap::new(),
        class: TableClass::Standard,
        scaling: Scaling::default(),
        stream: None,
        policy: None,
    };
    let plan = ImportPlan {
        bucket: "bucket".to_owned(),
        bucket_owner: None,
        prefix: None,
        format: InputFormat::Json,
        compression: Some(Compression::Gzip),
    };
    ImportTable { create, plan, token: None }
}

fn service() -> Tables {
    Tables::new(Kv::memory(), Clock::simulated(Timestamp::from_seconds(1_700_000_000), 1))
}

#[tokio::test]
async fn a_table_can_be_used_when_all_is_imported() {
    let tables = service();
    let import = tables.import_table(request()).await.unwrap();
    assert!(matches!(tables.import_table(request()).await, Err(TablesError::TableExists(_))));
    let get = || GetItem { table: table(), key: item(1, None), consistent: true, projection: None };
    assert!(matches!(tables.get_item(get()).await, Err(TablesError::NotFound)));
    assert!(matches!(tables.delete_table(table()).await, Err(TablesError::InUse(_))));

    let bad = |json: &str| decode_item(json).unwrap();
    let step = |items, refused, from, lines, is_read| ImportStep {
        items,
        refused,
        why: None,
        bytes: 10,
        object: "object".to_owned(),
        from,
        lines,
        is_read,
    };
    let items = vec![
        item(1, Some(1)),
        item(2, Some(2)),
        bad(r#"{"v":{"N":"1"}}"#),
        bad(r#"{"k":{"N":"1"}}"#),
        bad(r#"{"k":{"S":"3"},"v":{"S":"x"}}"#),
        bad(r#"{"k":{"S":""}}"#),
    ];
    let first = step(items, 2, 0, 8, false);
    for stepped in [Stepped::Kept, Stepped::NotNext] {
        assert_eq!(tables.import_step(import.id.clone(), first.clone()).await.unwrap(), stepped);
    }
    // What takes the place of another counts too.
    let tables = Tables::new(tables.kv.clone(), tables.clock.clone());
    let second = step(vec![item(1, Some(3))], 0, 8, 9, true);
    for stepped in [Stepped::Kept, Stepped::NotNext] {
        assert_eq!(tables.import_step(import.id.clone(), second.clone()).await.unwrap(), stepped);
    }

    let told = tables.describe_import(import.id.clone()).await.unwrap().record;
    let progress = &told.progress;
    assert_eq!((progress.processed, progress.imported, progress.errors(), progress.bytes), (9, 3, 6, 20));
    assert_eq!((progress.object.as_deref(), progress.lines, progress.is_read), (Some("object"), 9, true));
    assert_eq!(tables.imports_under_way(10).await.unwrap().len(), 1);

    tables.import_ended(import.id.clone(), None).await.unwrap();
    let late = step(vec![item(9, None)], 0, 9, 10, true);
    assert_eq!(tables.import_step(import.id.clone(), late).await.unwrap(), Stepped::Over);
    assert_eq!(tables.imports_under_way(10).await.unwrap(), []);
    let scan =
        Scan { table: table(), bounds: Bounds::default(), selection: Selection::default(), segment: None };
    let mut found = tables.scan(scan).await.unwrap().items;
    found.sort_by_key(|item| item.as_bytes().to_vec());
    assert_eq!(found, [item(1, Some(3)), item(2, Some(2))]);
    let info = tables.describe_table(table()).await.unwrap();
    assert_eq!((info.count.items, info.index_counts[0].items), (2, 2));
}

#[tokio::test]
async fn a_table_whose_import_failed_can_be_used() {
    let tables = service();
    let import = tables.import_table(request()).await.unwrap();
    let failure = Failure { code: "S3NoSuchBucket".to_owned(), message: "none".to_owned() };
    tables.import_ended(import.id.clone(), Some(failure.clone())).await.unwrap();
    tables.import_ended(import.id.clone(), None).await.unwrap();
    assert_eq!(tables.describe_import(import.id).await.unwrap().record.failure, Some(failure));
    tables.delete_table(table()).await.unwrap();
}

#[tokio::test]
async fn more_than_fifty_at_once_are_refused() {
    let tables = service();
    for number in 0..crate::IMPORTS_MAX {
        let mut one = request();
        one.create.table.name = crate::TableName::parse(&format!("table{number}")).unwrap();
        tables.import_table(one).await.unwrap();
    }
    assert!(matches!(tables.import_table(request()).await, Err(TablesError::TooMany(_))));
}
