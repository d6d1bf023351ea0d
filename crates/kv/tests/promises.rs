//! What every engine promises, tried on each.

use bytes::Bytes;
use clock::Clock;
use kv::{Kv, KvError, Read, SqliteOptions, Transaction};
use names::KeyRange;

fn everything() -> KeyRange {
    KeyRange { start: Vec::new(), end: Vec::new() }
}

async fn put(kv: &Kv, key: &'static [u8], value: &'static [u8]) {
    kv.transact(async move |tx: &mut Transaction| {
        tx.put(key, value);
        Ok::<_, KvError>(())
    })
    .await
    .unwrap();
}

/// Runs a check on every engine.
async fn on_each_engine(check: impl AsyncFn(Kv)) {
    let kv = Kv::memory();
    check(kv.clone()).await;
    kv.close().await;
    let directory = tempfile::tempdir().unwrap();
    let kv = Kv::open(SqliteOptions::new(directory.path()), Clock::real()).unwrap();
    check(kv.clone()).await;
    kv.close().await;
}

#[tokio::test]
async fn a_transaction_sees_its_own_writes_and_others_only_what_was_committed() {
    on_each_engine(async |kv: Kv| {
        put(&kv, b"a", b"1").await;
        put(&kv, b"c", b"3").await;
        let seen = kv
            .transact(async |tx: &mut Transaction| {
                tx.put(b"b", &b"2"[..]);
                tx.delete(b"a");
                let forwards = tx.range(&everything(), 1).await?;
                let backwards = tx.range_reverse(&everything(), 9).await?;
                Ok::<_, KvError>((tx.get(b"a").await?, forwards, backwards))
            })
            .await
            .unwrap();
        let entry = |k: &'static str, v: &'static str| (Bytes::from(k), Bytes::from(v));
        assert_eq!(seen, (None, vec![entry("b", "2")], vec![entry("c", "3"), entry("b", "2")]));
        assert_eq!(kv.range(everything(), 9).await.unwrap(), vec![entry("b", "2"), entry("c", "3")]);
    })
    .await;
}

#[tokio::test]
async fn an_error_a_panic_or_a_foreign_await_discards_the_writes_of_that_transaction_alone() {
    on_each_engine(async |kv: Kv| {
        let refused = kv
            .transact(async |tx: &mut Transaction| {
                tx.put(b"a", &b"1"[..]);
                Err::<(), _>(KvError::Closed)
            })
            .await;
        assert_eq!(refused, Err(KvError::Closed));
        let panicked = kv
            .transact(async |tx: &mut Transaction| {
                tx.put(b"a", &b"1"[..]);
                assert!(tx.get(b"a").await?.is_none(), "oh no");
                Ok::<_, KvError>(())
            })
            .await;
        assert_eq!(panicked, Err(KvError::Panicked("oh no".to_owned())));
        let foreign = kv
            .transact(async |tx: &mut Transaction| {
                tx.put(b"a", &b"1"[..]);
                std::future::pending::<()>().await;
                Ok::<_, KvError>(())
            })
            .await;
        assert_eq!(foreign, Err(KvError::ForeignAwait));
        put(&kv, b"b", b"2").await;
        assert_eq!(kv.get(b"a").await.unwrap(), None);
        assert_eq!(kv.get(b"b").await.unwrap(), Some(Bytes::from("2")));
    })
    .await;
}
