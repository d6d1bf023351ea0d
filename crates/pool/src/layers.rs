use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Merged layers, one directory for each combination in use.
///
/// Files are hard links where the file system allows, so a merge costs no space; everything is mounted
/// read-only.
#[derive(Debug)]
pub(crate) struct Layers {
    root: PathBuf,
    /// One merge at a time: two instances of a function usually start together.
    merging: Mutex<()>,
}

/// Deeper trees than any package manager makes; one nested without end must not exhaust the stack.
const DEPTH_MAX: usize = 128;

impl Layers {
    /// Empties `root`: its former contents belong to instances that are gone.
    pub fn new(root: PathBuf) -> io::Result<Self> {
        match std::fs::remove_dir_all(&root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Others on the machine have no business with functions' code; sandboxes are given what they see.
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&root)?;
        Ok(Layers { root, merging: Mutex::new(()) })
    }

    /// What to mount at `/opt`; `None` without layers. Blocks.
    pub fn merged(&self, layers: &[PathBuf]) -> io::Result<Option<PathBuf>> {
        match layers {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            many => self.merge(many).map(Some),
        }
    }

    fn merge(&self, layers: &[PathBuf]) -> io::Result<PathBuf> {
        let _turn = self.merging.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hasher = DefaultHasher::new();
        layers.hash(&mut hasher);
        let path = self.root.join(format!("{:016x}", hasher.finish()));
        let list = path.with_extension("list");
        let names = names(layers);
        if path.is_dir() {
            // Two lists of the same hash are next to impossible, but then they must not share.
            return if std::fs::read(&list)? == names {
                Ok(path)
            } else {
                Err(io::Error::other("two sets of layers have the same hash"))
            };
        }
        let staging = path.with_extension("new");
        match std::fs::remove_dir_all(&staging) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        create_dir(&staging)?;
        for layer in layers {
            lay_over(layer, &staging, 0)?;
        }
        std::fs::write(&list, names)?;
        std::fs::rename(&staging, &path)?;
        Ok(path)
    }
}

fn names(layers: &[PathBuf]) -> Vec<u8> {
    let mut names = OsString::new();
    for layer in layers {
        names.push(layer);
        names.push("\n");
    }
    names.into_encoded_bytes()
}

/// Puts everything below `from` over what is in `onto`; links inside layers are kept as they are, never
/// followed.
fn lay_over(from: &Path, onto: &Path, depth: usize) -> io::Result<()> {
    if depth > DEPTH_MAX {
        return Err(io::Error::other(format!("{} is nested too deeply", from.display())));
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), onto.join(entry.file_name()));
        let kind = entry.file_type()?;
        let existing = target.symlink_metadata().ok().map(|found| found.file_type());
        if kind.is_dir() {
            if existing.is_some_and(|found| !found.is_dir()) {
                std::fs::remove_file(&target)?;
            }
            if !existing.is_some_and(|found| found.is_dir()) {
                create_dir(&target)?;
            }
            lay_over(&source, &target, depth + 1)?;
            continue;
        }
        match existing {
            Some(found) if found.is_dir() => std::fs::remove_dir_all(&target)?,
            Some(_) => std::fs::remove_file(&target)?,
            None => {}
        }
        if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&source)?, &target)?;
        } else if kind.is_file() && std::fs::hard_link(&source, &target).is_err() {
            // Another file system, or one without links.
            std::fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

fn create_dir(path: &Path) -> io::Result<()> {
    std::fs::create_dir(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_layers_win_whatever_kind_of_file_they_bring() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("a/python/x.py", "a");
        write("a/python/only_a.py", "a");
        write("a/file_then_dir", "a");
        write("a/dir_then_file/inner", "a");
        write("b/python/x.py", "b");
        write("b/file_then_dir/inner", "b");
        write("b/dir_then_file", "b");
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("b/link")).unwrap();
        let layers = Layers::new(dir.path().join("opt")).unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        assert_eq!(layers.merged(&[]).unwrap(), None);
        assert_eq!(layers.merged(std::slice::from_ref(&a)).unwrap(), Some(a.clone()));
        let merged = layers.merged(&[a.clone(), b.clone()]).unwrap().unwrap();
        let read = |name: &str| std::fs::read_to_string(merged.join(name)).unwrap();
        assert_eq!(read("python/x.py"), "b");
        assert_eq!(read("python/only_a.py"), "a");
        assert_eq!(read("file_then_dir/inner"), "b");
        assert_eq!(read("dir_then_file"), "b");
        assert_eq!(std::fs::read_link(merged.join("link")).unwrap(), Path::new("/etc/passwd"));
        assert_eq!(layers.merged(&[a.clone(), b.clone()]).unwrap(), Some(merged.clone()));
        let other_way = layers.merged(&[b, a.clone()]).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(other_way.join("python/x.py")).unwrap(), "a");
        assert_eq!(std::fs::read_to_string(a.join("python/x.py")).unwrap(), "a", "layers stay as they were");
    }
}
