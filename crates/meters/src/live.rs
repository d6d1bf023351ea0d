//! What was counted and is not yet in the store, and what was counted since the start.

use crate::sample::Ending;
use crate::series::{Metered, Series};
use crate::{Meters, Tally};
use names::{AccountId, FunctionName, Region};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Functions with totals of their own since the start: the first that ran. What further ones did is summed.
/// Never exchanged, so that no total ever falls.
const FUNCTIONS_TOLD_MAX: usize = 200;

/// Parts of the table, so that functions do not wait for each other.
const SHARDS: usize = 64;

/// What may wait for a store that does not take it; beyond, new figures are lost, and the log says so.
const WAITING_MAX: usize = 100_000;

/// One series in one minute.
pub(crate) type Counted = (Series, u64, Tally);

type Shard = RwLock<HashMap<String, Arc<Function>>>;

pub(crate) struct Registry {
    hasher: RandomState,
    /// By unqualified function ARN.
    shards: [Shard; SHARDS],
    waiting: Mutex<Vec<Counted>>,
    totals: Mutex<Totals>,
}

impl Default for Registry {
    fn default() -> Self {
        Registry {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| RwLock::default()),
            waiting: Mutex::default(),
            totals: Mutex::default(),
        }
    }
}

#[derive(Default)]
struct Function {
    running: AtomicU64,
    cells: Mutex<Vec<Counted>>,
}

/// What was counted since the start, up to the last flush.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    pub functions: BTreeMap<(AccountId, Region, FunctionName), Tally>,
    /// Of all functions that are not told by themselves.
    pub other: Tally,
}

/// One invocation under way. Dropped without an end it counts nothing but its part of the concurrency.
pub struct Live {
    meters: Meters,
    function: Arc<Function>,
    concurrency: u64,
}

impl Meters {
    pub fn begin(&self, metered: &Metered<'_>) -> Live {
        let function = self.registry.function(metered.function_arn);
        let concurrency = function.running.fetch_add(1, Ordering::Relaxed) + 1;
        Live { meters: self.clone(), function, concurrency }
    }

    /// Since the start, up to the last flush.
    pub fn totals(&self) -> Totals {
        lock(&self.registry.totals).clone()
    }
}

impl Live {
    /// Counts it, in the minute in which it ended.
    pub fn end(self, metered: &Metered<'_>, ending: Ending) {
        let minute = minute(self.meters.clock.now());
        let mut cells = lock(&self.function.cells);
        let found = cells.iter_mut().rev().find(|(series, at, _)| {
            *at == minute && series.version == metered.version && series.memory_mb == metered.memory_mb
        });
        let tally = match found {
            Some((_, _, tally)) => tally,
            None => {
                cells.push((metered.series(), minute, Tally::default()));
                match cells.last_mut() {
                    Some((_, _, tally)) => tally,
                    None => return,
                }
            }
        };
        tally.add(ending);
        tally.concurrency_max = tally.concurrency_max.max(self.concurrency);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.function.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Registry {
    fn function(&self, arn: &str) -> Arc<Function> {
        let shard = self.shard(arn);
        if let Some(function) = shard.read().unwrap_or_else(PoisonError::into_inner).get(arn) {
            return function.clone();
        }
        shard.write().unwrap_or_else(PoisonError::into_inner).entry(arn.to_owned()).or_default().clone()
    }

    fn shard(&self, arn: &str) -> &Shard {
        &self.shards[self.hasher.hash_one(arn) as usize % SHARDS]
    }

    /// Takes out all that was counted, and forgets the functions that do not run.
    pub fn take(&self) -> Vec<Counted> {
        let mut taken = std::mem::take(&mut *lock(&self.waiting));
        for shard in &self.shards {
            let mut functions = shard.write().unwrap_or_else(PoisonError::into_inner);
            functions.retain(|_, function| {
                // Whoever holds another clone is running, and will count into it. Looked at first: what
                // is counted between here and there is taken.
                let runs = Arc::strong_count(function) > 1;
                taken.append(&mut lock(&function.cells));
                runs
            });
        }
        taken
    }

    /// Keeps what the store did not take for the next time.
    pub fn put_back(&self, mut counted: Vec<Counted>) {
        let lost = counted.len().saturating_sub(WAITING_MAX);
        if lost > 0 {
            tracing::error!(lost, "the store takes no figures: those of so many function minutes are lost");
            counted.truncate(WAITING_MAX);
        }
        lock(&self.waiting).append(&mut counted);
    }

    pub fn publish(&self, counted: &[Counted]) {
        let mut totals = lock(&self.totals);
        for (series, _, tally) in counted {
            let name = (series.account.clone(), series.region.clone(), series.function.clone());
            let has_room = totals.functions.len() < FUNCTIONS_TOLD_MAX;
            match totals.functions.get_mut(&name) {
                Some(total) => total.merge(tally),
                None if has_room => {
                    totals.functions.insert(name, tally.clone());
                }
                None => totals.other.merge(tally),
            }
        }
    }
}

/// Seconds since 1970 of the minute's beginning.
fn minute(at: clock::Timestamp) -> u64 {
    u64::try_from(at.as_seconds()).unwrap_or(0) / 60 * 60
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
