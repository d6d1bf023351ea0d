//! Limits, accounts and the freezer: cgroup v1 and v2 behind one face.
//!
//! ```text
//! <our own group>/zerun-<owner>/          one per owner
//!     init/                               the inits, so that a sweep finds them
//!     <sandbox id>/                       user processes of one sandbox, with its limits
//! ```

mod files;
mod find;
mod meters;
mod sweep;
mod v1;
mod v2;

pub(crate) use sweep::sweep;

use crate::{CgroupVersion, CpuSpec, Layer, Spec, Stats, Usage};
use find::Found;
use meters::Meters;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The kernel's default; quotas are per such period.
const CPU_PERIOD_USEC: u64 = 100_000;

/// A layer with how it is enforced, or why not.
pub(crate) type LayerResult = (Layer, io::Result<String>);

pub(crate) struct Limits {
    pub(crate) memory_bytes: u64,
    pub(crate) pids_max: u32,
    pub(crate) cpu: CpuLimits,
}

pub(crate) struct CpuLimits {
    pub(crate) shares: u64,
    pub(crate) quota_usec: Option<u64>,
}

impl Limits {
    pub(crate) fn of(spec: &Spec) -> Self {
        Limits {
            memory_bytes: spec.memory_bytes,
            pids_max: spec.pids_max,
            cpu: CpuLimits::of(&spec.cpu, spec.memory_bytes),
        }
    }
}

impl CpuLimits {
    pub(crate) fn of(cpu: &CpuSpec, memory_bytes: u64) -> Self {
        CpuLimits {
            shares: cpu.shares(memory_bytes),
            quota_usec: cpu.quota_millis.map(|millis| u64::from(millis) * CPU_PERIOD_USEC / 1000),
        }
    }
}

/// The owner's group, in which sandboxes get theirs.
pub(crate) struct OwnerGroup {
    kind: Kind,
}

/// One sandbox's group.
pub(crate) struct SandboxGroup {
    kind: Kind,
    meters: Meters,
}

enum Kind {
    V1(v1::Group),
    V2(v2::Group),
    None { because: String },
}

impl OwnerGroup {
    /// v1 where it has the memory controller, else v2; without either, limits are missing layers.
    pub(crate) fn make(owner: &str) -> Self {
        let found = Found::here();
        let name = directory_name(owner);
        if found.v1.contains_key("memory") {
            let group = v1::Group::make(&found.v1, &name);
            if group.has("memory") {
                return OwnerGroup { kind: Kind::V1(group) };
            }
        }
        let v1 = match found.v1.get("memory") {
            Some(directory) => format!("{} is not ours to write", directory.display()),
            None => "v1 is not mounted".into(),
        };
        let v2 = match found.v2.as_ref().map(|unified| v2::Group::make(unified, &name)) {
            Some(Ok(group)) => return OwnerGroup { kind: Kind::V2(group) },
            Some(Err(error)) => error.to_string(),
            None => "v2 is not mounted".into(),
        };
        let because = format!("no cgroup can be made: {v1}; {v2}");
        OwnerGroup { kind: Kind::None { because } }
    }

    pub(crate) fn version(&self) -> CgroupVersion {
        match self.kind {
            Kind::V1(_) => CgroupVersion::V1,
            Kind::V2(_) => CgroupVersion::V2,
            Kind::None { .. } => CgroupVersion::None,
        }
    }

    pub(crate) fn directories(&self) -> Vec<&Path> {
        match &self.kind {
            Kind::V1(group) => group.directories(),
            Kind::V2(group) => vec![&group.directory],
            Kind::None { .. } => Vec::new(),
        }
    }

    /// Makes the group of the inits. With v1 a single thread can live there and its children are born
    /// there: returned is the file it writes itself into. With v2 see [`OwnerGroup::adopt_init`].
    pub(crate) fn init_tasks(&self) -> io::Result<Option<PathBuf>> {
        for directory in self.directories() {
            files::make_directory(&directory.join("init"))?;
        }
        match &self.kind {
            Kind::V1(group) => Ok(group.directories().first().map(|directory| directory.join("init/tasks"))),
            _ => Ok(None),
        }
    }

    pub(crate) fn adopt_init(&self, pid: i32) -> io::Result<()> {
        match &self.kind {
            Kind::V2(group) => files::put(&group.directory.join("init/cgroup.procs"), &pid.to_string()),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// `AlreadyExists` when the id has a group already; otherwise whatever the kernel refused.
    pub(crate) fn sandbox(&self, id: &str, limits: &Limits) -> io::Result<(SandboxGroup, Vec<LayerResult>)> {
        match &self.kind {
            Kind::V1(group) => {
                let (group, results) = group.sandbox(id, limits)?;
                Ok((SandboxGroup { meters: group.meters(), kind: Kind::V1(group) }, results))
            }
            Kind::V2(group) => {
                let (group, results) = group.sandbox(id, limits)?;
                Ok((SandboxGroup { meters: group.meters(), kind: Kind::V2(group) }, results))
            }
            Kind::None { because } => {
                let layers = [Layer::MemoryLimit, Layer::ProcessLimit, Layer::CpuShare, Layer::Freezer];
                let missing = |layer| (layer, Err(io::Error::other(because.clone())));
                let kind = Kind::None { because: because.clone() };
                let group = SandboxGroup { kind, meters: Meters::default() };
                Ok((group, layers.map(missing).into()))
            }
        }
    }
}

impl Drop for OwnerGroup {
    /// Leaves nothing when the owner ends in order. What still has something inside stays, for a sweep.
    fn drop(&mut self) {
        for directory in self.directories() {
            sweep::remove_when_empty(&directory.join("init"));
            let _ = std::fs::remove_dir(directory);
        }
    }
}

impl SandboxGroup {
    /// Files through which a process joins by writing `0`, with the rights of whoever opened them.
    pub(crate) fn entrances(&self) -> io::Result<Vec<OwnedFd>> {
        Ok(match &self.kind {
            Kind::V1(group) => group.entrances()?.into_iter().map(OwnedFd::from).collect(),
            Kind::V2(group) => vec![group.entrance()?.into()],
            Kind::None { .. } => Vec::new(),
        })
    }

    /// Only with v1, where a frozen process cannot even die: whoever ends the sandbox thaws it first.
    pub(crate) fn freezer_file(&self) -> io::Result<Option<OwnedFd>> {
        match &self.kind {
            Kind::V1(group) => Ok(group.freezer_file()?.map(File::into)),
            _ => Ok(None),
        }
    }

    /// Asks for it; see [`SandboxGroup::is_frozen`] for when it is so.
    pub(crate) fn set_frozen(&self, frozen: bool) -> io::Result<()> {
        match &self.kind {
            Kind::V1(group) => group.set_frozen(frozen),
            Kind::V2(group) => group.set_frozen(frozen),
            Kind::None { because } => Err(io::Error::other(because.clone())),
        }
    }

    pub(crate) fn is_frozen(&self) -> io::Result<bool> {
        match &self.kind {
            Kind::V1(group) => group.is_frozen(),
            Kind::V2(group) => Ok(group.is_frozen()),
            Kind::None { .. } => Ok(false),
        }
    }

    /// # Errors
    /// `ResourceBusy` when more memory is in use and cannot be given back.
    pub(crate) fn set_limits(&self, memory_bytes: u64, cpu: &CpuLimits) -> io::Result<()> {
        match &self.kind {
            Kind::V1(group) => {
                group.set_memory(memory_bytes)?;
                group.share_cpu(cpu).map(drop)
            }
            Kind::V2(group) => {
                group.set_memory(memory_bytes)?;
                group.share_cpu(cpu).map(drop)
            }
            Kind::None { because } => Err(io::Error::other(because.clone())),
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        self.meters.usage()
    }

    pub(crate) fn stats(&self) -> Stats {
        let (memory_now_bytes, pids) = match &self.kind {
            Kind::V1(group) => (group.memory_now(), group.pids()),
            Kind::V2(group) => (group.memory_now(), group.pids()),
            Kind::None { .. } => (None, None),
        };
        let Usage { memory_peak_bytes, cpu_usec, oom_kills } = self.usage();
        Stats { memory_peak_bytes, memory_now_bytes, cpu_usec, oom_kills, pids }
    }

    /// Zero where nobody counts them.
    pub(crate) fn oom_kills(&self) -> u64 {
        self.meters.oom_kills().unwrap_or(0)
    }

    /// # Errors
    /// With v2, where the peak belongs to an open file (Linux 6.12), this is not offered.
    pub(crate) fn reset_memory_peak(&self) -> io::Result<()> {
        match &self.kind {
            Kind::V1(group) => group.reset_memory_peak(),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub(crate) fn views(&self) -> Vec<(PathBuf, PathBuf)> {
        match &self.kind {
            Kind::V1(group) => group.views(),
            Kind::V2(group) => vec![(group.directory.clone(), "/sys/fs/cgroup".into())],
            Kind::None { .. } => Vec::new(),
        }
    }

    /// Kills whatever is inside and removes the group. Blocks, within about two seconds.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let directories = match &self.kind {
            Kind::V1(group) => group.directories(),
            Kind::V2(group) => vec![group.directory.as_path()],
            Kind::None { .. } => Vec::new(),
        };
        sweep::remove(&directories)
    }
}

pub(crate) fn directory_name(owner: &str) -> String {
    format!("zerun-{owner}")
}
