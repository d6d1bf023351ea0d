//! What functions used: counted while they run, kept by minute, hour and day, and priced.
//!
//! An invocation is added to its function's tally in memory, under a lock of that function alone; every
//! [`FLUSH_EVERY`], and at an orderly end, what was added is put into the store. So `kill -9` loses the
//! invocations that ended since the last flush, at most those of [`FLUSH_EVERY`] and of a flush under way,
//! and never counts one twice.

mod bill;
mod book;
mod histogram;
mod ledger;
mod live;
mod retention;
mod sample;
mod series;
mod tally;
mod usage;

pub use bill::{Bill, BillRow, GroupBy};
pub use book::{BookError, PriceBook, PriceBooks};
pub use histogram::Histogram;
pub use ledger::Resolution;
pub use live::{Live, Totals};
pub use sample::{Ending, Used};
pub use series::{Metered, Series};
pub use tally::Tally;
pub use usage::{UsageError, UsageRow};

use clock::Clock;
use kv::{Kv, KvError};
use live::Registry;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two flushes.
pub const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// Between two sweeps of what is older than it is kept.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// The meters of all functions. Cheap to clone.
#[derive(Clone)]
pub struct Meters {
    kv: Kv,
    clock: Clock,
    registry: Arc<Registry>,
    /// One flush at a time, so that nothing is put in twice.
    flushing: Arc<tokio::sync::Mutex<()>>,
}

impl Meters {
    pub fn new(kv: Kv, clock: Clock) -> Self {
        Meters { kv, clock, registry: Arc::default(), flushing: Arc::default() }
    }

    /// Flushes and sweeps until `stop` turns true. The last flush is for whoever ends the server, after the
    /// last invocation.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut swept = None;
        while !*stop.borrow_and_update() {
            tokio::select! {
                () = self.clock.sleep(FLUSH_EVERY) => {}
                // An error means that nobody can stop us any more: go on until dropped.
                Ok(()) = stop.changed() => continue,
            }
            if let Err(error) = self.flush().await {
                tracing::error!(%error, "what functions used could not be kept yet");
            }
            if swept.is_none_or(|swept| self.clock.since(swept) >= SWEEP_EVERY) {
                swept = Some(self.clock.moment());
                if let Err(error) = retention::sweep(&self.kv, self.clock.now()).await {
                    tracing::error!(%error, "old figures of what functions used could not be removed");
                }
            }
        }
    }

    /// Puts what was counted since the last flush into the store. What could not be put stays counted.
    ///
    /// # Errors
    /// The store failed.
    pub async fn flush(&self) -> Result<(), KvError> {
        let _one = self.flushing.lock().await;
        let mut counted = self.registry.take();
        while !counted.is_empty() {
            let batch = counted.split_off(counted.len().saturating_sub(ledger::BATCH));
            if let Err(error) = ledger::add(&self.kv, batch.clone()).await {
                counted.extend(batch);
                self.registry.put_back(counted);
                return Err(error);
            }
            self.registry.publish(&batch);
        }
        Ok(())
    }
}
