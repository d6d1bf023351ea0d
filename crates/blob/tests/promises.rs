//! What every store promises, tried on each.

use blob::{BlobError, BlobId, Blobs, CHUNK_BYTES_MAX, SweepReport, forget, name};
use bytes::Bytes;
use clock::{Clock, Timestamp};
use futures_util::TryStreamExt;
use kv::{Kv, KvError, Transaction};
use object_store::memory::InMemory;
use proptest::prelude::*;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn clock(seed: u64) -> Clock {
    Clock::simulated(Timestamp::from_seconds(1_800_000_000), seed)
}

fn remote(store: &Arc<InMemory>, clock: Clock) -> Blobs {
    let store: Arc<dyn blob::ObjectStore> = store.clone();
    Blobs::remote(store, "some/where", clock)
}

/// Runs a check on every store.
async fn on_each_store(check: impl AsyncFn(Blobs, Clock)) {
    let directory = tempfile::tempdir().unwrap();
    let time = clock(1);
    check(Blobs::local(directory.path().join("blobs"), time.clone()).unwrap(), time.clone()).await;
    check(remote(&Arc::default(), time.clone()), time).await;
}

async fn put(blobs: &Blobs, pieces: impl IntoIterator<Item = Bytes>) -> BlobId {
    let mut writer = blobs.writer().await.unwrap();
    for piece in pieces {
        writer.write(piece).await.unwrap();
    }
    writer.finish().await.unwrap()
}

async fn get(blobs: &Blobs, id: &BlobId, range: Range<u64>) -> Result<Vec<u8>, BlobError> {
    let stream = blobs.open(id, range).await?;
    let length = stream.length();
    let chunks: Vec<Bytes> = stream.try_collect().await?;
    assert!(chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK_BYTES_MAX));
    let bytes = chunks.concat();
    assert_eq!(bytes.len() as u64, length);
    Ok(bytes)
}

async fn transact(kv: &Kv, work: impl Fn(&mut Transaction) + Send + 'static) {
    kv.transact(async move |transaction: &mut Transaction| {
        work(transaction);
        Ok::<_, KvError>(())
    })
    .await
    .unwrap();
}

/// Bytes in which every position can be told from its neighbours.
fn pattern(length: usize) -> Bytes {
    (0..length).map(|i| (i % 251) as u8).collect()
}

fn files_in(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { files_in(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn bytes_come_back_whole_and_in_ranges() {
    on_each_store(async |blobs, _| {
        // Lengths around a chunk, a flush and a part.
        for length in [0, 1, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX + 1, 3 << 20, (16 << 20) + 5, (33 << 20) + 1] {
            let whole = pattern(length);
            let pieces = (0..length).step_by(300_000).map(|at| whole.slice(at..length.min(at + 300_000)));
            let id = put(&blobs, pieces).await;
            let length = length as u64;
            assert_eq!(get(&blobs, &id, 0..u64::MAX).await.unwrap(), whole);
            assert_eq!(blobs.read_all(&id, length).await.unwrap(), whole);
            for range in [0..length, length / 3..length / 2, length.saturating_sub(1)..length, length..length]
            {
                let expected = &whole[range.start as usize..range.end as usize];
                assert_eq!(get(&blobs, &id, range).await.unwrap(), expected);
            }
            assert_eq!(get(&blobs, &id, length..u64::MAX).await.unwrap(), b"");
            let (start, end) = (0, length + 1);
            let beyond = get(&blobs, &id, start..end).await;
            assert_eq!(beyond, Err(BlobError::OutOfRange { start, end, length }));
            if let Some(max) = length.checked_sub(1) {
                assert_eq!(blobs.read_all(&id, max).await, Err(BlobError::TooLarge { length, max }));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_blob_that_is_not_there_is_said_to_be_so() {
    on_each_store(async |blobs, _| {
        let id = put(&blobs, [pattern(10)]).await;
        blobs.delete(&id).await.unwrap();
        blobs.delete(&id).await.unwrap();
        for range in [0..10, 0..0, 5..u64::MAX] {
            assert_eq!(get(&blobs, &id, range).await, Err(BlobError::NotFound(id)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_writer_given_up_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(directory.path().to_owned(), clock(1)).unwrap();
    for flushes in 0..4 {
        let mut writer = blobs.writer().await.unwrap();
        for _ in 0..flushes {
            writer.write(pattern(blob::FLUSH_BYTES)).await.unwrap();
        }
        drop(writer);
    }
    // The files are removed on threads of their own.
    while files_in(directory.path()) > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_forgotten_blob_stays_for_its_readers_and_then_goes() {
    on_each_store(async |blobs, clock| {
        let kv = Kv::memory();
        let (kept, gone) = (put(&blobs, [pattern(9)]).await, put(&blobs, [pattern(9)]).await);
        let now = clock.now();
        transact(&kv, move |tx| {
            name(tx, &kept);
            name(tx, &gone);
        })
        .await;
        transact(&kv, move |tx| forget(tx, &gone, now)).await;
        let waits = SweepReport { kept: 1, ..SweepReport::default() };
        assert_eq!(blobs.sweep(&kv).await.unwrap(), waits);
        assert_eq!(get(&blobs, &gone, 0..9).await.unwrap(), pattern(9));
        clock.advance(Duration::from_secs(3600));
        let removed = SweepReport { removed: 1, ..SweepReport::default() };
        assert_eq!(blobs.sweep(&kv).await.unwrap(), removed);
        assert_eq!(get(&blobs, &gone, 0..9).await, Err(BlobError::NotFound(gone)));
        assert_eq!(get(&blobs, &kept, 0..9).await.unwrap(), pattern(9));
        assert_eq!(blobs.sweep(&kv).await.unwrap(), SweepReport::default());
    })
    .await;
}

#[tokio::test]
async fn a_pinned_blob_outlasts_every_sweep() {
    on_each_store(async |blobs, clock| {
        let kv = Kv::memory();
        let read = put(&blobs, [pattern(9)]).await;
        let (first, second) = (blobs.pin(vec![read]), blobs.pin(vec![read]));
        let now = clock.now();
        transact(&kv, move |tx| forget(tx, &read, now)).await;
        clock.advance(Duration::from_secs(3600));
        let waits = SweepReport { kept: 1, ..SweepReport::default() };
        assert_eq!(blobs.sweep(&kv).await.unwrap(), waits);
        drop(first);
        assert_eq!(blobs.sweep(&kv).await.unwrap(), waits);
        assert_eq!(get(&blobs, &read, 0..9).await.unwrap(), pattern(9));
        drop(second);
        let removed = SweepReport { removed: 1, ..SweepReport::default() };
        assert_eq!(blobs.sweep(&kv).await.unwrap(), removed);
    })
    .await;
}

#[tokio::test]
async fn what_an_ended_process_forgot_goes_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let (kv, time) = (Kv::memory(), clock(1));
    let before = Blobs::local(directory.path().to_owned(), time.clone()).unwrap();
    let gone = put(&before, [pattern(9)]).await;
    let now = time.now();
    transact(&kv, move |tx| forget(tx, &gone, now)).await;
    time.advance(Duration::from_millis(1));
    let after = Blobs::local(directory.path().to_owned(), time).unwrap();
    let removed = SweepReport { removed: 1, ..SweepReport::default() };
    assert_eq!(after.sweep(&kv).await.unwrap(), removed);
}

#[tokio::test]
async fn what_an_ended_process_did_not_live_to_name_is_swept_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let kv = Kv::memory();
    let before = Blobs::local(directory.path().to_owned(), clock(1)).unwrap();
    let named = put(&before, [pattern(9)]).await;
    let forgotten = put(&before, [pattern(9)]).await;
    let orphan = put(&before, [pattern(9)]).await;
    transact(&kv, move |tx| {
        name(tx, &named);
        forget(tx, &forgotten, Timestamp::EPOCH);
    })
    .await;
    // As a killed process leaves it: a writer that neither ends nor is dropped.
    let mut cut_short = before.writer().await.unwrap();
    cut_short.write(pattern(blob::FLUSH_BYTES)).await.unwrap();
    while files_in(&directory.path().join("tmp")) == 0 {
        tokio::task::yield_now().await;
    }
    std::fs::write(directory.path().join("tmp").join("README"), "not ours").unwrap();

    let after = Blobs::local(directory.path().to_owned(), clock(2)).unwrap();
    let mut under_way = after.writer().await.unwrap();
    under_way.write(pattern(blob::FLUSH_BYTES)).await.unwrap();
    let not_yet_named = put(&after, [pattern(9)]).await;
    let swept = SweepReport { removed: 1, unfinished: 1, ..SweepReport::default() };
    assert_eq!(after.sweep_orphans(&kv).await.unwrap(), swept);
    assert_eq!(get(&after, &orphan, 0..9).await, Err(BlobError::NotFound(orphan)));
    for id in [named, forgotten, not_yet_named, under_way.finish().await.unwrap()] {
        assert_eq!(get(&after, &id, 0..9).await.unwrap(), pattern(9));
    }
}

#[tokio::test]
async fn orphans_in_a_shared_store_are_swept_only_once_they_are_old() {
    let kv = Kv::memory();
    let store = Arc::default();
    // The store's own clock is the system's.
    let time = Clock::simulated(Clock::real().now(), 3);
    let other_process = remote(&store, clock(1));
    let id = put(&other_process, [pattern(9)]).await;
    let blobs = remote(&store, time.clone());
    assert_eq!(blobs.sweep_orphans(&kv).await.unwrap().removed, 0);
    time.advance(Duration::from_secs(2 * 24 * 3600));
    assert_eq!(blobs.sweep_orphans(&kv).await.unwrap().removed, 1);
    assert_eq!(get(&blobs, &id, 0..9).await, Err(BlobError::NotFound(id)));
}

#[tokio::test]
async fn a_disk_that_fails_is_an_error_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(directory.path().join("blobs"), clock(1)).unwrap();
    std::fs::remove_dir(directory.path().join("blobs/tmp")).unwrap();
    let mut writer = blobs.writer().await.unwrap();
    writer.write(pattern(blob::FLUSH_BYTES)).await.unwrap();
    let refused = loop {
        if let Err(error) = writer.write(pattern(blob::FLUSH_BYTES)).await {
            break error;
        }
    };
    assert!(matches!(refused, BlobError::Io { .. }), "{refused}");
    assert!(matches!(writer.finish().await, Err(BlobError::Io { .. })));
    assert_eq!(files_in(directory.path()), 0);
}

#[test]
fn an_id_has_one_text() {
    let id = "00112233445566778899aabbccddeeff";
    assert_eq!(id.parse::<BlobId>().unwrap().to_string(), id);
    for text in ["", "0011", "00112233445566778899AABBCCDDEEFF", "../../../../../../../../../../etc"] {
        assert_eq!(text.parse::<BlobId>(), Err(BlobError::NotAnId));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_range_of_any_pieces_is_what_was_written(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 0..12), a: usize, b: usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(on_each_store(async |blobs, _| {
            let whole = pieces.concat();
            let id = put(&blobs, pieces.iter().map(|piece| Bytes::from(piece.clone()))).await;
            let (a, b) = (a % (whole.len() + 1), b % (whole.len() + 1));
            let (start, end) = (a.min(b), a.max(b));
            assert_eq!(get(&blobs, &id, start as u64..end as u64).await.unwrap(), &whole[start..end]);
        }));
    }
}
