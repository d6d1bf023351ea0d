//! The directory: who may use it, and what is found there.

use bytes::Bytes;
use clock::Clock;
use kv::{Kv, KvError, SqliteOptions, Transaction};
use std::path::Path;

fn open(path: &Path) -> Result<Kv, KvError> {
    Kv::open(SqliteOptions::new(path), Clock::real())
}

async fn put(kv: &Kv, key: Vec<u8>, value: Vec<u8>) {
    kv.transact(async move |tx: &mut Transaction| {
        tx.put(&key, value.clone());
        Ok::<_, KvError>(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening_and_the_closed_store_is_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("not/there/yet");
    for round in 0..3_u8 {
        let kv = open(&path).unwrap();
        for earlier in 0..round {
            assert_eq!(kv.get(&[earlier]).await.unwrap(), Some(Bytes::from(vec![earlier])));
        }
        put(&kv, vec![round], vec![round]).await;
        kv.close().await;
        let mut files: Vec<_> = std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["lock", "store.sqlite"]);
    }
}

#[tokio::test]
async fn a_directory_serves_one_store_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let kv = open(directory.path()).unwrap();
    assert_eq!(open(directory.path()).err(), Some(KvError::Locked(directory.path().to_owned())));
    kv.close().await;
    open(directory.path()).unwrap().close().await;
}

#[tokio::test]
async fn the_log_is_moved_and_started_over_while_writes_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions { checkpoint_bytes: 64 * 1024, ..SqliteOptions::new(directory.path()) };
    let kv = Kv::open(options, Clock::real()).unwrap();
    let log = directory.path().join("store.sqlite-wal");
    for number in 0..2000_u64 {
        put(&kv, number.to_be_bytes().to_vec(), vec![7; 4000]).await;
    }
    assert!(kv.stats().checkpoints > 0);
    // 2000 commits of at least two pages each went through it.
    let length = std::fs::metadata(&log).unwrap().len();
    assert!(length < 8 * 1024 * 1024, "the log has {length} bytes");
    kv.close().await;
    assert!(!log.exists());
}

/// Makes a file at the store's place.
type Prepare<'a> = &'a dyn Fn(&Path);

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_alone() {
    let make = |sql: &'static str| {
        move |path: &Path| rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap()
    };
    let cases: [(Prepare<'_>, &str); 4] = [
        (
            &|path| std::fs::write(path, "These are not the bytes you are looking for.").unwrap(),
            "not a database",
        ),
        (&make("CREATE TABLE theirs (x)"), "another program's"),
        (&make("PRAGMA application_id = 7"), "another program's"),
        (&make("PRAGMA application_id = 0x5A657275; PRAGMA user_version = 9"), "format is 9"),
    ];
    for (prepare, expected) in cases {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.sqlite");
        prepare(&path);
        let before = std::fs::read(&path).unwrap();
        let refused = open(directory.path()).err().unwrap();
        assert!(matches!(refused, KvError::NotAStore { .. }), "{refused}");
        assert!(refused.to_string().contains(expected), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(open(&file.join("store")), Err(KvError::Io { .. })));
    assert!(matches!(open(Path::new("")), Err(KvError::Io { .. })));
}
