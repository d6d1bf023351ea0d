//! What this machine has.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::path::Path;

/// Where the memory limit of this process's control group may stand (version 2, version 1).
const CGROUP_LIMITS: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// Memory of this machine, or of the container that we are in, in MiB.
pub fn memory_mb() -> u32 {
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let total_kb = total.and_then(|rest| rest.trim().split(' ').next()).and_then(|kb| kb.parse::<u64>().ok());
    let total = total_kb.map(|kb| kb / 1024);
    let limits = CGROUP_LIMITS.iter().filter_map(|path| read_number(Path::new(path)));
    let least = limits.map(|bytes| bytes / (1024 * 1024)).chain(total).min();
    // Unreadable on an unusual system: a small machine.
    u32::try_from(least.unwrap_or(2048)).unwrap_or(u32::MAX)
}

/// How many files and connections this process may have open; raised as far as it may raise that itself.
pub fn descriptors() -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return DESCRIPTORS_AT_LEAST };
    let limit = match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    };
    usize::try_from(limit).unwrap_or(usize::MAX).clamp(DESCRIPTORS_AT_LEAST, DESCRIPTORS_COUNTED)
}

/// The usual limit of a process that nobody gave another.
const DESCRIPTORS_AT_LEAST: usize = 1024;
/// More are of no use to us.
const DESCRIPTORS_COUNTED: usize = 1 << 20;

/// `None` for `max` and for files that are not there.
fn read_number(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory() {
        assert!(memory_mb() >= 64);
        assert!(descriptors() >= 1024);
    }
}
