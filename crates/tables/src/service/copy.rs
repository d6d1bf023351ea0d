//! Copies of a table as it was at a moment, made in the background beside writes, in steps that a restart goes on with.
//!
//! First every row is copied as it is found; what the table's history noted since the moment is then taken back, the
//! newest first. What was copied too late is so made what it was, since the last that is taken back of an item is the
//! first that happened after the moment. At last the copy's indexes are filled.

mod record;
mod step;

#[cfg(test)]
mod tests;

pub(crate) use record::{Copy, Phase, Source, Target};

use super::{Tables, TablesError};
use crate::keys;
use kv::{KvError, Transaction};
use std::time::Duration;

/// Copies that have a step in one round.
const COPIES_MAX: usize = 64;
/// Before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(10);

impl Tables {
    /// Makes copies until it is dropped, which leaves the rest to the next start.
    pub async fn keep_copied(self) {
        let mut begun = self.kv.watch(&keys::all_copies());
        loop {
            match self.copy().await {
                Ok(true) => {}
                Ok(false) => begun.changed().await,
                Err(TablesError::Store(KvError::Closed)) => return,
                Err(error) => {
                    tracing::error!(%error, "a table cannot be copied");
                    self.clock.sleep(PAUSE).await;
                }
            }
        }
    }

    /// Makes a step with each copy under way. Whether there was any.
    ///
    /// # Errors
    /// The store fails, or a row cannot be read.
    pub async fn copy(&self) -> Result<bool, TablesError> {
        let copies = self.kv.range(keys::all_copies().range(), COPIES_MAX).await?;
        let mut failed = None;
        for (key, _) in &copies {
            let (key, known, clock) = (key.clone(), self.known.clone(), self.clock.clone());
            let made = self
                .kv
                .transact(async move |tx: &mut Transaction| step::step(tx, &key, &known, &clock).await);
            // One that cannot be made holds up no other.
            if let Err(error) = made.await {
                failed = Some(error);
            }
        }
        failed.map_or(Ok(!copies.is_empty()), Err)
    }
}
