//! What every engine promises, tried on each.

use bytes::Bytes;
use clock::Clock;
use futures_util::FutureExt;
use kv::{KEY_BYTES_MAX, Kv, KvError, Read, Snapshot, SqliteOptions, Transaction, VALUE_BYTES_MAX};
use names::{Key, KeyRange, Keyspace};
use tokio::task::JoinSet;

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

/// Adds one to a number that is read and written in one transaction.
async fn increment(kv: &Kv) -> Result<u64, KvError> {
    kv.transact(async |tx: &mut Transaction| {
        let count =
            tx.get(b"count").await?.map_or(0, |bytes| u64::from_be_bytes(bytes[..].try_into().unwrap()));
        tx.put(b"count", (count + 1).to_be_bytes().to_vec());
        Ok::<_, KvError>(count + 1)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_increments_are_all_counted_once() {
    on_each_engine(async |kv: Kv| {
        let mut clients = JoinSet::new();
        for _ in 0..16 {
            let kv = kv.clone();
            clients.spawn(async move {
                let mut seen = Vec::new();
                for _ in 0..50 {
                    seen.push(increment(&kv).await.unwrap());
                }
                seen
            });
        }
        let mut counts = clients.join_all().await.concat();
        counts.sort_unstable();
        assert_eq!(counts, (1..=800).collect::<Vec<u64>>());
    })
    .await;
}

#[tokio::test]
async fn transactions_that_wait_together_share_a_commit() {
    on_each_engine(async |kv: Kv| {
        let before = kv.stats();
        let waiting = futures_util::future::join_all((0..1000).map(|_| increment(&kv)));
        assert!(waiting.await.into_iter().all(|count| count.is_ok()));
        let after = kv.stats();
        assert_eq!(after.transactions - before.transactions, 1000);
        // All were queued before the writer could run the second batch; a busy machine may split them.
        let commits = after.commits - before.commits;
        assert!(commits <= 100, "{commits} commits");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_never_sees_half_a_transaction() {
    on_each_engine(async |kv: Kv| {
        let writer = {
            let kv = kv.clone();
            tokio::spawn(async move {
                for round in 0..200_u64 {
                    kv.transact(async move |tx: &mut Transaction| {
                        for key in [b"left", b"rite"] {
                            tx.put(key, round.to_be_bytes().to_vec());
                        }
                        Ok::<_, KvError>(())
                    })
                    .await
                    .unwrap();
                }
            })
        };
        while !writer.is_finished() {
            let (left, right, again) = kv
                .read(async |snapshot: &Snapshot| {
                    let left = snapshot.get(b"left").await?;
                    let right = snapshot.get(b"rite").await?;
                    Ok::<_, KvError>((left, right, snapshot.get(b"left").await?))
                })
                .await
                .unwrap();
            assert_eq!(left, right);
            assert_eq!(left, again);
        }
        writer.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_watch_sees_every_commit_made_after_it_and_no_other_keys() {
    on_each_engine(async |kv: Kv| {
        let prefix = Key::new(Keyspace::ObjectChange);
        let mut watch = kv.watch(&prefix);
        assert_eq!(watch.changed().now_or_never(), None);
        put(&kv, b"elsewhere", b"1").await;
        assert_eq!((watch.changed().now_or_never(), watch.count()), (None, 0));
        // Nobody awaits while these two commit; one wake stands for both.
        for number in 0..2 {
            let key = Key::new(Keyspace::ObjectChange).number(number);
            kv.transact(async move |tx: &mut Transaction| {
                tx.put(&key, &b"change"[..]);
                Ok::<_, KvError>(())
            })
            .await
            .unwrap();
        }
        assert_eq!((watch.changed().now_or_never(), watch.count()), (Some(()), 2));
        assert_eq!(watch.changed().now_or_never(), None);
        // A discarded write wakes nobody, a deletion does.
        let discarded = kv.transact(async |tx: &mut Transaction| {
            tx.put([Keyspace::ObjectChange.byte()], &b""[..]);
            Err::<(), _>(KvError::Closed)
        });
        assert!(discarded.await.is_err());
        assert_eq!(watch.changed().now_or_never(), None);
        kv.transact(async |tx: &mut Transaction| {
            tx.delete_range(&Key::new(Keyspace::ObjectChange).range(), 1).await
        })
        .await
        .unwrap();
        assert_eq!(watch.changed().now_or_never(), Some(()));
        drop(watch);
        put(&kv, b"elsewhere", b"2").await;
    })
    .await;
}

#[tokio::test]
async fn what_is_over_a_bound_fails_its_transaction_and_writes_nothing() {
    on_each_engine(async |kv: Kv| {
        put(&kv, &[7; KEY_BYTES_MAX], b"fits").await;
        let too_much: [(usize, usize, usize, &str); 3] = [
            (1, KEY_BYTES_MAX + 1, 0, "a key"),
            (1, 1, VALUE_BYTES_MAX + 1, "a value"),
            (5, 1, VALUE_BYTES_MAX, "a transaction"),
        ];
        for (times, key_bytes, value_bytes, expected) in too_much {
            let refused = kv
                .transact(async move |tx: &mut Transaction| {
                    tx.put(b"small", &b"1"[..]);
                    let value = Bytes::from(vec![0; value_bytes]);
                    for _ in 0..times {
                        tx.put(vec![1; key_bytes], value.clone());
                    }
                    Ok::<_, KvError>(())
                })
                .await;
            assert!(
                matches!(refused, Err(KvError::TooLarge { what, .. }) if what == expected),
                "{refused:?}"
            );
        }
        assert_eq!(kv.get(b"small").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_closed_store_says_so_and_did_what_was_queued_before() {
    on_each_engine(async |kv: Kv| {
        // Few enough for the runtime's budget, so that one poll queues each.
        let mut queued: Vec<_> = (0..20).map(|_| Box::pin(increment(&kv))).collect();
        queued.retain_mut(|transaction| match transaction.now_or_never() {
            Some(answer) => answer.is_err(),
            None => true,
        });
        tokio::join!(kv.close(), kv.close());
        for transaction in queued {
            assert!(transaction.await.is_ok());
        }
        assert_eq!(increment(&kv).await, Err(KvError::Closed));
        assert_eq!(kv.get(b"count").await, Err(KvError::Closed));
    })
    .await;
}
