//! cgroup v1: one directory per controller.

use super::files::{get, get_signed, make_directory, open_for_writing, put};
use super::meters::{Form, Meter, Meters};
use super::{CPU_PERIOD_USEC, CpuLimits, LayerResult, Limits};
use crate::Layer;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

pub(super) const CONTROLLERS: [&str; 5] = ["memory", "pids", "cpu", "cpuacct", "freezer"];

/// Buffers of sockets count as memory only under v2. Here they are a count of their own, and without a limit
/// one function could fill what the whole machine's sockets may have together (`net.ipv4.tcp_mem`).
const SOCKETS: &str = "memory.kmem.tcp.limit_in_bytes";

/// Of the memory, on top of it: a quarter.
const SOCKETS_PART: u64 = 4;

/// The directories of one owner or of one sandbox, by controller.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    directories: BTreeMap<&'static str, PathBuf>,
    /// Our own, as everybody's in it: nothing is limited by it, but the JVM believes in no container and
    /// sizes its heap by the host unless it finds this controller too.
    cpuset: Option<PathBuf>,
}

impl Group {
    /// Makes the child `name` under `parents` (controller to directory) wherever it can be made.
    pub(super) fn make(parents: &BTreeMap<String, PathBuf>, name: &str) -> Self {
        let mut group = Group { cpuset: parents.get("cpuset").cloned(), ..Group::default() };
        for controller in CONTROLLERS {
            let Some(directory) = parents.get(controller).map(|parent| parent.join(name)) else { continue };
            match make_directory(&directory) {
                Ok(()) => drop(group.directories.insert(controller, directory)),
                Err(error) => tracing::debug!(%error, controller, "no cgroup of our own"),
            }
        }
        // Every function together weighs as much as the machine has CPUs, like a process per CPU.
        if let Some(cpu) = group.directories.get("cpu") {
            let cpus = std::thread::available_parallelism().map_or(1, usize::from);
            let _ = put(&cpu.join("cpu.shares"), &(cpus * 1024).to_string());
        }
        group
    }

    pub(super) fn has(&self, controller: &str) -> bool {
        self.directories.contains_key(controller)
    }

    /// Each directory once, though controllers may share it.
    pub(super) fn directories(&self) -> Vec<&Path> {
        let mut all: Vec<&Path> = self.directories.values().map(PathBuf::as_path).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn file(&self, controller: &str, name: &str) -> Option<PathBuf> {
        self.directories.get(controller).map(|directory| directory.join(name))
    }

    /// # Errors
    /// `AlreadyExists` when the sandbox has a group already; whatever refuses a directory otherwise.
    pub(super) fn sandbox(&self, id: &str, limits: &Limits) -> io::Result<(Group, Vec<LayerResult>)> {
        let mut group = Group { cpuset: self.cpuset.clone(), ..Group::default() };
        for directory in self.directories() {
            if let Err(error) = fs::create_dir(directory.join(id)) {
                group.directories().into_iter().for_each(|made| drop(fs::remove_dir(made)));
                return Err(error);
            }
            for (controller, _) in self.directories.iter().filter(|(_, own)| own.as_path() == directory) {
                group.directories.insert(controller, directory.join(id));
            }
        }
        let results = vec![
            (Layer::MemoryLimit, group.set_memory(limits.memory_bytes)),
            (Layer::ProcessLimit, group.limit_pids(limits)),
            (Layer::CpuShare, group.share_cpu(&limits.cpu)),
            (
                Layer::Freezer,
                group.has("freezer").then(|| "cgroup v1 freezer".into()).ok_or_else(no_controller),
            ),
        ];
        Ok((group, results))
    }

    /// Up or down; down to less than is in use only if the kernel can reclaim the difference.
    pub(super) fn set_memory(&self, bytes: u64) -> io::Result<String> {
        let limit = self.file("memory", "memory.limit_in_bytes").ok_or_else(no_controller)?;
        let sockets = match put(&limit.with_file_name(SOCKETS), &(bytes / SOCKETS_PART).to_string()) {
            Ok(()) => "",
            Err(_) => "; sockets are not accounted by this kernel",
        };
        let bytes = bytes.to_string();
        // There only where the kernel accounts swap; without it a limit on memory alone would let
        // the sandbox swap without bound.
        let with_swap = limit.with_file_name("memory.memsw.limit_in_bytes");
        if !with_swap.exists() {
            put(&limit, &bytes)?;
            return Ok(format!("cgroup v1; swap is not accounted by this kernel{sockets}"));
        }
        // Memory alone may never be allowed more than memory and swap together: down in this order, up
        // in the other.
        match put(&limit, &bytes) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                put(&with_swap, &bytes)?;
                put(&limit, &bytes)?;
            }
            result => result.and_then(|()| put(&with_swap, &bytes))?,
        }
        Ok(format!("cgroup v1, no swap{sockets}"))
    }

    fn limit_pids(&self, limits: &Limits) -> io::Result<String> {
        let file = self.file("pids", "pids.max").ok_or_else(no_controller)?;
        put(&file, &limits.pids_max.to_string())?;
        Ok("cgroup v1".into())
    }

    pub(super) fn share_cpu(&self, cpu: &CpuLimits) -> io::Result<String> {
        let shares = self.file("cpu", "cpu.shares").ok_or_else(no_controller)?;
        put(&shares, &cpu.shares.to_string())?;
        let quota = shares.with_file_name("cpu.cfs_quota_us");
        let Some(quota_usec) = cpu.quota_usec else {
            // A former one goes. A new group has none, and a kernel without quotas no file.
            if get_signed(&quota).is_some_and(|usec| usec >= 0) {
                put(&quota, "-1")?;
            }
            return Ok("cgroup v1, by weight".into());
        };
        put(&shares.with_file_name("cpu.cfs_period_us"), &CPU_PERIOD_USEC.to_string())?;
        put(&quota, &quota_usec.to_string())?;
        Ok("cgroup v1, by weight and quota".into())
    }

    /// `tasks`, not `cgroup.procs`: for one thread that moves itself the kernel takes no lock that waits for
    /// all CPUs, which would cost ten milliseconds. Who joins has but one thread.
    pub(super) fn entrances(&self) -> io::Result<Vec<File>> {
        self.directories().iter().map(|directory| open_for_writing(&directory.join("tasks"))).collect()
    }

    pub(super) fn freezer_file(&self) -> io::Result<Option<File>> {
        self.file("freezer", "freezer.state").map(|path| open_for_writing(&path)).transpose()
    }

    pub(super) fn set_frozen(&self, frozen: bool) -> io::Result<()> {
        let state = self.file("freezer", "freezer.state").ok_or_else(no_controller)?;
        put(&state, if frozen { "FROZEN" } else { "THAWED" })
    }

    pub(super) fn is_frozen(&self) -> io::Result<bool> {
        let state = self.file("freezer", "freezer.state").ok_or_else(no_controller)?;
        Ok(fs::read_to_string(state)?.trim() == "FROZEN")
    }

    pub(super) fn meters(&self) -> Meters {
        let meter = |controller, name, form| self.file(controller, name).map(|path| Meter::new(path, form));
        Meters {
            memory_peak_bytes: meter("memory", "memory.max_usage_in_bytes", Form::Number),
            cpu: meter("cpuacct", "cpuacct.usage", Form::Number),
            cpu_parts_per_usec: 1000,
            oom_kills: meter("memory", "memory.oom_control", Form::Keyed("oom_kill ")),
        }
    }

    pub(super) fn memory_now(&self) -> Option<u64> {
        get(&self.file("memory", "memory.usage_in_bytes")?)
    }

    pub(super) fn pids(&self) -> Option<u64> {
        get(&self.file("pids", "pids.current")?)
    }

    pub(super) fn reset_memory_peak(&self) -> io::Result<()> {
        put(&self.file("memory", "memory.max_usage_in_bytes").ok_or_else(no_controller)?, "0")
    }

    /// Host path and where container-aware runtimes (the JVM, .NET) look for it.
    pub(super) fn views(&self) -> Vec<(PathBuf, PathBuf)> {
        let inside = |controller: &str| Path::new("/sys/fs/cgroup").join(controller);
        self.directories
            .iter()
            .filter(|(controller, _)| **controller != "freezer")
            .map(|(controller, directory)| (directory.clone(), inside(controller)))
            .chain(self.cpuset.clone().map(|directory| (directory, inside("cpuset"))))
            .collect()
    }
}

fn no_controller() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the cgroup v1 controller is not mounted or not writable")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with the files that the kernel would make.
    fn kernel_made(parents: &BTreeMap<String, PathBuf>, id: &str) -> Group {
        let mut group = Group::default();
        for controller in CONTROLLERS {
            let directory = parents[controller].join(id);
            fs::create_dir_all(&directory).unwrap();
            for file in [
                "memory.limit_in_bytes",
                "memory.memsw.limit_in_bytes",
                SOCKETS,
                "pids.max",
                "cpu.shares",
                "cpu.cfs_period_us",
                "cpu.cfs_quota_us",
                "freezer.state",
            ] {
                fs::write(directory.join(file), "").unwrap();
            }
            group.directories.insert(controller, directory);
        }
        group
    }

    #[test]
    fn writes_limits_and_reads_figures() {
        let root = tempfile::tempdir().unwrap();
        let parents: BTreeMap<String, PathBuf> =
            CONTROLLERS.iter().map(|name| ((*name).to_owned(), root.path().join(name))).collect();
        let group = kernel_made(&parents, "x");
        let cpu = CpuLimits { shares: 74, quota_usec: Some(50_000) };
        let limits = Limits { memory_bytes: 1 << 27, pids_max: 7, cpu };
        group.set_memory(limits.memory_bytes).unwrap();
        group.limit_pids(&limits).unwrap();
        group.share_cpu(&limits.cpu).unwrap();
        group.set_frozen(true).unwrap();
        let read = |path: &str| fs::read_to_string(root.path().join(path)).unwrap();
        assert_eq!(read("memory/x/memory.limit_in_bytes"), "134217728");
        assert_eq!(read("memory/x/memory.memsw.limit_in_bytes"), "134217728");
        assert_eq!(read("memory/x/memory.kmem.tcp.limit_in_bytes"), "33554432");
        assert_eq!(read("pids/x/pids.max"), "7");
        assert_eq!(read("cpu/x/cpu.shares"), "74");
        assert_eq!(read("cpu/x/cpu.cfs_quota_us"), "50000");
        assert!(group.is_frozen().unwrap());
        group.share_cpu(&CpuLimits { shares: 2, quota_usec: None }).unwrap();
        assert_eq!(read("cpu/x/cpu.cfs_quota_us"), "-1");
        fs::write(root.path().join("memory/x/memory.oom_control"), "oom_kill_disable 0\noom_kill 3\n")
            .unwrap();
        fs::write(root.path().join("cpuacct/x/cpuacct.usage"), "5000\n").unwrap();
        let usage = group.meters().usage();
        assert_eq!((usage.oom_kills, usage.cpu_usec, group.pids()), (Some(3), Some(5), None));
    }
}
