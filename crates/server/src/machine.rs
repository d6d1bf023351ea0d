//! What this machine has.

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
    }
}
