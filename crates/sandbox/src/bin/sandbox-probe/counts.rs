use std::fs;
use std::path::Path;

/// What a sandbox may leave behind, counted on the whole machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Ours and our descendants', wherever they are.
    pub processes: usize,
    pub descriptors: usize,
    pub mounts: usize,
    /// Sandboxes' groups, in all hierarchies.
    pub groups: usize,
    /// Loop devices with a file of ours behind them.
    pub images: usize,
    pub memory_kib: u64,
}

impl Counts {
    pub fn now(state: &str, owner: &str) -> Counts {
        Counts {
            processes: processes(owner),
            descriptors: entries("/proc/self/fd"),
            mounts: fs::read_to_string("/proc/self/mountinfo").map_or(0, |text| text.lines().count()),
            groups: groups(state),
            images: images(state),
            memory_kib: memory_kib("self"),
        }
    }

    /// Memory may differ by what an allocator keeps.
    pub fn same_but_memory(&self, other: &Counts) -> bool {
        Counts { memory_kib: 0, ..*self } == Counts { memory_kib: 0, ..*other }
    }
}

/// What it has written to, whether or not another process still shares it.
pub fn memory_kib(pid: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let of = |line: &str| line.strip_prefix("Anonymous:")?.split_whitespace().next()?.parse().ok();
    text.lines().find_map(of).unwrap_or_default()
}

pub fn entries(directory: &str) -> usize {
    fs::read_dir(directory).map_or(0, Iterator::count)
}

/// Processes, dead ones too, in a group of this owner.
fn processes(owner: &str) -> usize {
    let name = format!("zerun-{owner}");
    let files =
        fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path().join("cgroup"));
    files.filter(|file| fs::read_to_string(file).is_ok_and(|text| text.contains(&name))).count()
}

fn groups(state: &str) -> usize {
    let noted = fs::read_to_string(Path::new(state).join("cgroups")).unwrap_or_default();
    let below = |line: &str| fs::read_dir(line).into_iter().flatten().flatten();
    noted.lines().flat_map(below).filter(|entry| entry.path().is_dir()).count()
}

fn images(state: &str) -> usize {
    let state = fs::canonicalize(state).unwrap_or_else(|_| state.into());
    let devices = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let files = devices.filter_map(|device| fs::read_to_string(device.path().join("loop/backing_file")).ok());
    files.filter(|file| Path::new(file).starts_with(&state)).count()
}
