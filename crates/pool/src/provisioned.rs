use crate::VersionSpec;
use clock::{Clock, Moment};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Which versions are to have initialised instances, and how many of each.
#[derive(Debug)]
pub(crate) struct Provisioned {
    clock: Clock,
    wanted: Mutex<HashMap<String, Vec<Wanted>>>,
    /// Told when what is wanted changed, or when another try may succeed.
    changes: watch::Sender<()>,
}

/// One version of one function.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub spec: Arc<VersionSpec>,
    pub count: u32,
    failure: Option<ProvisionFailure>,
    failures: u32,
    failed: Moment,
}

/// Why initialised instances are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProvisionFailure {
    /// The code did not come up.
    Init,
    /// This machine has no memory left for them.
    Memory,
}

/// What became of the instances that were asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProvisionStatus {
    /// Instances that are there, those that still start included.
    pub allocated: u32,
    /// Initialised ones, whether or not they are busy.
    pub available: u32,
    /// Since the last one that came up.
    pub failure: Option<ProvisionFailure>,
}

const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LAST: Duration = Duration::from_secs(60);

impl Provisioned {
    pub fn new(clock: Clock) -> Self {
        Provisioned { clock, wanted: Mutex::default(), changes: watch::Sender::new(()) }
    }

    /// From now on so many of these versions of the function, and none of its others.
    pub fn set(&self, function_arn: &str, versions: Vec<(Arc<VersionSpec>, u32)>) {
        {
            let mut all = self.lock();
            let before = all.remove(function_arn).unwrap_or_default();
            let wanted = |(spec, count): (Arc<VersionSpec>, u32)| {
                let same = before.iter().find(|old| {
                    old.spec.version == spec.version
                        && old.spec.revision == spec.revision
                        && old.count == count
                });
                same.cloned().unwrap_or(Wanted {
                    spec,
                    count,
                    failure: None,
                    failures: 0,
                    failed: self.clock.moment(),
                })
            };
            let now: Vec<Wanted> = versions.into_iter().filter(|(_, count)| *count > 0).map(wanted).collect();
            if !now.is_empty() {
                all.insert(function_arn.to_owned(), now);
            }
        }
        self.changes.send_replace(());
    }

    pub fn all(&self) -> Vec<Wanted> {
        self.lock().values().flatten().cloned().collect()
    }

    /// How many of this version are wanted.
    pub fn count(&self, function_arn: &str, version: &str) -> u32 {
        let all = self.lock();
        let versions = all.get(function_arn).into_iter().flatten();
        versions.filter(|wanted| wanted.spec.version == version).map(|wanted| wanted.count).sum()
    }

    pub fn failure(&self, function_arn: &str, version: &str) -> Option<ProvisionFailure> {
        self.find(function_arn, version)?.failure
    }

    /// One came up, or not.
    pub fn tried(&self, spec: &VersionSpec, failure: Option<ProvisionFailure>) {
        if let Some(wanted) = self
            .lock()
            .get_mut(&spec.function_arn)
            .and_then(|versions| versions.iter_mut().find(|wanted| wanted.spec.version == spec.version))
        {
            wanted.failure = failure;
            wanted.failures = if failure.is_some() { wanted.failures.saturating_add(1) } else { 0 };
            wanted.failed = self.clock.moment();
        }
        self.changes.send_replace(());
    }

    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn find(&self, function_arn: &str, version: &str) -> Option<Wanted> {
        self.lock().get(function_arn)?.iter().find(|wanted| wanted.spec.version == version).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Wanted>>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    /// How long to wait before another try; `None` when there is no reason to.
    pub fn retry_in(&self, clock: &Clock) -> Option<Duration> {
        let doublings = self.failures.checked_sub(1)?;
        let pause = RETRY_FIRST.saturating_mul(1 << doublings.min(16)).min(RETRY_LAST);
        pause.checked_sub(clock.since(self.failed)).filter(|left| !left.is_zero())
    }
}
