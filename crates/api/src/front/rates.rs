//! How many requests an account may make: a bucket of tokens for each, in memory.

use crate::ApiError;
use clock::{Clock, Moment};
use names::AccountId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Requests a second, and how many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At least 1.
    pub per_second: u32,
    /// At least 1.
    pub burst: u32,
}

/// What the operator gives each account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Of accounts that are not named; `None`: as many as come.
    pub default: Option<Rate>,
    pub accounts: HashMap<AccountId, Rate>,
}

/// One bucket for each account that has a limit. Only accounts that are there can prove who they are, so that there
/// are no more buckets than accounts.
#[derive(Debug)]
pub(crate) struct Rates {
    limits: RateLimits,
    buckets: Mutex<HashMap<AccountId, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    /// Of when `tokens` was right.
    at: Moment,
}

impl Rates {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Rates { limits, buckets: Mutex::default() }
    }

    /// Takes one request of an account's. To be asked once the signature was verified: nobody else may use them up.
    ///
    /// # Errors
    /// There are none left; every SDK tries again after a while.
    pub(crate) fn take(&self, clock: &Clock, account: &AccountId) -> Result<(), ApiError> {
        let Some(rate) = self.limits.accounts.get(account).copied().or(self.limits.default) else {
            return Ok(());
        };
        let now = clock.moment();
        let most = f64::from(rate.burst);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(account) {
            buckets.insert(account.clone(), Bucket { tokens: most, at: now });
        }
        let Some(bucket) = buckets.get_mut(account) else { return Ok(()) };
        let since = now.since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + since * f64::from(rate.per_second)).min(most);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Err(ApiError::throttled());
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Timestamp;
    use std::time::Duration;

    #[test]
    fn an_account_has_its_burst_and_then_its_rate_and_nobody_elses() {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        let [one, other, free] =
            ["000000000001", "000000000002", "000000000003"].map(|id| AccountId::parse(id).unwrap());
        let own = Rate { per_second: 2, burst: 5 };
        let mut limits = RateLimits { default: None, accounts: HashMap::from([(one.clone(), own)]) };
        limits.accounts.insert(other.clone(), Rate { per_second: 1, burst: 1 });
        let rates = Rates::new(limits);
        let taken =
            |account: &AccountId| (0..100).take_while(|_| rates.take(&clock, account).is_ok()).count();
        assert_eq!((taken(&one), taken(&other), taken(&free)), (5, 1, 100));
        assert_eq!(taken(&one), 0);
        clock.advance(Duration::from_millis(1500));
        assert_eq!((taken(&one), taken(&other)), (3, 1));
        clock.advance(Duration::from_secs(3600));
        assert_eq!((taken(&one), taken(&other)), (5, 1));
        let all = Rates::new(RateLimits { default: Some(own), accounts: HashMap::new() });
        assert_eq!((0..100).take_while(|_| all.take(&clock, &free).is_ok()).count(), 5);
    }
}
