use crate::VersionSpec;
use clock::{Clock, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
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
    instances: BTreeMap<String, InstanceStatus>,
    memory_mb: u32,
    ending_mb: u32,
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
        state.instances.insert(id.clone(), status);
        Some(Registration { registry: self.clone(), id, purpose })
    }

    /// Provisioned instances that are not about to end, by function ARN and version.
    pub fn provisioned(&self) -> HashMap<(String, String), Live> {
        let mut found: HashMap<_, Live> = HashMap::new();
        for status in self.lock().instances.values() {
            if status.purpose == Purpose::Provisioned && !status.doomed && status.phase != Phase::Ending {
                let live = found.entry((status.function_arn.clone(), status.version.clone())).or_default();
                live.allocated += 1;
                live.initialised += u32::from(status.phase != Phase::Starting);
            }
        }
        found
    }

    pub fn provisioned_of(&self, function_arn: &str, version: &str) -> Live {
        let mut live = Live::default();
        for status in self.lock().instances.values() {
            let concerns = status.purpose == Purpose::Provisioned
                && !status.doomed
                && status.phase != Phase::Ending
                && status.version == version
                && status.function_arn == function_arn;
            live.allocated += u32::from(concerns);
            live.initialised += u32::from(concerns && status.phase != Phase::Starting);
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
        for status in self.lock().instances.values_mut() {
            let concerns = version.is_none_or(|version| status.version == version);
            if concerns && status.function_arn == function_arn {
                status.doomed = true;
            }
        }
    }

    pub fn instances(&self) -> Vec<InstanceStatus> {
        self.lock().instances.values().cloned().collect()
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
                |status: &InstanceStatus| function_arn.is_none_or(|arn| status.function_arn == arn);
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
    id: String,
    purpose: Purpose,
}

impl Registration {
    /// 20 characters of `a-z2-7`.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    pub fn set_phase(&self, phase: Phase) {
        if let Some(status) = self.registry.lock().instances.get_mut(&self.id) {
            status.phase = phase;
        }
    }

    /// Its memory will be free soon.
    pub fn ending(&self) {
        let mut state = self.registry.lock();
        let Some(status) = state.instances.get_mut(&self.id) else { return };
        if status.phase != Phase::Ending {
            status.phase = Phase::Ending;
            let memory_mb = status.memory_mb;
            state.ending_mb += memory_mb;
        }
    }

    pub fn is_doomed(&self) -> bool {
        self.registry.lock().instances.get(&self.id).is_none_or(|status| status.doomed)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        {
            let mut state = self.registry.lock();
            if let Some(status) = state.instances.remove(&self.id) {
                state.memory_mb -= status.memory_mb;
                if status.phase == Phase::Ending {
                    state.ending_mb -= status.memory_mb;
                }
            }
        }
        self.registry.gone.send_replace(());
    }
}
