//! Runtime packs: what functions expect beside their interpreter. For Node and Python that is the vendor's SDK, for
//! Java its runtime interface client.
//!
//! `PACKS/<kind>/<number>/` holds one, and the link `PACKS/<kind>/current` names the one in use. PACKS is
//! `DATA/packs` unless several data directories share one. A new pack is made beside its place and the
//! link changes at once, so that running instances keep the old files; [`sweep`] removes those at the
//! next start.

pub(crate) mod classes;
mod install;

pub use classes::{ARCHIVE_BYTES_MAX, TrialRun, trial_runs};
pub use install::{InstallError, Installed, install};

use crate::Kind;
use std::io;
use std::path::{Path, PathBuf};

/// Where in a pack the shim is mounted.
const MOUNT_POINT: &str = "zerun_runtime";

/// The pack in use, if one is installed.
pub fn current(packs_dir: &Path, kind: Kind) -> Option<PathBuf> {
    let directory = directory(packs_dir, kind);
    let name = std::fs::read_link(directory.join("current")).ok()?;
    let path = directory.join(name);
    path.join(MOUNT_POINT).is_dir().then_some(path)
}

/// Removes what replaced packs and broken-off installations left. Only while no instance runs.
///
/// # Errors
/// Something there cannot be read or removed.
pub fn sweep(packs_dir: &Path) -> io::Result<()> {
    for kind in Kind::ALL {
        let keep = current(packs_dir, kind);
        let entries = match std::fs::read_dir(directory(packs_dir, kind)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() && !path.is_symlink() && keep.as_ref() != Some(&path) && !install::is_busy(&path)
            {
                std::fs::remove_dir_all(&path)?;
            }
        }
    }
    Ok(())
}

fn directory(packs_dir: &Path, kind: Kind) -> PathBuf {
    packs_dir.join(kind.as_str())
}
