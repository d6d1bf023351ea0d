//! How long instances are kept with nothing to do: learned for each function from how long it had nothing
//! to do before.
//!
//! The hybrid histogram policy of Shahrad et al., "Serverless in the Wild" (USENIX ATC 2020), without its
//! time series model. While nothing can be learned, instances are kept for the longest time allowed.

mod histogram;

use crate::VersionSpec;
use crate::shards::{SHARDS, Shards};
use clock::{Clock, Moment};
use histogram::Histogram;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// What is known of every function version that ran lately.
pub(crate) struct KeepAlive {
    clock: Clock,
    /// No instance is kept longer than this.
    longest: Duration,
    learned: Shards<Name, Learned>,
}

/// Function ARN and version: what was learned outlives changes of the code.
type Name = (String, String);

struct Learned {
    histogram: Histogram,
    running: u32,
    /// When it last began to have nothing to do, or to run.
    since: Moment,
    /// To start an instance from, before the next event is expected.
    ahead: Option<Ahead>,
}

struct Ahead {
    spec: Arc<VersionSpec>,
    /// After `since`.
    at: Duration,
    keep: Duration,
}

/// What to do with an instance when its function begins to have nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    keep: Duration,
    /// Start one again after so long, and keep it for so long.
    ahead: Option<(Duration, Duration)>,
}

/// Shares of the idle times that are taken for the earliest and the latest next event, and the margin.
const HEAD: f64 = 0.05;
const TAIL: f64 = 0.99;
const MARGIN: f64 = 0.1;

/// An instance is kept at least so long (or as long as is allowed): the paper's smallest step.
const SHORTEST: Duration = Duration::from_secs(60);

/// Function versions that are remembered in each part of the table, about 300 bytes each; beyond, those that did
/// nothing for longest are forgotten.
const LEARNED_MAX: usize = 16_384 / SHARDS;

impl KeepAlive {
    pub fn new(clock: Clock, longest: Duration) -> Self {
        KeepAlive { clock, longest, learned: Shards::default() }
    }

    /// An event came.
    pub fn began(&self, spec: &VersionSpec) {
        let mut learned = self.learned.of(&spec.function_arn);
        forget_oldest(&mut learned);
        let now = self.clock.moment();
        let entry = learned.entry(name(spec)).or_insert_with(|| Learned {
            histogram: Histogram::new(),
            running: 0,
            since: now,
            ahead: None,
        });
        // The first event of all ends no idle time.
        if entry.running == 0 && entry.since != now {
            entry.histogram.record(self.clock.since(entry.since));
        }
        entry.running = entry.running.saturating_add(1);
        entry.since = now;
        entry.ahead = None;
    }

    /// It was dealt with.
    pub fn ended(&self, spec: &Arc<VersionSpec>) {
        let mut learned = self.learned.of(&spec.function_arn);
        let Some(entry) = learned.get_mut(&name(spec)) else { return };
        entry.running = entry.running.saturating_sub(1);
        entry.since = self.clock.moment();
        if entry.running == 0 {
            let ahead = plan(&entry.histogram, self.longest).ahead;
            entry.ahead = ahead.map(|(at, keep)| Ahead { spec: spec.clone(), at, keep });
        }
    }

    /// How long an idle instance is kept; `newer` others of the same version had something to do since.
    ///
    /// While little is known, the more there are the sooner the oldest goes, so that a burst that is over
    /// gives its memory back step by step.
    pub fn keep(&self, function_arn: &str, version: &str, newer: usize) -> Duration {
        let learned = self.learned.of(function_arn);
        let known = learned.get(&(function_arn.to_owned(), version.to_owned()));
        match known.filter(|known| known.histogram.is_representative()) {
            Some(known) => plan(&known.histogram, self.longest).keep,
            None => {
                let parts = u32::try_from(newer).unwrap_or(u32::MAX).saturating_add(1);
                (self.longest / parts).max(SHORTEST.min(self.longest))
            }
        }
    }

    /// Takes out what is to be started now, ahead of the next event, with how long to keep it.
    pub fn due(&self) -> Vec<(Arc<VersionSpec>, Duration)> {
        let mut due = Vec::new();
        for mut learned in self.learned.each() {
            for entry in learned.values_mut() {
                if entry.ahead.as_ref().is_some_and(|ahead| self.clock.since(entry.since) >= ahead.at) {
                    due.extend(entry.ahead.take().map(|ahead| (ahead.spec, ahead.keep)));
                }
            }
        }
        due
    }

    /// How long until something is due; `None` when nothing will be.
    pub fn next_due(&self) -> Option<Duration> {
        let left = |entry: &Learned| {
            let ahead = entry.ahead.as_ref()?;
            Some(ahead.at.saturating_sub(self.clock.since(entry.since)))
        };
        self.learned.each().filter_map(|learned| learned.values().filter_map(left).min()).min()
    }

    /// Starts nothing of this function ahead, until its next event: it was changed or removed.
    pub fn forget(&self, function_arn: &str) {
        for ((function, _), entry) in self.learned.of(function_arn).iter_mut() {
            if function == function_arn {
                entry.ahead = None;
            }
        }
    }
}

fn name(spec: &VersionSpec) -> Name {
    (spec.function_arn.clone(), spec.version.clone())
}

fn plan(histogram: &Histogram, longest: Duration) -> Plan {
    if !histogram.is_representative() {
        return Plan { keep: longest, ahead: None };
    }
    let (head, tail) = histogram.range(HEAD, TAIL);
    let (head, tail) = (head.mul_f64(1.0 - MARGIN), tail.mul_f64(1.0 + MARGIN));
    let shortest = SHORTEST.min(longest);
    if tail <= longest {
        Plan { keep: tail.max(shortest), ahead: None }
    } else if head > shortest {
        // Nothing will come for a while: end it, and start another in time.
        Plan { keep: shortest, ahead: Some((head, (tail - head).min(longest))) }
    } else {
        Plan { keep: longest, ahead: None }
    }
}

/// A quarter at a time, so that its cost is shared among as many.
fn forget_oldest(learned: &mut HashMap<Name, Learned>) {
    if learned.len() < LEARNED_MAX {
        return;
    }
    let mut idle: Vec<Moment> =
        learned.values().filter(|entry| entry.running == 0).map(|entry| entry.since).collect();
    idle.sort_unstable();
    if let Some(last) = idle.get(LEARNED_MAX / 4).or(idle.last()).copied() {
        learned.retain(|_, entry| entry.running > 0 || entry.since > last);
    }
}

#[cfg(test)]
mod tests;
