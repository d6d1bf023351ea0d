use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the writer did since the store was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions whose batch was committed, those included that wrote nothing or failed by themselves.
    pub transactions: u64,
    /// Batches committed: on disk, one fsync each.
    pub commits: u64,
    /// Time spent in those commits.
    pub commit_time: Duration,
    /// Times the engine moved its log into its main file.
    pub checkpoints: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    transactions: AtomicU64,
    commits: AtomicU64,
    commit_us: AtomicU64,
    checkpoints: AtomicU64,
}

impl Counters {
    pub(crate) fn committed(&self, transactions: usize, took: Duration) {
        self.transactions.fetch_add(transactions as u64, Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.commit_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn checkpointed(&self) {
        self.checkpoints.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Stats {
        Stats {
            transactions: self.transactions.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
            commit_time: Duration::from_micros(self.commit_us.load(Ordering::Relaxed)),
            checkpoints: self.checkpoints.load(Ordering::Relaxed),
        }
    }
}
