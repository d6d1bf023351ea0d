use crate::shards::Shards;
use crate::{AccountConcurrency, ThrottleReason, VersionSpec};
use names::{AccountId, Region};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Notify;

/// Counts running invocations against the limits.
///
/// An invocation is counted where its capacity comes from: what its function has reserved, what its version
/// has provisioned, or what all functions that reserved nothing share
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html>).
#[derive(Debug)]
pub(crate) struct Concurrency {
    account_max: AccountConcurrency,
    /// By ARN, those of which something runs.
    functions: Shards<String, OfFunction>,
    /// Of accounts in regions where something ever ran. Written once for each.
    regions: RwLock<HashMap<(AccountId, Region), Arc<OfRegion>>>,
    total: AtomicUsize,
    /// Told when nothing runs.
    none: Notify,
}

#[derive(Debug, Default)]
struct OfFunction {
    running: u32,
    /// By version: what runs on its provisioned instances.
    provisioned: HashMap<String, u32>,
}

#[derive(Debug, Default)]
struct OfRegion {
    running: AtomicU32,
    unreserved: AtomicU32,
}

impl Concurrency {
    pub fn new(account_max: AccountConcurrency) -> Arc<Self> {
        Arc::new(Concurrency {
            account_max,
            functions: Shards::default(),
            regions: RwLock::default(),
            total: AtomicUsize::new(0),
            none: Notify::new(),
        })
    }

    /// Counts one more invocation of `spec`'s function, whose version has so many `provisioned` instances.
    ///
    /// # Errors
    /// The limit that is reached. Reserved concurrency is looked at first: it is the narrower one.
    pub fn enter(self: &Arc<Self>, spec: &VersionSpec, provisioned: u32) -> Result<Permit, ThrottleReason> {
        let region = self.region(spec);
        let mut functions = self.functions.of(&spec.function_arn);
        let before = functions.get(&spec.function_arn);
        let running = before.map_or(0, |before| before.running);
        if spec.reserved_concurrency.is_some_and(|reserved| running >= reserved) {
            return Err(ThrottleReason::ReservedConcurrency);
        }
        // No more than a net where all claims fit: an operator may lower the limit below them.
        if !add_below(&region.running, self.account_max.of(&spec.account_id)) {
            return Err(ThrottleReason::AccountConcurrency);
        }
        let on_provisioned = before.and_then(|before| before.provisioned.get(&spec.version)).copied();
        let source = if spec.reserved_concurrency.is_some() {
            Source::Reserved
        } else if on_provisioned.unwrap_or(0) < provisioned {
            Source::Provisioned(spec.version.clone())
        } else if add_below(&region.unreserved, spec.unreserved_concurrency) {
            Source::Unreserved
        } else {
            region.running.fetch_sub(1, Ordering::AcqRel);
            return Err(ThrottleReason::AccountConcurrency);
        };
        let of_function = functions.entry(spec.function_arn.clone()).or_default();
        of_function.running += 1;
        if let Source::Provisioned(version) = &source {
            *of_function.provisioned.entry(version.clone()).or_default() += 1;
        }
        drop(functions);
        self.total.fetch_add(1, Ordering::AcqRel);
        Ok(Permit { concurrency: self.clone(), function_arn: spec.function_arn.clone(), region, source })
    }

    pub fn total(&self) -> usize {
        self.total.load(Ordering::Acquire)
    }

    /// Waits until nothing runs.
    pub async fn wait_none(&self) {
        loop {
            let mut told = std::pin::pin!(self.none.notified());
            told.as_mut().enable();
            if self.total() == 0 {
                return;
            }
            told.await;
        }
    }

    fn region(&self, spec: &VersionSpec) -> Arc<OfRegion> {
        let key = (spec.account_id.clone(), spec.region.clone());
        let regions = self.regions.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(region) = regions.get(&key) {
            return region.clone();
        }
        drop(regions);
        self.regions.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
    }
}

/// Whose capacity an invocation takes up.
#[derive(Debug)]
enum Source {
    Reserved,
    /// Of this version.
    Provisioned(String),
    Unreserved,
}

/// One running invocation, until dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    concurrency: Arc<Concurrency>,
    function_arn: String,
    region: Arc<OfRegion>,
    source: Source,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut functions = self.concurrency.functions.of(&self.function_arn);
        if let Some(of_function) = functions.get_mut(&self.function_arn) {
            if let Source::Provisioned(version) = &self.source {
                match of_function.provisioned.get_mut(version) {
                    Some(count) if *count > 1 => *count -= 1,
                    _ => drop(of_function.provisioned.remove(version)),
                }
            }
            of_function.running = of_function.running.saturating_sub(1);
            // Forgotten, so that the table holds only what runs.
            if of_function.running == 0 {
                functions.remove(&self.function_arn);
            }
        }
        drop(functions);
        if matches!(self.source, Source::Unreserved) {
            self.region.unreserved.fetch_sub(1, Ordering::AcqRel);
        }
        self.region.running.fetch_sub(1, Ordering::AcqRel);
        if self.concurrency.total.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.concurrency.none.notify_waiters();
        }
    }
}

/// One more, unless there are so many already.
fn add_below(count: &AtomicU32, max: u32) -> bool {
    count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| (now < max).then_some(now + 1)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::example;

    fn unreserved(name: &str, unreserved: u32) -> VersionSpec {
        VersionSpec { unreserved_concurrency: unreserved, ..example(name) }
    }

    fn nothing_is_counted(concurrency: &Concurrency) -> bool {
        let regions = concurrency.regions.read().unwrap();
        let counts = regions.values().flat_map(|region| [&region.running, &region.unreserved]);
        concurrency.functions.each().all(|functions| functions.is_empty())
            && counts.into_iter().all(|count| count.load(Ordering::Acquire) == 0)
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
        assert!(nothing_is_counted(&concurrency));
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
        assert!(nothing_is_counted(&concurrency));
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
