use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::Notify;

/// Woken after any commit that wrote (or deleted) a key beginning with its prefix.
///
/// Wakes are coalesced: one wake may stand for many commits, so read until nothing is left. A commit
/// acknowledged after the watch was made is never missed, also when nobody awaits at that moment.
pub struct Watch {
    woken: Arc<Woken>,
    prefix: Bytes,
    registry: Watches,
}

impl Watch {
    /// Cancel-safe: a wake that came is kept until an awaited call returns.
    pub async fn changed(&mut self) {
        self.woken.notify.notified().await;
    }

    /// How many written keys have woken it so far. What was read after one answer is still true, as far as
    /// anybody was told, while the answer stays the same.
    pub fn count(&self) -> u64 {
        self.woken.count.load(Ordering::Acquire)
    }
}

#[derive(Default)]
struct Woken {
    notify: Notify,
    count: AtomicU64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.registry.remove(&self.prefix, &self.woken);
    }
}

#[derive(Clone, Default)]
pub(crate) struct Watches(Arc<Mutex<Registry>>);

#[derive(Default)]
struct Registry {
    by_prefix: HashMap<Bytes, Vec<Weak<Woken>>>,
    /// How many prefixes there are of each length: a written key is looked up once per length.
    lengths: BTreeMap<usize, usize>,
}

impl Watches {
    pub(crate) fn add(&self, prefix: &[u8]) -> Watch {
        let woken = Arc::new(Woken::default());
        let prefix = Bytes::copy_from_slice(prefix);
        let mut registry = self.lock();
        if !registry.by_prefix.contains_key(&prefix) {
            *registry.lengths.entry(prefix.len()).or_default() += 1;
        }
        registry.by_prefix.entry(prefix.clone()).or_default().push(Arc::downgrade(&woken));
        drop(registry);
        Watch { woken, prefix, registry: self.clone() }
    }

    /// Called after the commit and before it is acknowledged.
    pub(crate) fn wake(&self, written: impl IntoIterator<Item = Bytes>) {
        let registry = self.lock();
        if registry.by_prefix.is_empty() {
            return;
        }
        for key in written {
            for &length in registry.lengths.keys() {
                let Some(prefix) = key.get(..length) else { break };
                for woken in registry.by_prefix.get(prefix).into_iter().flatten() {
                    if let Some(woken) = woken.upgrade() {
                        woken.count.fetch_add(1, Ordering::Release);
                        woken.notify.notify_one();
                    }
                }
            }
        }
    }

    fn remove(&self, prefix: &Bytes, woken: &Arc<Woken>) {
        let mut registry = self.lock();
        let Some(watching) = registry.by_prefix.get_mut(prefix) else { return };
        watching.retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(woken)));
        if !watching.is_empty() {
            return;
        }
        registry.by_prefix.remove(prefix);
        if let Some(count) = registry.lengths.get_mut(&prefix.len()) {
            *count -= 1;
            if *count == 0 {
                registry.lengths.remove(&prefix.len());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
