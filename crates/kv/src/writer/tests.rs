use crate::changes::Changes;
use crate::engine::{Direction, Entry, ReadSide, View, WriteSide};
use crate::health::Health;
use crate::memory::{Memory, MemoryWriter};
use crate::{Kv, KvError, Transaction};
use bytes::Bytes;
use clock::Clock;
use futures_util::FutureExt;
use names::KeyRange;
use std::sync::{Arc, Mutex};

/// Memory on a disk that fails at the next commit, when told how.
struct Faulty {
    memory: MemoryWriter,
    next_commit: Arc<Mutex<Option<KvError>>>,
}

impl View for Faulty {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        self.memory.get(key)
    }

    fn scan(&self, range: &KeyRange, limit: usize, direction: Direction) -> Result<Vec<Entry>, KvError> {
        self.memory.scan(range, limit, direction)
    }
}

impl WriteSide for Faulty {
    fn begin(&self) -> Result<(), KvError> {
        self.memory.begin()
    }

    fn apply(&self, changes: &Changes) -> Result<(), KvError> {
        self.memory.apply(changes)
    }

    fn commit(&self) -> Result<(), KvError> {
        match self.next_commit.lock().unwrap().take() {
            Some(error) => Err(error),
            None => self.memory.commit(),
        }
    }

    fn rollback(&self) -> Result<(), KvError> {
        self.memory.rollback()
    }

    fn maintain(&self) -> Result<(), KvError> {
        self.memory.maintain()
    }

    fn close(&self) -> Result<(), KvError> {
        self.memory.close()
    }
}

fn faulty() -> (Kv, Arc<Mutex<Option<KvError>>>) {
    let memory = Memory::default();
    let next_commit = Arc::default();
    let writer = Faulty { memory: memory.writer(), next_commit: Arc::clone(&next_commit) };
    let readers = vec![Box::new(memory.reader()) as Box<dyn ReadSide + Send>];
    let kv = {
        let at_hand = crate::at_hand::AtHand::new(Vec::new());
        Kv::start(Box::new(writer), readers, at_hand, Health::good(), Arc::default(), Clock::real()).unwrap()
    };
    (kv, next_commit)
}

async fn put(kv: &Kv, key: &'static [u8]) -> Result<(), KvError> {
    kv.transact(async move |tx: &mut Transaction| {
        tx.put(key, key);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_batch_that_is_not_committed_fails_its_transactions_and_the_next_one_works() {
    let (kv, next_commit) = faulty();
    let mut watch = kv.watch(b"a");
    *next_commit.lock().unwrap() = Some(KvError::Full);
    assert_eq!(put(&kv, b"a").await, Err(KvError::Full));
    assert_eq!(kv.get(b"a").await, Ok(None));
    assert_eq!(watch.changed().now_or_never(), None);
    // Also one that failed by itself, since it may have seen what was then lost.
    *next_commit.lock().unwrap() = Some(KvError::Full);
    let refused = kv.transact(async |_: &mut Transaction| Err::<(), _>(KvError::ForeignAwait)).await;
    assert_eq!(refused, Err(KvError::Full));
    assert_eq!(put(&kv, b"a").await, Ok(()));
    assert_eq!(watch.changed().now_or_never(), Some(()));
}

#[tokio::test]
async fn after_a_failed_fsync_nothing_is_acknowledged_any_more() {
    let (kv, next_commit) = faulty();
    assert_eq!(put(&kv, b"a").await, Ok(()));
    assert_eq!(kv.poisoned().now_or_never(), None);
    let failure = KvError::Poisoned("fsync failed".to_owned());
    *next_commit.lock().unwrap() = Some(failure.clone());
    assert_eq!(put(&kv, b"b").await, Err(failure.clone()));
    assert_eq!(kv.poisoned().await, failure);
    assert_eq!(put(&kv, b"c").await, Err(failure));
    assert_eq!(kv.get(b"a").await, Ok(Some(Bytes::from("a"))));
    kv.close().await;
}
