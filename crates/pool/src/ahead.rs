use crate::idle::Key;
use clock::{Clock, Moment};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many instances of a version are to be initialised ahead of their events: as many as were needed at once
/// lately, from one to [`INSTANCES_MAX`].
#[derive(Debug)]
pub(crate) struct Ahead {
    clock: Clock,
    versions: Mutex<HashMap<Key, Wanted>>,
}

#[derive(Debug)]
struct Wanted {
    target: usize,
    /// Needed since there were as many as wanted.
    burst: usize,
    /// Being initialised.
    under_way: usize,
    /// When one was needed last, or asked for.
    needed: Moment,
}

/// Of one version.
const INSTANCES_MAX: usize = 16;

/// Before what nobody needs is looked for.
const VERSIONS_MAX: usize = 1000;

/// A version that nobody needed for this long has none, and its next invocation starts cold.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

impl Ahead {
    pub fn new(clock: Clock) -> Self {
        Ahead { clock, versions: Mutex::default() }
    }

    /// An invocation needed one, whether or not it was there.
    pub fn needed(&self, key: &Key) {
        let now = self.clock.moment();
        let mut versions = self.lock();
        self.forget_old(&mut versions, VERSIONS_MAX);
        let wanted = versions.entry(key.clone()).or_insert_with(|| Wanted::new(now));
        wanted.burst = wanted.burst.saturating_add(1);
        wanted.target = wanted.target.max(wanted.burst.min(INSTANCES_MAX));
        wanted.needed = now;
    }

    /// A place for one more, beside those that are `there` already; `None` when there are enough.
    pub fn begin(self: &Arc<Self>, key: &Key, there: usize) -> Option<UnderWay> {
        let now = self.clock.moment();
        let mut versions = self.lock();
        let wanted = versions.entry(key.clone()).or_insert_with(|| Wanted::new(now));
        if there + wanted.under_way < wanted.target {
            wanted.under_way += 1;
            return Some(UnderWay { ahead: self.clone(), key: key.clone() });
        }
        None
    }

    /// So many are there now. When nothing is missing, the next burst begins; one that was smaller than what
    /// is kept makes that one less.
    pub fn settle(&self, key: &Key, there: usize) {
        if let Some(wanted) = self.lock().get_mut(key)
            && wanted.under_way == 0
            && there >= wanted.target
        {
            wanted.target = wanted.burst.clamp(wanted.target.saturating_sub(1).max(1), INSTANCES_MAX);
            wanted.burst = 0;
        }
    }

    /// Whether one that has waited for too long is to be replaced.
    pub fn is_remembered(&self, key: &Key) -> bool {
        let mut versions = self.lock();
        self.forget_old(&mut versions, 0);
        versions.contains_key(key)
    }

    /// The function was changed or removed: what is under way is not wanted any more.
    pub fn forget(&self, function_arn: &str, version: Option<&str>) {
        self.lock().retain(|key, _| !key.concerns(function_arn, version));
    }

    /// If there are more than so many.
    fn forget_old(&self, versions: &mut HashMap<Key, Wanted>, count: usize) {
        if versions.len() > count {
            versions.retain(|_, wanted| wanted.under_way > 0 || self.clock.since(wanted.needed) < REMEMBERED);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Wanted>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    fn new(now: Moment) -> Self {
        Wanted { target: 1, burst: 0, under_way: 0, needed: now }
    }
}

/// One that is being initialised, until dropped.
#[derive(Debug)]
pub(crate) struct UnderWay {
    ahead: Arc<Ahead>,
    key: Key,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(wanted) = self.ahead.lock().get_mut(&self.key) {
            wanted.under_way = wanted.under_way.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::example;
    use clock::Timestamp;

    fn world() -> (Clock, Arc<Ahead>, Key) {
        let clock = Clock::simulated(Timestamp::from_seconds(1_000_000), 3);
        (clock.clone(), Arc::new(Ahead::new(clock)), Key::of(&example("f")))
    }

    fn missing(ahead: &Arc<Ahead>, key: &Key, there: usize) -> usize {
        let mut begun = Vec::new();
        while let Some(under_way) = ahead.begin(key, there) {
            begun.push(under_way);
        }
        begun.len()
    }

    #[test]
    fn as_many_are_kept_as_were_needed_at_once() {
        let (_, ahead, key) = world();
        assert_eq!(missing(&ahead, &key, 0), 1, "before the first event");
        assert_eq!(missing(&ahead, &key, 1), 0);
        (0..4).for_each(|_| ahead.needed(&key));
        assert_eq!(missing(&ahead, &key, 0), 4);
        assert_eq!(missing(&ahead, &key, 3), 1);
        ahead.settle(&key, 4);
        // Less is needed from now on: one less is kept each time.
        for kept in [4, 3, 2, 1, 1] {
            ahead.needed(&key);
            assert_eq!(missing(&ahead, &key, 0), kept);
            ahead.settle(&key, kept);
        }
        (0..100).for_each(|_| ahead.needed(&key));
        assert_eq!(missing(&ahead, &key, 0), INSTANCES_MAX);
    }

    #[test]
    fn what_nobody_needs_is_forgotten() {
        let (clock, ahead, key) = world();
        ahead.needed(&key);
        clock.advance(REMEMBERED / 2);
        assert!(ahead.is_remembered(&key));
        clock.advance(REMEMBERED / 2);
        assert!(!ahead.is_remembered(&key));
        ahead.needed(&key);
        ahead.forget("another function", None);
        assert!(ahead.is_remembered(&key));
        ahead.forget(&example("f").function_arn, None);
        assert!(!ahead.is_remembered(&key));
    }
}
