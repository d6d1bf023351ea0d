//! Removes what a killed predecessor left.

use super::files::{processes, put};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Rounds of kill-and-look, [`PAUSE_MS`] apart: two seconds.
const ROUNDS_MAX: u32 = 1000;
const PAUSE_MS: u16 = 2;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    pub(crate) groups: usize,
    pub(crate) processes: usize,
}

/// Empties and removes every sandbox group in the owner's `directories` (one per hierarchy) but those
/// named in `live`.
///
/// With live sandboxes the group of the inits is left alone, else its processes are killed too: an init
/// outlives its server only if it hangs.
pub(crate) fn sweep(directories: &[PathBuf], live: &HashSet<String>) -> io::Result<Swept> {
    let mut swept = Swept::default();
    let mut groups = Vec::new();
    for directory in directories {
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !entry.file_type()?.is_dir() || live.contains(&name) || (name == "init" && !live.is_empty()) {
                continue;
            }
            // All hierarchies before any waiting: frozen processes die only once thawed in theirs.
            swept.processes = swept.processes.max(kill_all(&entry.path()));
            groups.push(entry.path());
        }
    }
    for group in groups.iter().filter(|group| !group.ends_with("init")) {
        clear(group)?;
        swept.groups += 1;
    }
    Ok(swept)
}

/// Kills and removes one sandbox's groups, one per hierarchy.
pub(super) fn remove(groups: &[&Path]) -> io::Result<()> {
    for group in groups {
        if group.join("freezer.state").exists() {
            kill_all(group);
        }
    }
    groups.iter().try_for_each(|group| clear(group))
}

/// Kills what is in one group, waits until it is empty and removes it.
fn clear(group: &Path) -> io::Result<()> {
    for _ in 0..ROUNDS_MAX {
        match fs::remove_dir(group) {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            result => return result,
        }
        kill_all(group);
        pause();
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("{} does not empty", group.display())))
}

/// Waits a little for a thread of ours that was joined: it leaves its group a moment later.
pub(super) fn remove_when_empty(group: &Path) {
    for _ in 0..ROUNDS_MAX / 10 {
        match fs::remove_dir(group) {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => pause(),
            _ => return,
        }
    }
}

/// How many there were. We may be in the group ourselves (the thread that starts inits is): spared.
fn kill_all(group: &Path) -> usize {
    let us = i32::try_from(std::process::id()).unwrap_or_default();
    let others: Vec<i32> = processes(group).into_iter().filter(|pid| *pid != us).collect();
    for pid in &others {
        // Gone already is as good.
        let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
    }
    // A process that is frozen by cgroup v1 dies only once thawed.
    let state = group.join("freezer.state");
    if state.exists() {
        let _ = put(&state, "THAWED");
    }
    others.len()
}

/// cgroup v1 has nothing to wait on for "the group is empty".
fn pause() {
    let _ = nix::poll::poll(&mut [], nix::poll::PollTimeout::from(PAUSE_MS));
}
