//! Layers laid over each other.
//!
//! The merged tree is made of directories of its own and hard links to the layers' files, so that it costs next to
//! no room, an instance mounts one directory, and it needs no privilege.

use crate::place::{self, Place, kind, look};
use crate::unpack::LayerNotes;
use nix::sys::stat::SFlag;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Directories that every root has, since a sandbox mounts its own there; whatever an image has in their place
/// gives way.
pub const POINTS_DIRECTORIES: [&str; 5] = ["dev", "etc", "proc", "sys", "tmp"];
/// The same for files.
pub const POINTS_FILES: [&str; 6] =
    ["etc/group", "etc/hostname", "etc/hosts", "etc/nsswitch.conf", "etc/passwd", "etc/resolv.conf"];

/// A layer as it lies on disk.
pub(crate) struct UnpackedLayer {
    pub tree: PathBuf,
    pub notes: LayerNotes,
}

/// Merges `layers`, the lowest first, into `root`, which must exist and be empty.
pub(crate) fn merge(layers: &[UnpackedLayer], root: &Path) -> io::Result<()> {
    let place = Place::open(root)?;
    for layer in layers {
        for path in &layer.notes.opaque {
            empty(root, path)?;
        }
        for path in &layer.notes.whiteouts {
            if let Some((parent, name)) = real_parent(root, path) {
                let parent = Place::open(&parent)?.directory(Path::new(""))?;
                place::remove(parent.as_fd(), name)?;
            }
        }
        Merging { place: &place, root, implied: &layer.notes }.lay_over(&layer.tree, Path::new(""), root)?;
    }
    furnish(root)
}

/// The directory of `path` below `root`, if no part of it is a link.
fn real_parent<'a>(root: &Path, path: &'a Path) -> Option<(PathBuf, &'a std::ffi::OsStr)> {
    let mut at = root.to_owned();
    for component in path.parent()?.components() {
        at.push(component);
        if !at.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            return None;
        }
    }
    Some((at, path.file_name()?))
}

fn empty(root: &Path, path: &Path) -> io::Result<()> {
    let at = match (path.as_os_str().is_empty(), real_parent(root, path)) {
        (true, _) => root.to_owned(),
        (false, Some((parent, name))) => parent.join(name),
        (false, None) => return Ok(()),
    };
    if !at.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    let directory = Place::open(&at)?.directory(Path::new(""))?;
    for entry in fs::read_dir(&at)? {
        place::remove(directory.as_fd(), &entry?.file_name())?;
    }
    Ok(())
}

struct Merging<'a> {
    place: &'a Place,
    root: &'a Path,
    implied: &'a LayerNotes,
}

impl Merging<'_> {
    /// Puts everything below `from`, which is `path` in its layer, over what is in `onto`, a real directory. The
    /// depth is bounded where layers are unpacked.
    fn lay_over(&self, from: &Path, path: &Path, onto: &Path) -> io::Result<()> {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let (source, target, path) =
                (entry.path(), onto.join(entry.file_name()), path.join(entry.file_name()));
            let source_kind = entry.file_type()?;
            let existing = target.symlink_metadata().ok().map(|found| found.file_type());
            if source_kind.is_dir() {
                let onto = match existing {
                    Some(found) if found.is_dir() => target,
                    Some(found) if found.is_symlink() && self.implied.implied.contains(&path) => {
                        self.followed(&target)?.unwrap_or(target)
                    }
                    _ => target,
                };
                if !onto.symlink_metadata().is_ok_and(|found| found.is_dir()) {
                    if existing.is_some() {
                        fs::remove_file(&onto)?;
                    }
                    create_directory(&onto)?;
                }
                self.lay_over(&source, &path, &onto)?;
                continue;
            }
            match existing {
                Some(found) if found.is_dir() => fs::remove_dir_all(&target)?,
                Some(_) => fs::remove_file(&target)?,
                None => {}
            }
            if source_kind.is_symlink() {
                std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
            } else if source_kind.is_file() && fs::hard_link(&source, &target).is_err() {
                // As many names as a file may have, or a file system without them.
                fs::copy(&source, &target)?;
            }
        }
        Ok(())
    }

    /// Where the link at `target` leads within the root, if it leads to a directory.
    fn followed(&self, target: &Path) -> io::Result<Option<PathBuf>> {
        let Ok(relative) = target.strip_prefix(self.root) else { return Ok(None) };
        let Ok(directory) = self.place.directory(relative) else { return Ok(None) };
        let found = fs::read_link(place::path_of(directory.as_fd()))?;
        let inside = found.strip_prefix(self.root.canonicalize()?).map(|inside| self.root.join(inside));
        Ok(inside.ok())
    }
}

/// Sees to it that there is what a sandbox mounts its own things on.
fn furnish(root: &Path) -> io::Result<()> {
    for name in POINTS_DIRECTORIES {
        make_way(&root.join(name), SFlag::S_IFDIR)?;
    }
    for name in POINTS_FILES {
        make_way(&root.join(name), SFlag::S_IFREG)?;
    }
    fs::set_permissions(root, Permissions::from_mode(0o755))
}

fn make_way(at: &Path, wanted: SFlag) -> io::Result<()> {
    let (Some(parent), Some(name)) = (at.parent(), at.file_name()) else { return Ok(()) };
    let parent = Place::open(parent)?.directory(Path::new(""))?;
    match look(parent.as_fd(), name)? {
        Some(found) if kind(&found) == wanted => return Ok(()),
        Some(_) => place::remove(parent.as_fd(), name)?,
        None => {}
    }
    if wanted == SFlag::S_IFDIR {
        return Ok(place::make_directory_at(parent.as_fd(), name)?);
    }
    fs::write(at, "")?;
    fs::set_permissions(at, Permissions::from_mode(0o644))
}

fn create_directory(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o755))
}
