use crate::{AccountConcurrency, ThrottleReason, VersionSpec};
use names::{AccountId, Region};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Counts running invocations against the limits.
///
/// An invocation is counted where its capacity comes from: what its function has reserved, what its version
/// has provisioned, or what all functions that reserved nothing share
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html>).
#[derive(Debug)]
pub(crate) struct Concurrency {
    account_max: AccountConcurrency,
    running: Mutex<Running>,
    total: watch::Sender<usize>,
}

type OfRegion = (AccountId, Region);
/// ARN of the function, and version.
type OfVersion = (String, String);

#[derive(Debug, Default)]
struct Running {
    by_function: HashMap<String, u32>,
    by_account: HashMap<OfRegion, u32>,
    unreserved: HashMap<OfRegion, u32>,
    provisioned: HashMap<OfVersion, u32>,
}

impl Concurrency {
    pub fn new(account_max: AccountConcurrency) -> Arc<Self> {
        Arc::new(Concurrency { account_max, running: Mutex::default(), total: watch::Sender::new(0) })
    }

    /// Counts one more invocation of `spec`'s function, whose version has so many `provisioned` instances.
    ///
    /// # Errors
    /// The limit that is reached. Reserved concurrency is looked at first: it is the narrower one.
    pub fn enter(self: &Arc<Self>, spec: &VersionSpec, provisioned: u32) -> Result<Permit, ThrottleReason> {
        let region = (spec.account_id.clone(), spec.region.clone());
        let mut running = self.lock();
        let of_function = count(&running.by_function, &spec.function_arn);
        if spec.reserved_concurrency.is_some_and(|reserved| of_function >= reserved) {
            return Err(ThrottleReason::ReservedConcurrency);
        }
        // No more than a net where all claims fit: an operator may lower the limit below them.
        if count(&running.by_account, &region) >= self.account_max.of(&region.0) {
            return Err(ThrottleReason::AccountConcurrency);
        }
        let source = match spec.reserved_concurrency {
            Some(_) => Source::Reserved,
            None => {
                let version = (spec.function_arn.clone(), spec.version.clone());
                if provisioned > 0 && count(&running.provisioned, &version) < provisioned {
                    Source::Provisioned(version)
                } else if count(&running.unreserved, &region) < spec.unreserved_concurrency {
                    Source::Unreserved
                } else {
                    return Err(ThrottleReason::AccountConcurrency);
                }
            }
        };
        add(&mut running.by_function, spec.function_arn.clone());
        add(&mut running.by_account, region.clone());
        match &source {
            Source::Reserved => {}
            Source::Provisioned(version) => add(&mut running.provisioned, version.clone()),
            Source::Unreserved => add(&mut running.unreserved, region.clone()),
        }
        self.total.send_modify(|total| *total += 1);
        Ok(Permit { concurrency: self.clone(), function_arn: spec.function_arn.clone(), region, source })
    }

    pub fn total(&self) -> usize {
        *self.total.borrow()
    }

    /// Waits until nothing runs.
    pub async fn wait_none(&self) {
        let mut total = self.total.subscribe();
        // The sender is in `self`, so this cannot fail.
        let _ = total.wait_for(|total| *total == 0).await;
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose capacity an invocation takes up.
#[derive(Debug)]
enum Source {
    Reserved,
    Provisioned(OfVersion),
    Unreserved,
}

/// One running invocation, until dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    concurrency: Arc<Concurrency>,
    function_arn: String,
    region: OfRegion,
    source: Source,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut running = self.concurrency.lock();
        leave(&mut running.by_function, &self.function_arn);
        leave(&mut running.by_account, &self.region);
        match &self.source {
            Source::Reserved => {}
            Source::Provisioned(version) => leave(&mut running.provisioned, version),
            Source::Unreserved => leave(&mut running.unreserved, &self.region),
        }
        self.concurrency.total.send_modify(|total| *total = total.saturating_sub(1));
    }
}

fn count<K: Eq + Hash>(counts: &HashMap<K, u32>, key: &K) -> u32 {
    counts.get(key).copied().unwrap_or(0)
}

fn add<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K) {
    let count = counts.entry(key).or_insert(0);
    *count = count.saturating_add(1);
}

/// Forgets what counts nothing, so that the tables hold only what runs.
fn leave<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: &K) {
    match counts.get_mut(key) {
        Some(count) if *count > 1 => *count -= 1,
        _ => {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::example;

    fn unreserved(name: &str, unreserved: u32) -> VersionSpec {
        VersionSpec { unreserved_concurrency: unreserved, ..example(name) }
    }

    #[test]
    fn functions_without_a_reservation_leave_that_of_others_alone() {
        let concurrency = Concurrency::new(10.into());
        let reserved = VersionSpec { reserved_concurrency: Some(8), ..unreserved("reserved", 2) };
        let (a, b) = (unreserved("a", 2), unreserved("b", 2));
        let of_a = concurrency.enter(&a, 0).unwrap();
        let of_b = concurrency.enter(&b, 0).unwrap();
        let throttled = |spec: &VersionSpec| concurrency.enter(spec, 0).map(drop);
        assert_eq!(throttled(&a), Err(ThrottleReason::AccountConcurrency));
        let eight: Vec<_> = (0..8).map(|_| concurrency.enter(&reserved, 0).unwrap()).collect();
        assert_eq!(throttled(&reserved), Err(ThrottleReason::ReservedConcurrency));
        drop(of_b);
        assert_eq!(throttled(&a), Ok(()));
        drop((of_a, eight));
        assert_eq!(concurrency.total(), 0);
        let running = concurrency.lock();
        assert!(
            running.by_function.is_empty() && running.by_account.is_empty() && running.unreserved.is_empty()
        );
    }

    #[test]
    fn what_runs_on_provisioned_instances_shares_nothing() {
        let concurrency = Concurrency::new(10.into());
        let spec = unreserved("a", 1);
        let permits: Vec<_> = (0..3).map(|_| concurrency.enter(&spec, 2).unwrap()).collect();
        let throttled = Err(ThrottleReason::AccountConcurrency);
        assert_eq!(concurrency.enter(&spec, 2).map(drop), throttled);
        assert_eq!(concurrency.enter(&unreserved("b", 1), 0).map(drop), throttled);
        drop(permits);
        assert!(concurrency.lock().provisioned.is_empty());
    }

    #[test]
    fn regions_and_accounts_have_limits_of_their_own() {
        let concurrency = Concurrency::new(1.into());
        let here = unreserved("a", 1);
        let there = VersionSpec { region: Region::parse("eu-west-1").unwrap(), ..here.clone() };
        let other = VersionSpec { account_id: AccountId::parse("111111111111").unwrap(), ..here.clone() };
        let permits: Vec<_> = [&here, &there, &other].map(|spec| concurrency.enter(spec, 0).unwrap()).into();
        assert_eq!(concurrency.enter(&here, 0).map(drop), Err(ThrottleReason::AccountConcurrency));
        drop(permits);
    }

    #[test]
    fn an_account_has_the_limit_that_is_its_own() {
        let other = AccountId::parse("111111111111").unwrap();
        let concurrency = Concurrency::new(AccountConcurrency {
            default: 1,
            accounts: HashMap::from([(other.clone(), 3)]),
        });
        let of_other = VersionSpec { account_id: other, ..unreserved("a", 10) };
        let permits: Vec<_> = (0..3).map(|_| concurrency.enter(&of_other, 0).unwrap()).collect();
        assert_eq!(concurrency.enter(&of_other, 0).map(drop), Err(ThrottleReason::AccountConcurrency));
        // Its burst takes nothing from anybody else.
        let mine = concurrency.enter(&unreserved("a", 10), 0).unwrap();
        assert_eq!(
            concurrency.enter(&unreserved("a", 10), 0).map(drop),
            Err(ThrottleReason::AccountConcurrency)
        );
        drop((permits, mine));
    }
}
