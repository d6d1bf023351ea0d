use crate::cgroup::{self, OwnerGroup};
use crate::create::{self, Created};
use crate::slots::{Reservation, Slots};
use crate::spawner::Spawner;
use crate::teardown::Reaper;
use crate::tmp_image::TmpImages;
use crate::{IsolationReport, Layer, SandboxError, record, report};
use clock::Clock;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// What this machine gives to sandboxes, and what starts them. Cheap to clone.
///
/// Every sandbox lives and dies with it: when the last clone and the last [`Sandbox`](crate::Sandbox) are
/// dropped, or the process ends however it may, no sandboxed process survives. That last drop blocks until
/// the sandboxes dropped before it are gone: milliseconds each.
#[derive(Clone)]
pub struct Host(pub(crate) Arc<HostInner>);

#[derive(Debug, Clone)]
pub struct HostOptions {
    /// Names the cgroups, `zerun-<owner>`: 1–32 of `a-z A-Z 0-9 -`, the same at every start over the same
    /// data and unlike that of any other server on the machine (a hash of the data directory's path).
    pub owner: String,
    /// A directory of our own, made if need be. Nothing in it needs a backup.
    pub state_dir: PathBuf,
    /// The executable that calls [`init_main`](crate::init_main) when its first argument is
    /// `sandbox-init`; normally `/proc/self/exe`. Opened once: replacing the file later does no harm.
    pub init: PathBuf,
    /// Layers that sandboxes may go without where the host cannot give them. Normally empty: then a
    /// missing layer is an error of [`Sandbox::create`](crate::Sandbox::create).
    pub may_lack: BTreeSet<Layer>,
    pub clock: Clock,
}

/// What [`Host::sweep`] found and removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepReport {
    pub sandboxes: usize,
    pub processes: usize,
}

pub(crate) struct HostInner {
    pub(crate) options: HostOptions,
    pub(crate) privileged: bool,
    pub(crate) staging: PathBuf,
    pub(crate) images: TmpImages,
    pub(crate) slots: Arc<Slots>,
    report: OnceLock<IsolationReport>,
    // In this order: what was dropped is removed, then the thread that starts inits leaves the group,
    // then the group goes.
    pub(crate) reaper: Reaper,
    pub(crate) spawner: Spawner,
    pub(crate) group: OwnerGroup,
}

impl Host {
    /// Prepares directories, cgroups and the thread that starts sandboxes; about a millisecond. Starts no
    /// sandbox. Call [`Host::sweep`] next.
    ///
    /// # Errors
    /// `Invalid` for a bad owner; `Host` when the state directory or the init executable cannot be used.
    /// A missing layer is no error here, see [`Host::report`].
    pub fn detect(mut options: HostOptions) -> Result<Host, SandboxError> {
        let owner = options.owner.as_str();
        if !(1..=32).contains(&owner.len()) || !owner.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(SandboxError::Invalid(format!("owner {owner:?} is not 1-32 of a-z A-Z 0-9 -")));
        }
        // Absolute, for the inits have another working directory.
        options.state_dir = fs::create_dir_all(options.state_dir.join("root"))
            .and_then(|()| fs::canonicalize(&options.state_dir))
            .map_err(SandboxError::host("cannot make the state directory"))?;
        if options.state_dir.to_str().is_none() {
            return Err(SandboxError::Invalid("the state directory's path is not UTF-8".into()));
        }
        let staging = options.state_dir.join("root");
        let privileged = create::is_privileged();
        let group = OwnerGroup::make(owner);
        let tasks =
            group.init_tasks().map_err(SandboxError::host("cannot make the cgroup of the sandbox inits"))?;
        record::remember(&options.state_dir, &group.directories())
            .map_err(SandboxError::host("cannot note which cgroups are ours"))?;
        let spawner = Spawner::start(&options.init, !privileged, tasks)
            .map_err(SandboxError::host("cannot use the sandbox init executable"))?;
        let images = TmpImages::detect(&options.state_dir, privileged);
        let slots = Slots::new(owner);
        let reaper = Reaper::start().map_err(SandboxError::host("cannot start a thread"))?;
        let report = OnceLock::new();
        let inner = HostInner { options, privileged, staging, images, slots, report, reaper, spawner, group };
        Ok(Host(Arc::new(inner)))
    }

    /// What is really enforced, found by making a sandbox once (some 20 ms, blocking) and kept.
    pub fn report(&self) -> &IsolationReport {
        self.0.report.get_or_init(|| report::try_out(self))
    }

    /// Ends and removes whatever a killed predecessor with the same owner left. Blocks; within two seconds
    /// per leftover. Sandboxes of this `Host` are not touched.
    ///
    /// Only one process may use an owner and state directory at a time: the caller holds a lock on it.
    ///
    /// # Errors
    /// `Host` when something could not be removed; what comes after it was not looked at.
    pub fn sweep(&self) -> Result<SweepReport, SandboxError> {
        let inner = &self.0;
        let failed = || SandboxError::host("cannot sweep what a former server left");
        let live = inner.slots.live();
        let known = record::read(&inner.options.state_dir, &inner.options.owner).map_err(failed())?;
        let swept = cgroup::sweep(&known, &live).map_err(failed())?;
        inner.images.sweep().map_err(failed())?;
        let current = inner.group.directories();
        for former in known.iter().filter(|directory| !current.contains(&directory.as_path())) {
            for directory in [former.join("init"), former.clone()] {
                // Gone is fine, and a group that refuses is tried again at the next start.
                let _ = fs::remove_dir(directory);
            }
        }
        record::forget_gone(&inner.options.state_dir, &inner.options.owner).map_err(failed())?;
        Ok(SweepReport { sandboxes: swept.groups, processes: swept.processes })
    }

    pub(crate) fn reserve(&self, id: &str) -> Result<Reservation, SandboxError> {
        Slots::reserve(&self.0.slots, id)
    }

    /// Blocks.
    pub(crate) fn create(
        &self,
        spec: &crate::Spec,
        may_lack: &BTreeSet<Layer>,
    ) -> Result<Created, SandboxError> {
        create::create(self, spec, may_lack)
    }
}
