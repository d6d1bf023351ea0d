use crate::service::stream::tests::{delete, item, make, put, table};
use crate::value::Item;
use crate::{
    BackupFilter, BackupId, Bounds, Moment, Overrides, Restore, Scan, Selection, TableId, TableName, Tables,
    TablesError, keys,
};
use clock::{Clock, Timestamp};
use kv::Kv;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

const NOW: i64 = 1_700_000_000;

fn simulated() -> (Tables, Clock) {
    let clock = Clock::simulated(Timestamp::from_seconds(NOW), 1);
    (Tables::new(Kv::memory(), clock.clone()), clock)
}

fn named(name: &str) -> TableId {
    TableId { name: TableName::parse(name).unwrap(), ..table() }
}

async fn items(tables: &Tables, id: TableId) -> Result<Vec<Item>, TablesError> {
    let scan = Scan { table: id, bounds: Bounds::default(), selection: Selection::default(), segment: None };
    let mut items = tables.scan(scan).await?.items;
    items.sort_by_key(|item| item.as_bytes().to_vec());
    Ok(items)
}

/// What a table is, by the simplest means.
type State = BTreeMap<u8, u8>;

fn expected(state: &State) -> Vec<Item> {
    let mut items: Vec<Item> = state.iter().map(|(key, value)| item(*key, Some(*value))).collect();
    items.sort_by_key(|item| item.as_bytes().to_vec());
    items
}

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

fn restore(name: &str, moment: Moment) -> Restore {
    Restore { source: table(), target: named(name), moment, overrides: Overrides::default() }
}

fn steps() -> impl Strategy<Value = Vec<(u8, Option<u8>)>> {
    prop::collection::vec((0u8..40, prop::option::weighted(0.7, 0u8..4)), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Written to, and begun anew, between all steps of the copy.
    #[test]
    fn a_table_is_restored_as_it_was_at_any_second(before in steps(), after in steps(), at in 0usize..80, latest: bool) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let (tables, clock) = simulated();
            make(&tables, None).await;
            tables.update_recovery(table(), Some(35)).await.unwrap();
            let (mut state, mut history) = (State::new(), vec![State::new()]);
            for step in before {
                clock.advance(Duration::from_secs(1));
                apply(&tables, &mut state, step).await;
                history.push(state.clone());
            }
            clock.advance(Duration::from_millis(500));
            let at = at % history.len();
            let (moment, wanted) = match latest {
                true => (Moment::Latest, state.clone()),
                false => (Moment::At(Timestamp::from_seconds(NOW + at as i64)), history[at].clone()),
            };
            tables.restore_to_point_in_time(restore("restored", moment)).await.unwrap();
            prop_assert!(matches!(items(&tables, named("restored")).await, Err(TablesError::NotFound)));
            prop_assert!(matches!(tables.delete_table(table()).await, Err(TablesError::InUse(_))));
            let mut after = after.into_iter();
            loop {
                for step in after.by_ref().take(5) {
                    clock.advance(Duration::from_secs(1));
                    apply(&tables, &mut state, step).await;
                }
                if !Tables::new(tables.kv.clone(), clock.clone()).copy().await.unwrap() {
                    break;
                }
            }
            prop_assert_eq!(items(&tables, named("restored")).await.unwrap(), expected(&wanted));
            prop_assert_eq!(items(&tables, table()).await.unwrap(), expected(&state));
            let told = tables.describe_table(named("restored")).await.unwrap();
            prop_assert_eq!(told.count.items, wanted.len() as u64);
            let sizes = expected(&wanted).iter().map(|item| u64::from(item.view().size())).sum::<u64>();
            prop_assert_eq!(told.count.bytes, sizes);
            tables.delete_table(table()).await.unwrap();
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_backup_is_the_table_of_the_moment_it_was_asked_for() {
    let (tables, clock) = simulated();
    make(&tables, None).await;
    let mut state = State::new();
    for key in 0..=255 {
        apply(&tables, &mut state, (key, Some(1))).await;
    }
    for key in 0..=255 {
        apply(&tables, &mut state, (key, Some(2))).await;
    }
    let wanted = state.clone();
    let backup = tables.create_backup(table(), "mine".to_owned()).await.unwrap();
    assert_eq!((backup.record.items, backup.record.finished), (256, None));
    let early = tables.restore_from_backup(backup.id.clone(), named("early"), Overrides::default()).await;
    assert!(matches!(early, Err(TablesError::BackupInUse(_))));
    assert!(matches!(tables.delete_backup(backup.id.clone()).await, Err(TablesError::BackupInUse(_))));
    let mut key = 0;
    while Tables::new(tables.kv.clone(), clock.clone()).copy().await.unwrap() {
        for step in [(key, None), (255 - key, Some(3))] {
            apply(&tables, &mut state, step).await;
        }
        key += 1;
    }
    assert!(key > 2, "written to while it was made");
    let record = tables.describe_table(table()).await.unwrap().record;
    assert_eq!(record.history, None, "what was noted for the backup alone is not kept any more");
    tables.delete_table(table()).await.unwrap();
    tables.restore_from_backup(backup.id.clone(), named("restored"), Overrides::default()).await.unwrap();
    assert!(matches!(tables.delete_backup(backup.id.clone()).await, Err(TablesError::BackupInUse(_))));
    while tables.copy().await.unwrap() {}
    assert_eq!(items(&tables, named("restored")).await.unwrap(), expected(&wanted));
    tables.delete_backup(backup.id.clone()).await.unwrap();
    while tables.sweep().await.unwrap() {}
    assert!(tables.kv.range(keys::items(backup.record.number).range(), 1).await.unwrap().is_empty());
    assert!(matches!(tables.describe_backup(backup.id).await, Err(TablesError::NoSuchBackup(_))));
}

#[tokio::test]
async fn backups_are_listed_in_pages_by_table_and_time() {
    let (tables, clock) = simulated();
    make(&tables, None).await;
    let mut made: Vec<BackupId> = Vec::new();
    for name in ["a", "b", "c"] {
        made.push(tables.create_backup(table(), name.to_owned()).await.unwrap().id);
        clock.advance(Duration::from_secs(10));
    }
    let list = |filter: BackupFilter, start: Option<BackupId>, limit| {
        tables.list_backups(table().account, table().region, filter, start, limit)
    };
    let ids =
        |page: &crate::BackupPage| page.backups.iter().map(|backup| backup.id.clone()).collect::<Vec<_>>();
    let first = list(BackupFilter::default(), None, 2).await.unwrap();
    assert_eq!((ids(&first), first.last.clone()), (made[..2].to_vec(), Some(made[1].clone())));
    let second = list(BackupFilter::default(), first.last, 2).await.unwrap();
    assert_eq!((ids(&second), second.last), (made[2..].to_vec(), None));
    let at = |seconds: i64| Some(Timestamp::from_seconds(NOW + seconds));
    let filter = BackupFilter { table: Some(table().name), from: at(10), until: at(20) };
    assert_eq!(ids(&list(filter, None, 9).await.unwrap()), made[1..2]);
    let other = BackupFilter { table: Some(named("other").name), ..BackupFilter::default() };
    assert!(list(other, None, 9).await.unwrap().backups.is_empty());
}

#[tokio::test]
async fn a_recovery_period_is_kept_and_no_more() {
    let (tables, clock) = simulated();
    make(&tables, None).await;
    put(&tables, 1, 0).await;
    let none = tables.restore_to_point_in_time(restore("restored", Moment::Latest)).await;
    assert!(matches!(none, Err(TablesError::NoRecovery(_))));
    let recovery = tables.update_recovery(table(), Some(1)).await.unwrap().unwrap();
    for value in 1..=3 {
        clock.advance(Duration::from_secs(20 * 60 * 60));
        put(&tables, 1, value).await;
    }
    let (now, since) = (clock.now(), recovery.since);
    assert_eq!(recovery.earliest(now), now.minus(Duration::from_secs(24 * 60 * 60)));
    for at in [since, now + Duration::from_secs(1)] {
        let refused = tables.restore_to_point_in_time(restore("restored", Moment::At(at))).await;
        assert!(matches!(refused, Err(TablesError::RestoreTime(_))), "{at}");
    }
    let number = tables.describe_table(table()).await.unwrap().record.history.unwrap().number;
    let noted = async || tables.kv.range(keys::history(number).range(), 100).await.unwrap().len();
    assert_eq!(noted().await, 3);
    tables.forget_histories().await.unwrap();
    assert_eq!(noted().await, 2, "the first is older than a day");
    let moment = Moment::At(now.minus(Duration::from_secs(22 * 60 * 60)));
    tables.restore_to_point_in_time(restore("restored", moment)).await.unwrap();
    while tables.copy().await.unwrap() {}
    assert_eq!(items(&tables, named("restored")).await.unwrap(), [item(1, Some(1))]);
    assert!(matches!(
        tables.restore_to_point_in_time(restore("restored", Moment::Latest)).await,
        Err(TablesError::TargetExists(_))
    ));
    assert_eq!(tables.update_recovery(table(), None).await.unwrap(), None);
    while tables.sweep().await.unwrap() {}
    assert_eq!(noted().await, 0);
}
