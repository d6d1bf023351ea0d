use serde::{Deserialize, Serialize};

/// When items of a table expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeToLive {
    /// Holds the second, a number, since 1970.
    pub attribute: String,
    pub status: TimeToLiveStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeToLiveStatus {
    /// What is written is noted; what was there before is being noted, and nothing expires yet.
    Enabling,
    Enabled,
    /// Nothing expires any more, and what was noted is being forgotten.
    Disabling,
}

impl TimeToLive {
    /// Whether writes must note when items expire.
    pub fn is_kept(&self) -> bool {
        self.status != TimeToLiveStatus::Disabling
    }
}
