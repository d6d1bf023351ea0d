use clock::Timestamp;
use serde::{Deserialize, Serialize};

/// What a table keeps of what its items were: for point-in-time recovery, and while somebody copies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Of its entries' keys; never used again.
    pub number: u64,
    /// Since when, and for how many days, a table can be made as it was at any second.
    pub recovery: Option<Recovery>,
    /// Copies under way that need what changes meanwhile.
    pub copies: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    pub since: Timestamp,
    /// 1 to 35.
    pub days: u32,
}

impl Recovery {
    /// The first moment that is still known.
    pub fn earliest(&self, now: Timestamp) -> Timestamp {
        self.since.max(now.minus(self.period()))
    }

    pub fn period(&self) -> std::time::Duration {
        std::time::Duration::from_secs(u64::from(self.days) * 24 * 60 * 60)
    }
}
