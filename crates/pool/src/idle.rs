use crate::VersionSpec;
use crate::instance::Instance;
use crate::keep_alive::KeepAlive;
use crate::registry::{Phase, Purpose};
use crate::shards::Shards;
use clock::{Clock, Moment};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What instances are shared by: see [`VersionSpec`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    function_arn: String,
    version: String,
    revision: String,
}

impl Key {
    /// Whether this is one of the function, or of one version of it.
    pub fn concerns(&self, function_arn: &str, version: Option<&str>) -> bool {
        self.function_arn == function_arn && version.is_none_or(|version| self.version == version)
    }

    pub fn function_arn(&self) -> &str {
        &self.function_arn
    }

    #[cfg(test)]
    pub fn named(function_arn: &str) -> Self {
        Key { function_arn: function_arn.to_owned(), version: String::new(), revision: String::new() }
    }

    pub fn of(spec: &VersionSpec) -> Self {
        Key {
            function_arn: spec.function_arn.clone(),
            version: spec.version.clone(),
            revision: spec.revision.clone(),
        }
    }
}

/// Instances with nothing to do, most recently used last.
pub(crate) struct Idle {
    clock: Clock,
    places: Shards<Key, Vec<Place>>,
    /// Told when an instance came in.
    arrivals: watch::Sender<()>,
}

struct Place {
    since: Moment,
    /// For one that was started ahead of its event; otherwise what was learned of the function decides.
    keep: Option<Duration>,
    purpose: Purpose,
    memory_mb: u32,
    /// Initialised ahead, and not restored yet.
    ahead: bool,
    /// Not frozen yet.
    warm: bool,
    /// Locked while it is being frozen; whoever takes the place waits for that.
    instance: Arc<tokio::sync::Mutex<Option<Box<Instance>>>>,
}

impl Idle {
    pub fn new(clock: Clock) -> Self {
        Idle { clock, places: Shards::default(), arrivals: watch::Sender::new(()) }
    }

    pub fn arrivals(&self) -> watch::Receiver<()> {
        self.arrivals.subscribe()
    }

    /// Puts an instance in, to be frozen by [`Idle::freeze`] unless somebody takes it out before.
    pub fn put(&self, key: Key, instance: Box<Instance>, keep: Option<Duration>) {
        let (memory_mb, purpose) = (instance.memory_mb(), instance.registration().purpose());
        let ahead = instance.awaits_restore();
        instance.registration().set_phase(Phase::Idle);
        let instance = Arc::new(tokio::sync::Mutex::new(Some(instance)));
        let since = self.clock.moment();
        let place = Place { since, keep, purpose, memory_mb, ahead, warm: true, instance };
        {
            let mut places = self.places.of(&key.function_arn);
            let of_key = places.entry(key).or_default();
            // Those that have been restored already are taken first.
            let at = if ahead { 0 } else { of_key.len() };
            of_key.insert(at, place);
        }
        // Who came after this look found the place itself: it looks after it has subscribed.
        if self.arrivals.receiver_count() > 0 {
            self.arrivals.send_replace(());
        }
    }

    /// Freezes those that had nothing to do for `after`, and tells how long until the next one is to be frozen;
    /// `None` when all are.
    pub async fn freeze(&self, after: Duration) -> Option<Duration> {
        let mut next: Option<Duration> = None;
        let mut due = Vec::new();
        for mut places in self.places.each() {
            for place in places.values_mut().flatten().filter(|place| place.warm) {
                let left = after.saturating_sub(self.clock.since(place.since));
                if left.is_zero() {
                    place.warm = false;
                    due.push(place.instance.clone());
                } else {
                    next = Some(next.map_or(left, |next| next.min(left)));
                }
            }
        }
        for place in due {
            // Whoever took it out meanwhile has emptied the place.
            let mut place = place.lock().await;
            let Some(instance) = place.as_mut() else { continue };
            match instance.freeze() {
                Ok(()) => instance.registration().set_phase(Phase::Frozen),
                Err(error) => tracing::warn!(%error, "an idle instance could not be frozen"),
            }
        }
        next
    }

    /// How many of `key` wait that were initialised ahead.
    pub fn count_ahead(&self, key: &Key) -> usize {
        let places = self.places.of(&key.function_arn);
        places.get(key).map_or(0, |places| places.iter().filter(|place| place.ahead).count())
    }

    /// Takes out the most recently used instance of `key`, of the provisioned ones while there are any.
    pub async fn take(&self, key: &Key) -> Option<Box<Instance>> {
        loop {
            let place = self.take_place(key)?;
            if let Some(instance) = place.instance.lock().await.take() {
                return Some(instance);
            }
        }
    }

    /// Takes out the longest idle instances that nobody asked to be there and that together hold `memory_mb`, or none
    /// when all together hold less. Fewer, when some of them are taken meanwhile.
    pub async fn evict(&self, memory_mb: u32) -> Vec<Box<Instance>> {
        let mut oldest: Vec<(Moment, u32)> = Vec::new();
        for places in self.places.each() {
            oldest.extend(on_demand(&places).map(|place| (place.since, place.memory_mb)));
        }
        oldest.sort_unstable();
        let mut found = 0u32;
        let last = oldest.into_iter().find_map(|(since, size)| {
            found = found.saturating_add(size);
            (found >= memory_mb).then_some(since)
        });
        let Some(last) = last else { return Vec::new() };
        let is_old = |_: &Key, place: &Place| place.purpose == Purpose::OnDemand && place.since <= last;
        instances(self.remove_everywhere(is_old)).await
    }

    /// Takes out those idle for longer than they are to be kept, and tells how long until the next one is;
    /// `None` when none is idle.
    pub async fn expired(&self, keep_alive: &KeepAlive) -> (Vec<Box<Instance>>, Option<Duration>) {
        let mut next: Option<Duration> = None;
        let mut expired = Vec::new();
        for mut places in self.places.each() {
            places.retain(|key, of_key| {
                let count = of_key.len();
                for (index, place) in std::mem::take(of_key).into_iter().enumerate() {
                    if place.purpose == Purpose::Provisioned {
                        of_key.push(place);
                        continue;
                    }
                    let newer = count - 1 - index;
                    let learned = || keep_alive.keep(&key.function_arn, &key.version, newer);
                    let left =
                        place.keep.unwrap_or_else(learned).saturating_sub(self.clock.since(place.since));
                    if left.is_zero() {
                        expired.push(place);
                    } else {
                        next = Some(next.map_or(left, |next| next.min(left)));
                        of_key.push(place);
                    }
                }
                !of_key.is_empty()
            });
        }
        (instances(expired).await, next)
    }

    pub fn has(&self, key: &Key) -> bool {
        self.places.of(&key.function_arn).contains_key(key)
    }

    /// Takes out those of the function, or all; with `version`, only of that one.
    pub async fn of_function(&self, function_arn: Option<&str>, version: Option<&str>) -> Vec<Box<Instance>> {
        let found = match function_arn {
            Some(arn) => remove(&mut self.places.of(arn), |key, _| key.concerns(arn, version)),
            None => self.remove_everywhere(|key, _| version.is_none_or(|version| key.version == version)),
        };
        instances(found).await
    }

    /// Takes out up to `count` provisioned ones of a version.
    pub async fn take_provisioned(
        &self,
        function_arn: &str,
        version: &str,
        count: usize,
    ) -> Vec<Box<Instance>> {
        let left = Cell::new(count);
        let found = remove(&mut self.places.of(function_arn), |key, place| {
            let takes = left.get() > 0
                && place.purpose == Purpose::Provisioned
                && key.function_arn == function_arn
                && key.version == version;
            left.set(left.get() - usize::from(takes));
            takes
        });
        instances(found).await
    }

    /// Takes out provisioned ones that cannot be used any more.
    pub async fn take_broken(&self) -> Vec<Box<Instance>> {
        let mut provisioned = Vec::new();
        for places in self.places.each() {
            for (key, of_key) in places.iter() {
                let of_key = of_key.iter().filter(|place| place.purpose == Purpose::Provisioned);
                provisioned.extend(of_key.map(|place| (key.function_arn.clone(), place.instance.clone())));
            }
        }
        let mut broken = Vec::new();
        for (function_arn, place) in provisioned {
            let mut instance = place.lock().await;
            let is_usable = match instance.as_mut() {
                Some(instance) => instance.is_usable().await,
                None => true,
            };
            if !is_usable {
                broken.extend(instance.take());
                drop(instance);
                let is_it = |_: &Key, other: &Place| Arc::ptr_eq(&other.instance, &place);
                remove(&mut self.places.of(&function_arn), is_it);
            }
        }
        broken
    }

    /// Takes out those of other revisions of the same function version: nobody will ask for them again.
    pub async fn outdated(&self, current: &Key) -> Vec<Box<Instance>> {
        let found = remove(&mut self.places.of(&current.function_arn), |key, _| {
            key.function_arn == current.function_arn
                && key.version == current.version
                && key.revision != current.revision
        });
        instances(found).await
    }

    fn take_place(&self, key: &Key) -> Option<Place> {
        let mut places = self.places.of(&key.function_arn);
        let of_key = places.get_mut(key)?;
        let provisioned = of_key.iter().rposition(|place| place.purpose == Purpose::Provisioned);
        let place = match provisioned {
            Some(index) => Some(of_key.remove(index)),
            None => of_key.pop(),
        };
        if of_key.is_empty() {
            places.remove(key);
        }
        place
    }

    fn remove_everywhere(&self, which: impl Fn(&Key, &Place) -> bool) -> Vec<Place> {
        self.places.each().flat_map(|mut places| remove(&mut places, &which)).collect()
    }
}

fn on_demand(places: &HashMap<Key, Vec<Place>>) -> impl Iterator<Item = &Place> {
    places.values().flatten().filter(|place| place.purpose == Purpose::OnDemand)
}

fn remove(places: &mut HashMap<Key, Vec<Place>>, which: impl Fn(&Key, &Place) -> bool) -> Vec<Place> {
    let mut removed = Vec::new();
    places.retain(|key, of_key| {
        let (out, stay) = std::mem::take(of_key).into_iter().partition(|place| which(key, place));
        *of_key = stay;
        let mut out: Vec<Place> = out;
        removed.append(&mut out);
        !of_key.is_empty()
    });
    removed
}

async fn instances(places: Vec<Place>) -> Vec<Box<Instance>> {
    let mut instances = Vec::with_capacity(places.len());
    for place in places {
        instances.extend(place.instance.lock().await.take());
    }
    instances
}
