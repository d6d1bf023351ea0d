use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many functions can be looked up at the same moment.
pub(crate) const SHARDS: usize = 64;

/// A table in parts, each behind a lock of its own, so that functions do not wait for each other.
#[derive(Debug)]
pub(crate) struct Shards<K, V> {
    hasher: RandomState,
    shards: [Mutex<HashMap<K, V>>; SHARDS],
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Shards { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl<K, V> Shards<K, V> {
    /// The part with everything of a function, and of some others.
    pub fn of(&self, function_arn: &str) -> MutexGuard<'_, HashMap<K, V>> {
        // The remainder is less than there are parts.
        #[allow(clippy::cast_possible_truncation, clippy::indexing_slicing)]
        let shard = &self.shards[(self.hasher.hash_one(function_arn) % SHARDS as u64) as usize];
        lock(shard)
    }

    /// One part after the other: each is locked only until the next is asked for, if its guard goes.
    pub fn each(&self) -> impl Iterator<Item = MutexGuard<'_, HashMap<K, V>>> {
        self.shards.iter().map(lock)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
