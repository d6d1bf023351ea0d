//! cgroup v2: one directory for everything.

use super::files::{get, get_keyed, make_directory, open_for_writing, put};
use super::find::Unified;
use super::meters::{Form, Meter, Meters};
use super::{CPU_PERIOD_USEC, CpuLimits, LayerResult, Limits};
use crate::Layer;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) directory: PathBuf,
}

impl Group {
    /// Makes `name` in the nearest group from our own upwards that lets its children have controllers.
    ///
    /// A group with processes in it cannot (the rule of "no internal processes"), so when we are alone in
    /// our own group we step aside into a leaf, as systemd asks of services with delegated groups.
    pub(super) fn make(unified: &Unified, name: &str) -> io::Result<Self> {
        let mut refusal =
            io::Error::new(io::ErrorKind::NotFound, "the cgroup v2 tree has no memory controller");
        let above = |directory: &&Path| directory.starts_with(&unified.mount);
        for base in unified.own.ancestors().take_while(above) {
            let usable = enable(base).or_else(|error| {
                let alone = base == unified.own && only_us(base);
                if !alone || error.raw_os_error() != Some(libc::EBUSY) {
                    return Err(error);
                }
                step_aside(base, name)?;
                enable(base)
            });
            let made = usable.and_then(|()| {
                let directory = base.join(name);
                make_directory(&directory)?;
                enable(&directory)?;
                Ok(Group { directory })
            });
            match made {
                Ok(group) => return Ok(group),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// # Errors
    /// `AlreadyExists` when the sandbox has a group already.
    pub(super) fn sandbox(&self, id: &str, limits: &Limits) -> io::Result<(Group, Vec<LayerResult>)> {
        let directory = self.directory.join(id);
        fs::create_dir(&directory)?;
        let group = Group { directory };
        let results = group.apply(limits);
        Ok((group, results))
    }

    fn apply(&self, limits: &Limits) -> Vec<LayerResult> {
        let freezer = if self.file("cgroup.freeze").exists() {
            Ok("cgroup v2".into())
        } else {
            Err(io::Error::new(io::ErrorKind::NotFound, "cgroup.freeze needs Linux 5.2"))
        };
        vec![
            (Layer::MemoryLimit, self.limit_memory(limits)),
            (Layer::ProcessLimit, self.limit_pids(limits)),
            (Layer::CpuShare, self.share_cpu(&limits.cpu)),
            (Layer::Freezer, freezer),
        ]
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn limit_memory(&self, limits: &Limits) -> io::Result<String> {
        self.set_memory(limits.memory_bytes)?;
        // A function that lost one process to lack of memory is broken: end all of it.
        put(&self.file("memory.oom.group"), "1")?;
        let swap = self.file("memory.swap.max");
        if swap.exists() {
            put(&swap, "0")?;
            return Ok("cgroup v2, no swap".into());
        }
        Ok("cgroup v2; swap is not accounted by this kernel".into())
    }

    /// Up or down; down to less than is in use only if the kernel can reclaim the difference.
    pub(super) fn set_memory(&self, bytes: u64) -> io::Result<()> {
        // The kernel would take any value here, and kill for it.
        let above = || get(&self.file("memory.current")).and_then(|used| used.checked_sub(bytes + 1));
        if let Some(above) = above() {
            // It tells of a failure what the second look tells too; Linux 5.19.
            let _ = put(&self.file("memory.reclaim"), &(above + 1).to_string());
        }
        if above().is_some() {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        put(&self.file("memory.max"), &bytes.to_string())
    }

    fn limit_pids(&self, limits: &Limits) -> io::Result<String> {
        put(&self.file("pids.max"), &limits.pids_max.to_string())?;
        Ok("cgroup v2".into())
    }

    pub(super) fn share_cpu(&self, cpu: &CpuLimits) -> io::Result<String> {
        put(&self.file("cpu.weight"), &weight(cpu.shares).to_string())?;
        let Some(quota_usec) = cpu.quota_usec else {
            // A former one goes; a kernel without quotas has no such file.
            if self.file("cpu.max").exists() {
                put(&self.file("cpu.max"), "max")?;
            }
            return Ok("cgroup v2, by weight".into());
        };
        put(&self.file("cpu.max"), &format!("{quota_usec} {CPU_PERIOD_USEC}"))?;
        Ok("cgroup v2, by weight and quota".into())
    }

    pub(super) fn entrance(&self) -> io::Result<File> {
        open_for_writing(&self.file("cgroup.procs"))
    }

    pub(super) fn set_frozen(&self, frozen: bool) -> io::Result<()> {
        put(&self.file("cgroup.freeze"), if frozen { "1" } else { "0" })
    }

    pub(super) fn is_frozen(&self) -> bool {
        get_keyed(&self.file("cgroup.events"), "frozen ") == Some(1)
    }

    pub(super) fn meters(&self) -> Meters {
        let meter = |name, form| Some(Meter::new(self.file(name), form));
        Meters {
            memory_peak_bytes: meter("memory.peak", Form::Number),
            cpu: meter("cpu.stat", Form::Keyed("usage_usec ")),
            cpu_parts_per_usec: 1,
            oom_kills: meter("memory.events", Form::Keyed("oom_kill ")),
        }
    }

    pub(super) fn memory_now(&self) -> Option<u64> {
        get(&self.file("memory.current"))
    }

    pub(super) fn pids(&self) -> Option<u64> {
        get(&self.file("pids.current"))
    }
}

/// The scale of `cpu.shares` (2–262144) onto that of `cpu.weight` (1–10000), as the OCI runtimes do.
fn weight(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9999 / 262_142
}

/// Lets the children of `directory` have limits.
fn enable(directory: &Path) -> io::Result<()> {
    let available = fs::read_to_string(directory.join("cgroup.controllers"))?;
    let control = directory.join("cgroup.subtree_control");
    let enabled = fs::read_to_string(&control)?;
    let has = |list: &str, name| list.split_whitespace().any(|word| word == name);
    if !has(&available, "memory") {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the cgroup v2 tree has no memory controller"));
    }
    let wanted = ["memory", "pids", "cpu"].into_iter();
    let missing = wanted.filter(|name| has(&available, name) && !has(&enabled, name));
    let words: Vec<String> = missing.map(|name| format!("+{name}")).collect();
    if words.is_empty() { Ok(()) } else { put(&control, &words.join(" ")) }
}

fn only_us(directory: &Path) -> bool {
    let us = i32::try_from(std::process::id()).unwrap_or_default();
    super::files::processes(directory) == [us]
}

fn step_aside(base: &Path, name: &str) -> io::Result<()> {
    let leaf = base.join(format!("{name}-server"));
    make_directory(&leaf)?;
    put(&leaf.join("cgroup.procs"), "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_within_the_kernels_scale() {
        assert_eq!([2, 1024, 262_144].map(weight), [1, 39, 10_000]);
    }

    #[test]
    fn writes_limits_and_reads_figures() {
        let root = tempfile::tempdir().unwrap();
        let group = Group { directory: root.path().to_owned() };
        let files =
            ["memory.max", "memory.oom.group", "memory.swap.max", "pids.max", "cpu.weight", "cpu.max"];
        for file in files.iter().chain(&["cgroup.freeze"]) {
            fs::write(group.file(file), "").unwrap();
        }
        let cpu = CpuLimits { shares: 1024, quota_usec: Some(25_000) };
        let limits = Limits { memory_bytes: 1 << 27, pids_max: 7, cpu };
        assert!(group.apply(&limits).iter().all(|(_, result)| result.is_ok()));
        let written = files.map(|file| fs::read_to_string(group.file(file)).unwrap());
        assert_eq!(written, ["134217728", "1", "0", "7", "39", "25000 100000"]);

        fs::write(group.file("memory.events"), "oom 1\noom_kill 2\noom_group_kill 1\n").unwrap();
        fs::write(group.file("cgroup.events"), "populated 1\nfrozen 1\n").unwrap();
        fs::write(group.file("cpu.stat"), "usage_usec 42\nuser_usec 1\n").unwrap();
        let usage = group.meters().usage();
        assert_eq!((usage.oom_kills, usage.cpu_usec), (Some(2), Some(42)));
        assert!(group.is_frozen());

        fs::write(group.file("memory.current"), "4096\n").unwrap();
        let refused = group.set_memory(4095).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy);
        group.set_memory(4096).unwrap();
        assert_eq!(fs::read_to_string(group.file("memory.max")).unwrap(), "4096");
        group.share_cpu(&CpuLimits { shares: 2, quota_usec: None }).unwrap();
        assert_eq!(fs::read_to_string(group.file("cpu.max")).unwrap(), "max");
    }

    #[test]
    fn goes_up_until_controllers_can_be_had() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("a/b");
        fs::create_dir_all(&own).unwrap();
        for (directory, controllers) in
            [(root.path().to_owned(), "memory pids cpu"), (own.clone(), "hugetlb")]
        {
            fs::write(directory.join("cgroup.controllers"), controllers).unwrap();
            fs::write(directory.join("cgroup.subtree_control"), "memory pids cpu").unwrap();
        }
        // As the kernel would fill it.
        let group = root.path().join("zerun-x");
        fs::create_dir(&group).unwrap();
        fs::write(group.join("cgroup.controllers"), "memory pids cpu").unwrap();
        fs::write(group.join("cgroup.subtree_control"), "").unwrap();
        let unified = Unified { mount: root.path().to_owned(), own };
        assert_eq!(Group::make(&unified, "zerun-x").unwrap().directory, group);
        assert_eq!(fs::read_to_string(group.join("cgroup.subtree_control")).unwrap(), "+memory +pids +cpu");
    }
}
