use super::backlog::Backlog;
use crate::{Functions, FunctionsError};
use kv::Snapshot;
use names::{Key, Keyspace};

/// What waits for all functions together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    pub events: u64,
    /// Of the events themselves.
    pub bytes: u64,
}

impl Functions {
    /// # Errors
    /// The store could not be read.
    pub async fn waiting(&self) -> Result<Waiting, FunctionsError> {
        /// Accounts that are counted at most.
        const ACCOUNTS_MAX: usize = 10_000;
        self.kv
            .read(async |snapshot: &Snapshot| {
                let all = Key::new(Keyspace::AsyncAccount).range();
                let accounts = kv::range_records::<Backlog>(snapshot, &all, ACCOUNTS_MAX).await?;
                Ok(accounts.into_iter().fold(Waiting::default(), |sum, (_, of)| Waiting {
                    events: sum.events.saturating_add(of.events),
                    bytes: sum.bytes.saturating_add(of.bytes),
                }))
            })
            .await
    }
}
