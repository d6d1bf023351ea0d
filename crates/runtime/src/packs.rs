//! Runtime packs: the vendor's SDK that unbundled functions expect beside their interpreter.
//!
//! `DATA/packs/<kind>/<stamp>/` holds one, and the link `DATA/packs/<kind>/current` names the one in
//! use. A new one is made beside its place and the link changes at once, so that running instances
//! keep the old files; [`sweep`] removes those at the next start.

mod install;

pub use install::{InstallError, Installed, install};

use crate::Kind;
use std::io;
use std::path::{Path, PathBuf};

/// Where in a pack the shim is mounted.
const MOUNT_POINT: &str = "zerun_runtime";

/// The pack in use, if one is installed.
pub fn current(data_dir: &Path, kind: Kind) -> Option<PathBuf> {
    let directory = directory(data_dir, kind);
    let name = std::fs::read_link(directory.join("current")).ok()?;
    let path = directory.join(name);
    path.join(MOUNT_POINT).is_dir().then_some(path)
}

/// Removes what replaced packs and broken-off installations left. Only while no instance runs.
///
/// # Errors
/// Something there cannot be read or removed.
pub fn sweep(data_dir: &Path) -> io::Result<()> {
    for kind in [Kind::Node, Kind::Python] {
        let keep = current(data_dir, kind);
        let entries = match std::fs::read_dir(directory(data_dir, kind)) {
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

fn directory(data_dir: &Path, kind: Kind) -> PathBuf {
    data_dir.join("packs").join(kind.as_str())
}
