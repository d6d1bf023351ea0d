use crate::lookup;
use crate::{AliasRecord, Configuration, FunctionId, FunctionRecord, FunctionsError, Version};
use kv::{Kv, Read, Snapshot, Watch};
use names::{Key, Keyspace, Qualifier};
use pool::VersionSpec;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// What invocations read of functions, kept while no function, version, alias or claim on concurrency is
/// written.
///
/// Never older than what somebody was told: a commit counts before it is acknowledged, and what was read
/// before it counted is read again.
pub(crate) struct Remembered {
    watches: [Watch; 4],
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// Of the watches when all in here was read.
    count: u64,
    targets: HashMap<FunctionId, Vec<Known>>,
}

type Known = (Option<Qualifier>, Arc<Target>);

/// Functions that are kept at once, and qualifiers of each; with one more, all are forgotten.
const FUNCTIONS_MAX: usize = 1024;
const QUALIFIERS_MAX: usize = 8;

/// What a function's name and a qualifier lead to.
pub(crate) struct Target {
    pub record: FunctionRecord,
    alias: Option<AliasRecord>,
    /// Published ones.
    versions: Vec<(u64, Configuration)>,
    /// What instances of them need, once somebody has made it.
    specs: Mutex<Vec<(Version, Arc<VersionSpec>)>>,
}

impl Remembered {
    pub fn new(kv: &Kv) -> Self {
        let watch = |keyspace| kv.watch(Key::new(keyspace).as_bytes());
        let watches = [
            Keyspace::Function,
            Keyspace::FunctionVersion,
            Keyspace::FunctionAlias,
            // A specification holds what is left of the account's concurrency.
            Keyspace::ConcurrencyClaims,
        ]
        .map(watch);
        Remembered { watches, state: RwLock::default() }
    }

    /// # Errors
    /// `NotFound`.
    pub async fn target(
        &self,
        kv: &Kv,
        id: &FunctionId,
        qualifier: Option<&Qualifier>,
    ) -> Result<Arc<Target>, FunctionsError> {
        let count = self.count();
        if let Some(target) = self.known(count, id, qualifier) {
            return Ok(target);
        }
        let (owned, owned_qualifier) = (id.clone(), qualifier.cloned());
        // In a box, since hardly anybody comes here.
        let read = kv.read(async move |snapshot: &Snapshot| {
            Target::read(snapshot, &owned, owned_qualifier.as_ref()).await
        });
        let target = Box::pin(read).await?;
        let target = Arc::new(target);
        self.remember(count, id, qualifier, &target);
        Ok(target)
    }

    /// Whether `target` is still what a read would give. Code that is pinned before this is asked stays unpacked.
    pub fn is_current(&self, id: &FunctionId, qualifier: Option<&Qualifier>, target: &Arc<Target>) -> bool {
        self.known(self.count(), id, qualifier).is_some_and(|known| Arc::ptr_eq(&known, target))
    }

    fn count(&self) -> u64 {
        self.watches.iter().map(Watch::count).sum()
    }

    fn known(&self, count: u64, id: &FunctionId, qualifier: Option<&Qualifier>) -> Option<Arc<Target>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let targets = state.targets.get(id).filter(|_| state.count == count)?;
        targets.iter().find(|(known, _)| known.as_ref() == qualifier).map(|(_, target)| target.clone())
    }

    /// `count`: from before it was read.
    fn remember(&self, count: u64, id: &FunctionId, qualifier: Option<&Qualifier>, target: &Arc<Target>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if count < state.count {
            return;
        }
        if count > state.count || state.targets.len() >= FUNCTIONS_MAX {
            *state = State { count, targets: HashMap::new() };
        }
        let targets = state.targets.entry(id.clone()).or_default();
        if targets.len() >= QUALIFIERS_MAX {
            targets.clear();
        }
        targets.retain(|(known, _)| known.as_ref() != qualifier);
        targets.push((qualifier.cloned(), target.clone()));
    }
}

impl Target {
    async fn read(
        from: &impl Read,
        id: &FunctionId,
        qualifier: Option<&Qualifier>,
    ) -> Result<Target, FunctionsError> {
        let record = lookup::function(from, id).await?;
        let alias = match qualifier {
            Some(Qualifier::Alias(name)) => lookup::alias(from, id, name).await?,
            _ => None,
        };
        let mut numbers = Vec::new();
        match (qualifier, &alias) {
            (Some(Qualifier::Version(number)), _) => numbers.push(*number),
            (_, Some(alias)) => {
                numbers.extend(alias.weights.keys());
                if let Version::Published(number) = alias.version {
                    numbers.push(number);
                }
            }
            _ => {}
        }
        let mut versions = Vec::with_capacity(numbers.len());
        for number in numbers {
            let found = lookup::configuration(from, id, &record, Version::Published(number)).await?;
            versions.extend(found.map(|configuration| (number, configuration)));
        }
        Ok(Target { record, alias, versions, specs: Mutex::default() })
    }

    pub fn spec(&self, version: Version) -> Option<Arc<VersionSpec>> {
        self.specs().iter().find(|(known, _)| *known == version).map(|(_, spec)| spec.clone())
    }

    pub fn remember_spec(&self, version: Version, spec: &Arc<VersionSpec>) {
        let mut specs = self.specs();
        specs.retain(|(known, _)| *known != version);
        specs.push((version, spec.clone()));
    }

    fn specs(&self) -> MutexGuard<'_, Vec<(Version, Arc<VersionSpec>)>> {
        self.specs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version that `qualifier`, by which this was found, leads to; `random` decides between two.
    pub fn route(&self, qualifier: Option<&Qualifier>, random: u64) -> Option<(Version, &Configuration)> {
        let version = match qualifier {
            None | Some(Qualifier::Latest) => Version::Latest,
            Some(Qualifier::Version(number)) => Version::Published(*number),
            Some(Qualifier::Alias(_)) => self.alias.as_ref()?.route(random),
        };
        let configuration = match version {
            Version::Latest => &self.record.latest,
            Version::Published(wanted) => {
                self.versions.iter().find(|(number, _)| *number == wanted).map(|(_, found)| found)?
            }
        };
        Some((version, configuration))
    }
}
