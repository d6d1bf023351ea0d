use crate::service::stream::tests::{delete, item, make, put, table};
use crate::transfer::read_json_line;
use crate::value::write_item;
use crate::{
    Asker, Export, ExportFile, ExportPiece, ExportState, ExportTable, Failure, LineFormat, TableId, Tables,
    TablesError, Token, Transfer, TransferId, View, Wanted, digest,
};
use clock::{Clock, Timestamp};
use kv::Kv;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

const NOW: i64 = 1_700_000_000;
const MINUTE: Duration = Duration::from_secs(60);

async fn recovered() -> (Tables, Clock) {
    let clock = Clock::simulated(Timestamp::from_seconds(NOW), 1);
    let tables = Tables::new(Kv::memory(), clock.clone());
    make(&tables, None).await;
    tables.update_recovery(table(), Some(35)).await.unwrap();
    (tables, clock)
}

fn request(wanted: Wanted) -> ExportTable {
    ExportTable {
        table: table(),
        wanted,
        format: LineFormat::Json,
        bucket: "bucket".to_owned(),
        bucket_owner: None,
        prefix: None,
        encryption: None,
        asker: Asker::default(),
        token: None,
    }
}

/// What is there of each key, by the simplest means.
type State = BTreeMap<u8, u8>;

async fn apply(tables: &Tables, state: &mut State, (key, value): (u8, Option<u8>)) {
    match value {
        Some(value) => {
            put(tables, key, value).await;
            state.insert(key, value);
        }
        None => {
            delete(tables, key).await;
            state.remove(&key);
        }
    }
}

/// All lines, each file of one piece; after each the service is a new one.
async fn written(tables: &Tables, id: &TransferId) -> Vec<String> {
    let (mut lines, mut files) = (String::new(), 0);
    loop {
        let tables = Tables::new(tables.kv.clone(), tables.clock.clone());
        let export = tables.describe_export(id.clone()).await.unwrap();
        if export.record.state != ExportState::Writing {
            assert_eq!((export.record.state, export.record.files), (ExportState::Telling, files));
            let told = tables
                .export_files(&tables.describe_export(id.clone()).await.unwrap().record, 0)
                .await
                .unwrap();
            assert_eq!(told.iter().map(|file| file.items).sum::<u64>(), lines.lines().count() as u64);
            return lines.lines().map(str::to_owned).collect();
        }
        let piece = tables.export_piece(&export, export.record.after.clone()).await.unwrap();
        lines.push_str(std::str::from_utf8(&piece.lines).unwrap());
        files += 1;
        let file = ExportFile { key: files.to_string(), items: piece.items, etag: String::new() };
        // Told again, it is not noted again.
        for _ in 0..2 {
            tables.export_file_written(id.clone(), files - 1, file.clone(), piece.clone()).await.unwrap();
        }
    }
}

async fn copied(tables: &Tables) {
    while Tables::new(tables.kv.clone(), tables.clock.clone()).copy().await.unwrap() {}
}

fn steps() -> impl Strategy<Value = Vec<(u8, Option<u8>)>> {
    prop::collection::vec((0u8..20, prop::option::weighted(0.7, 0u8..3)), 0..40)
}

fn image(key: u8, value: u8) -> String {
    let mut text = Vec::new();
    write_item(item(key, Some(value)).view(), &mut text);
    String::from_utf8(text).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Written to, and begun anew, between all steps of the copy.
    #[test]
    fn an_export_tells_what_changed_within_its_while(
        early in steps(), within in steps(), late in steps(), meanwhile in steps(), both: bool,
    ) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let (tables, clock) = recovered().await;
            let mut state = State::new();
            for step in early {
                apply(&tables, &mut state, step).await;
            }
            clock.advance(MINUTE);
            let (from, old) = (clock.now(), state.clone());
            let mut changed = BTreeMap::new();
            for (key, value) in within {
                clock.advance(Duration::from_millis(7));
                if state.get(&key).copied() != value {
                    changed.insert(key, clock.now());
                }
                apply(&tables, &mut state, (key, value)).await;
            }
            clock.advance(15 * MINUTE);
            let (to, new) = (clock.now(), state.clone());
            // At the very end, which does not belong to it.
            for step in late {
                apply(&tables, &mut state, step).await;
            }
            clock.advance(MINUTE);
            let view = if both { View::NewAndOld } else { View::New };
            let begun = tables.export_table(request(Wanted::Changes { from, to: Some(to), view })).await.unwrap();
            let mut meanwhile = meanwhile.into_iter();
            loop {
                for step in meanwhile.by_ref().take(5) {
                    apply(&tables, &mut state, step).await;
                }
                if !Tables::new(tables.kv.clone(), clock.clone()).copy().await.unwrap() {
                    break;
                }
            }
            let mut expected = Vec::new();
            for (key, at) in changed {
                if !old.contains_key(&key) && !new.contains_key(&key) {
                    continue;
                }
                let mut line = format!(
                    r#"{{"Metadata":{{"WriteTimestampMicros":"{}"}},"Keys":{{"k":{{"S":"{key}"}}}}"#,
                    at.as_ms() * 1000
                );
                let images = [("OldImage", old.get(&key).filter(|_| both)), ("NewImage", new.get(&key))];
                for (name, value) in images {
                    line.extend(value.map(|value| format!(r#","{name}":{}"#, image(key, *value))));
                }
                expected.push(line + "}");
            }
            expected.sort();
            let mut lines = written(&tables, &begun.id).await;
            lines.sort();
            prop_assert_eq!(lines, expected);
            tables.export_ended(begun.id, Ok("manifest".to_owned())).await.unwrap();
            tables.delete_table(table()).await.unwrap();
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn an_export_has_the_items_of_its_moment_and_leaves_nothing() {
    let (tables, clock) = recovered().await;
    for key in 0..=255 {
        put(&tables, key, 1).await;
    }
    clock.advance(MINUTE);
    let at = clock.now();
    clock.advance(MINUTE);
    for key in 0..=255 {
        put(&tables, key, 2).await;
    }
    for (wanted, value) in [(Wanted::All { at: None }, 2), (Wanted::All { at: Some(at) }, 1)] {
        let begun = tables.export_table(request(wanted)).await.unwrap();
        assert_eq!(begun.record.state, ExportState::Copying);
        assert_eq!(tables.exports_under_way(10).await.unwrap(), std::slice::from_ref(&begun));
        assert!(matches!(tables.delete_table(table()).await, Err(TablesError::InUse(_))));
        copied(&tables).await;
        let mut items: Vec<_> =
            (written(&tables, &begun.id).await.iter()).map(|line| read_json_line(line).unwrap()).collect();
        items.sort_by_key(|item| item.as_bytes().to_vec());
        let mut expected: Vec<_> = (0..=255).map(|key| item(key, Some(value))).collect();
        expected.sort_by_key(|item| item.as_bytes().to_vec());
        assert_eq!(items, expected);
        tables.export_ended(begun.id.clone(), Ok("manifest".to_owned())).await.unwrap();
        // What ended stays as it ended.
        let failure = Failure { code: "late".to_owned(), message: String::new() };
        tables.export_ended(begun.id.clone(), Err(failure)).await.unwrap();
        let Export { record, .. } = tables.describe_export(begun.id).await.unwrap();
        assert_eq!(record.state, ExportState::Completed { manifest: "manifest".to_owned() });
        assert_eq!((record.items, record.ended), (256, Some(clock.now())));
        assert_eq!(record.bytes, expected.iter().map(|item| u64::from(item.view().size())).sum::<u64>());
        while tables.sweep().await.unwrap() {}
        let left =
            tables.export_piece(&Export { id: begun_id(), record: record.clone() }, None).await.unwrap();
        assert_eq!((left.items, left.is_over), (0, true));
        assert_eq!(tables.export_files(&record, 0).await.unwrap(), []);
    }
    assert_eq!(tables.exports_under_way(10).await.unwrap(), []);
    assert!(tables.describe_table(table()).await.unwrap().record.history.unwrap().copies == 0);
}

fn begun_id() -> TransferId {
    TransferId { what: Transfer::Export, table: table(), id: "any".to_owned() }
}

#[tokio::test]
async fn what_recovery_does_not_reach_is_refused() {
    let (tables, clock) = recovered().await;
    clock.advance(60 * MINUTE);
    let now = clock.now();
    let all = |at| Wanted::All { at: Some(at) };
    for wanted in [all(Timestamp::from_seconds(NOW - 1)), all(now + MINUTE)] {
        let refused = tables.export_table(request(wanted)).await;
        assert!(matches!(refused, Err(TablesError::ExportTime(_))), "{wanted:?}");
    }
    let changes = |from, to| Wanted::Changes { from, to: Some(to), view: View::New };
    for wanted in [
        changes(now.minus(MINUTE), now),
        changes(now, now.minus(MINUTE)),
        changes(now.minus(15 * MINUTE), now.minus(MINUTE)),
    ] {
        let refused = tables.export_table(request(wanted)).await;
        assert!(matches!(refused, Err(TablesError::Refused(_))), "{wanted:?}");
    }
    clock.advance(48 * 60 * MINUTE);
    let refused = tables.export_table(request(changes(now, clock.now()))).await;
    assert!(matches!(refused, Err(TablesError::Refused(_))));
    tables.update_recovery(table(), None).await.unwrap();
    let refused = tables.export_table(request(Wanted::All { at: None })).await;
    assert!(matches!(refused, Err(TablesError::NoRecovery(_))));
    let other = TableId { name: crate::TableName::parse("other").unwrap(), ..table() };
    let refused =
        tables.export_table(ExportTable { table: other, ..request(Wanted::All { at: None }) }).await;
    assert!(matches!(refused, Err(TablesError::TableNotFound(_))));
}

#[tokio::test]
async fn a_token_is_one_export_for_eight_hours() {
    let (tables, clock) = recovered().await;
    let TableId { account, region, .. } = table();
    let token = |of: &str| Token {
        account: account.clone(),
        region: region.clone(),
        text: "token".to_owned(),
        digest: digest(of.as_bytes()),
    };
    let with = |of: &str| ExportTable { token: Some(token(of)), ..request(Wanted::All { at: None }) };
    let first = tables.export_table(with("this")).await.unwrap();
    assert_eq!(tables.export_table(with("this")).await.unwrap().id, first.id);
    assert!(matches!(tables.export_table(with("that")).await, Err(TablesError::ExportConflict(_))));
    clock.advance(8 * 60 * MINUTE);
    let later = tables.export_table(with("that")).await.unwrap();
    assert_ne!(later.id, first.id);
    let list = async |limit, start| {
        tables.list_exports(account.clone(), region.clone(), None, start, limit).await.unwrap()
    };
    let page = list(1, None).await;
    assert_eq!((&page.found[0].0, &page.last), (&first.id, &Some(first.id.clone())));
    let page = list(5, page.last).await;
    assert_eq!((page.found.len(), &page.found[0].0, page.last), (1, &later.id, None));
    for id in [first.id.clone(), later.id] {
        tables.export_ended(id, Ok(String::new())).await.unwrap();
    }
    clock.advance(91 * 24 * 60 * MINUTE);
    assert!(list(5, None).await.found.is_empty());
    tables.export_table(with("other")).await.unwrap();
    assert!(matches!(tables.describe_export(first.id).await, Err(TablesError::NoSuchExport(_))));
}

#[test]
fn an_arn_of_an_export_is_read_again() {
    let id = begun_id();
    assert_eq!(TransferId::parse(Transfer::Export, &id.arn().to_string()), Some(id.clone()));
    assert_eq!(TransferId::parse(Transfer::Import, &id.arn().to_string()), None);
    assert_eq!(TransferId::parse(Transfer::Export, &table().arn().to_string()), None);
}

#[tokio::test]
async fn an_empty_table_is_exported_as_an_empty_file() {
    let (tables, _) = recovered().await;
    let begun = tables.export_table(request(Wanted::All { at: None })).await.unwrap();
    copied(&tables).await;
    let export = tables.describe_export(begun.id.clone()).await.unwrap();
    let piece: ExportPiece = tables.export_piece(&export, None).await.unwrap();
    assert_eq!((piece.lines.len(), piece.items, piece.is_over), (0, 0, true));
    assert_eq!(written(&tables, &begun.id).await, [""; 0]);
}
