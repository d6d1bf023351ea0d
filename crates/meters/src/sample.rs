use std::time::Duration;

/// What one invocation that reached an instance used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    pub duration: Duration,
    /// In whole milliseconds, initialisation included.
    pub billed: Duration,
    /// Cold starts only.
    pub init: Option<Duration>,
    /// Of all processes of the instance; `None` where the machine cannot tell.
    pub cpu: Option<Duration>,
    pub memory_peak_bytes: u64,
    pub cold: bool,
    /// On an instance that was there since it was asked to be.
    pub provisioned: bool,
    /// On another one, though its version has such.
    pub spillover: bool,
    pub request_bytes: u64,
    pub response_bytes: u64,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Answered(Used),
    /// The code failed, or was stopped: that is billed too.
    Failed(Used),
    Throttled,
    /// No instance could be had, which is the platform's fault and is not billed.
    Unavailable,
}
