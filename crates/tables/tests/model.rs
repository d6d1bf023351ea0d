//! Whatever is done to tables, one write at a time, in batches and in transactions: they say what a simple model says,
//! also after a crash at any commit.

mod world;

use clock::Clock;
use kv::{Kv, SqliteOptions};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use tables::Tables;
use world::{Model, Outcome, Step, check, make, read, step, take};

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Takes one step on both sides.
async fn both(tables: &Tables, model: &mut Model, step: &Step) {
    let expected = model.take(step);
    let (outcome, written) = take(tables, step).await;
    assert_eq!(outcome, expected, "{step:?}");
    if let (Step::One(act), Some(collection)) = (step, written.and_then(|written| written.collection)) {
        assert_eq!(outcome, Outcome::Done);
        assert_eq!(collection.bytes, model.collection_bytes(&act.key.1), "{step:?}");
    }
}

fn open(directory: &Path) -> Kv {
    Kv::open(SqliteOptions::new(directory), Clock::real()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn tables_do_what_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        run(async {
            let tables = make(Kv::memory()).await;
            let mut model = Model::default();
            for step in &steps {
                both(&tables, &mut model, step).await;
            }
            check(&tables, &model).await;
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// After each commit the store's files are taken as they are, and again with their log cut off somewhere within
    /// what that commit wrote. What opens from the first is all that was acknowledged; from the second, all or nothing
    /// of the last step.
    #[test]
    fn a_crash_at_any_commit_loses_nothing(steps in prop::collection::vec(step(), 1..16), cut in 0.0..1.0_f64) {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let live = folder.path().join("live");
            let tables = make(open(&live)).await;
            let mut model = Model::default();
            let mut log = log_bytes(&live);
            for (at, step) in steps.iter().enumerate() {
                let before = model.clone();
                both(&tables, &mut model, step).await;
                let after = log_bytes(&live);
                let whole = folder.path().join(format!("whole-{at}"));
                image(&live, &whole, None);
                check_image(&whole, &[&model]).await;
                if after > log {
                    let torn = folder.path().join(format!("torn-{at}"));
                    let kept = log + ((after - log) as f64 * cut) as u64;
                    image(&live, &torn, Some(kept));
                    check_image(&torn, &[&before, &model]).await;
                }
                log = after;
            }
        });
    }
}

/// The store's write-ahead log.
fn is_log(path: &Path) -> bool {
    path.to_str().is_some_and(|name| name.ends_with("-wal"))
}

fn log_bytes(store: &Path) -> u64 {
    let files = fs::read_dir(store).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| is_log(path)).map(|path| fs::metadata(path).unwrap().len()).sum()
}

/// A copy of the store's files as they are, with at most so many bytes of the log.
fn image(store: &Path, copy: &Path, log: Option<u64>) {
    fs::create_dir_all(copy).unwrap();
    for entry in fs::read_dir(store).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        // Shared memory goes with the process.
        if path.is_dir() || name.ends_with("-shm") {
            continue;
        }
        let target = copy.join(name);
        fs::copy(&path, &target).unwrap();
        if let Some(bytes) = log.filter(|_| is_log(&path)) {
            fs::OpenOptions::new().write(true).open(&target).unwrap().set_len(bytes).unwrap();
        }
    }
}

async fn check_image(store: &Path, allowed: &[&Model]) {
    let kv = open(store);
    let tables = Tables::new(kv.clone(), Clock::real());
    let found = read(&tables).await;
    assert!(allowed.iter().any(|model| **model == found), "{found:?}");
    check(&tables, &found).await;
    kv.close().await;
    fs::remove_dir_all(store).unwrap();
}
