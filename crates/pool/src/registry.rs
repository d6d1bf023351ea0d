use crate::VersionSpec;
use clock::{Clock, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Every live instance and the memory it holds.
///
/// Invariant: `memory_mb` is the sum over `instances`, and never more than `memory_mb_max`.
#[derive(Debug)]
pub(crate) struct Registry {
    memory_mb_max: u32,
    state: Mutex<State>,
    /// Told when an instance is gone.
    gone: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    instances: BTreeMap<String, Arc<Entry>>,
    memory_mb: u32,
    ending_mb: u32,
}

/// One instance. What changes with every invocation changes without the lock that all instances share.
#[derive(Debug)]
struct Entry {
    status: InstanceStatus,
    /// Of [`PHASES`].
    phase: AtomicUsize,
    doomed: AtomicBool,
    /// Written under the lock: what is counted in `ending_mb`.
    ending: AtomicBool,
}

const PHASES: [Phase; 5] = [Phase::Starting, Phase::Busy, Phase::Idle, Phase::Frozen, Phase::Ending];

impl Entry {
    fn phase(&self) -> Phase {
        PHASES.get(self.phase.load(Ordering::Acquire)).copied().unwrap_or(Phase::Ending)
    }

    fn is_doomed(&self) -> bool {
        self.doomed.load(Ordering::Acquire)
    }

    fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// Provisioned and not about to end.
    fn is_provisioned(&self) -> bool {
        self.status.purpose == Purpose::Provisioned && !self.is_doomed() && !self.is_ending()
    }

    fn status(&self) -> InstanceStatus {
        let phase = if self.is_ending() { Phase::Ending } else { self.phase() };
        InstanceStatus { phase, doomed: self.is_doomed(), ..self.status.clone() }
    }
}

/// One instance, as `Pool::status` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceStatus {
    pub id: String,
    pub function_arn: String,
    pub version: String,
    pub phase: Phase,
    pub memory_mb: u32,
    pub started: Timestamp,
    /// Ends when its invocation does, because its function was changed or removed.
    pub doomed: bool,
    pub purpose: Purpose,
}

/// What an instance was started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// An event, there or expected.
    OnDemand,
    /// To be there: provisioned concurrency.
    Provisioned,
}

/// Provisioned instances of one version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Live {
    pub allocated: u32,
    pub initialised: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Starting,
    Busy,
    Idle,
    Frozen,
    Ending,
}

impl Registry {
    pub fn new(memory_mb_max: u32) -> Arc<Self> {
        Arc::new(Registry { memory_mb_max, state: Mutex::default(), gone: watch::Sender::new(()) })
    }

    /// Takes the memory for an instance of `spec`; `None` while there is not enough.
    pub fn register(
        self: &Arc<Self>,
        spec: &VersionSpec,
        purpose: Purpose,
        clock: &Clock,
    ) -> Option<Registration> {
        let mut state = self.lock();
        if spec.memory_mb > self.memory_mb_max.saturating_sub(state.memory_mb) {
            return None;
        }
        let id = clock.random_token(20);
        state.memory_mb += spec.memory_mb;
        let status = InstanceStatus {
            id: id.clone(),
            function_arn: spec.function_arn.clone(),
            version: spec.version.clone(),
            phase: Phase::Starting,
            memory_mb: spec.memory_mb,
            started: clock.now(),
            doomed: false,
            purpose,
        };
        let entry = Arc::new(Entry {
            status,
            phase: AtomicUsize::new(Phase::Starting as usize),
            doomed: AtomicBool::new(false),
            ending: AtomicBool::new(false),
        });
        state.instances.insert(id, entry.clone());
        Some(Registration { registry: self.clone(), entry })
    }

    /// Provisioned instances that are not about to end, by function ARN and version.
    pub fn provisioned(&self) -> HashMap<(String, String), Live> {
        let mut found: HashMap<_, Live> = HashMap::new();
        for entry in self.lock().instances.values().filter(|entry| entry.is_provisioned()) {
            let name = (entry.status.function_arn.clone(), entry.status.version.clone());
            let live = found.entry(name).or_default();
            live.allocated += 1;
            live.initialised += u32::from(entry.phase() != Phase::Starting);
        }
        found
    }

    pub fn provisioned_of(&self, function_arn: &str, version: &str) -> Live {
        let mut live = Live::default();
        for entry in self.lock().instances.values().filter(|entry| entry.is_provisioned()) {
            let concerns = entry.status.version == version && entry.status.function_arn == function_arn;
            live.allocated += u32::from(concerns);
            live.initialised += u32::from(concerns && entry.phase() != Phase::Starting);
        }
        live
    }

    /// How much more memory, in MiB, must be given up for `wanted` to fit, counting what is on its way.
    pub fn shortage_mb(&self, wanted: u32) -> u32 {
        let state = self.lock();
        let soon_free = self.memory_mb_max.saturating_sub(state.memory_mb).saturating_add(state.ending_mb);
        wanted.saturating_sub(soon_free)
    }

    /// Marks every instance of the function, or of one version, to end after what it is doing.
    pub fn doom(&self, function_arn: &str, version: Option<&str>) {
        for entry in self.lock().instances.values() {
            let concerns = version.is_none_or(|version| entry.status.version == version);
            if concerns && entry.status.function_arn == function_arn {
                entry.doomed.store(true, Ordering::Release);
            }
        }
    }

    pub fn instances(&self) -> Vec<InstanceStatus> {
        self.lock().instances.values().map(|entry| entry.status()).collect()
    }

    pub fn memory_mb(&self) -> u32 {
        self.lock().memory_mb
    }

    /// Told after every instance that is gone.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.gone.subscribe()
    }

    /// Waits until there is no instance of the function, or of any function.
    pub async fn wait_gone(&self, function_arn: Option<&str>) {
        let mut gone = self.changes();
        loop {
            let concerns =
                |entry: &Arc<Entry>| function_arn.is_none_or(|arn| entry.status.function_arn == arn);
            if !self.lock().instances.values().any(concerns) {
                return;
            }
            // The sender is in `self`, so this cannot fail.
            let _ = gone.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An instance's place; dropping it gives back the memory.
#[derive(Debug)]
pub(crate) struct Registration {
    registry: Arc<Registry>,
    entry: Arc<Entry>,
}

impl Registration {
    /// 20 characters of `a-z2-7`.
    pub fn id(&self) -> &str {
        &self.entry.status.id
    }

    pub fn purpose(&self) -> Purpose {
        self.entry.status.purpose
    }

    pub fn set_phase(&self, phase: Phase) {
        self.entry.phase.store(phase as usize, Ordering::Release);
    }

    /// Its memory will be free soon.
    pub fn ending(&self) {
        let mut state = self.registry.lock();
        if !self.entry.ending.swap(true, Ordering::AcqRel) {
            state.ending_mb += self.entry.status.memory_mb;
        }
    }

    pub fn is_doomed(&self) -> bool {
        self.entry.is_doomed()
    }

    /// To be looked at when the instance itself is out of hand.
    pub fn doom(&self) -> Doom {
        Doom(self.entry.clone())
    }
}

/// Whether an instance is to end; see [`Registration::doom`].
pub(crate) struct Doom(Arc<Entry>);

impl Doom {
    pub fn has_come(&self) -> bool {
        self.0.is_doomed()
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        {
            let mut state = self.registry.lock();
            state.instances.remove(self.id());
            let memory_mb = self.entry.status.memory_mb;
            state.memory_mb -= memory_mb;
            if self.entry.is_ending() {
                state.ending_mb -= memory_mb;
            }
        }
        self.registry.gone.send_replace(());
    }
}
