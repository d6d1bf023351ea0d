use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// Our shims as they are in the binary: path below the store and text.
const FILES: [(&str, &str); 34] = [
    ("node/index.js", include_str!("../shims/node/index.js")),
    ("node/api.js", include_str!("../shims/node/api.js")),
    ("node/channel.js", include_str!("../shims/node/channel.js")),
    ("node/compile.js", include_str!("../shims/node/compile.js")),
    ("node/compiled.js", include_str!("../shims/node/compiled.js")),
    ("node/connection.js", include_str!("../shims/node/connection.js")),
    ("node/errors.js", include_str!("../shims/node/errors.js")),
    ("node/generic.js", include_str!("../shims/node/generic.js")),
    ("node/invocation.js", include_str!("../shims/node/invocation.js")),
    ("node/loader.js", include_str!("../shims/node/loader.js")),
    ("node/logging.js", include_str!("../shims/node/logging.js")),
    ("node/streaming.js", include_str!("../shims/node/streaming.js")),
    ("ruby/api.rb", include_str!("../shims/ruby/api.rb")),
    ("ruby/bootstrap.rb", include_str!("../shims/ruby/bootstrap.rb")),
    ("ruby/context.rb", include_str!("../shims/ruby/context.rb")),
    ("ruby/handler.rb", include_str!("../shims/ruby/handler.rb")),
    ("python/bootstrap.py", include_str!("../shims/python/bootstrap.py")),
    ("python/zerun_shim/__init__.py", include_str!("../shims/python/zerun_shim/__init__.py")),
    ("python/zerun_shim/api.py", include_str!("../shims/python/zerun_shim/api.py")),
    ("python/zerun_shim/channel.py", include_str!("../shims/python/zerun_shim/channel.py")),
    ("python/zerun_shim/connection.py", include_str!("../shims/python/zerun_shim/connection.py")),
    ("python/zerun_shim/context.py", include_str!("../shims/python/zerun_shim/context.py")),
    ("python/zerun_shim/encoding.py", include_str!("../shims/python/zerun_shim/encoding.py")),
    ("python/zerun_shim/errors.py", include_str!("../shims/python/zerun_shim/errors.py")),
    ("python/zerun_shim/event.py", include_str!("../shims/python/zerun_shim/event.py")),
    ("python/zerun_shim/function.py", include_str!("../shims/python/zerun_shim/function.py")),
    ("python/zerun_shim/generic.py", include_str!("../shims/python/zerun_shim/generic.py")),
    ("python/zerun_shim/loader.py", include_str!("../shims/python/zerun_shim/loader.py")),
    ("python/zerun_shim/logs.py", include_str!("../shims/python/zerun_shim/logs.py")),
    ("python/zerun_shim/loop.py", include_str!("../shims/python/zerun_shim/loop.py")),
    ("python/zerun_shim/plan.py", include_str!("../shims/python/zerun_shim/plan.py")),
    ("python/zerun_shim/preload.py", include_str!("../shims/python/zerun_shim/preload.py")),
    ("python/zerun_shim/snapshot.py", include_str!("../shims/python/zerun_shim/snapshot.py")),
    ("python/zerun_shim/zygote.py", include_str!("../shims/python/zerun_shim/zygote.py")),
];

/// What `/var/runtime` shows while no pack is installed: only the place where the shim is mounted.
const BARE: &str = "bare/zerun_runtime";

/// The shims on disk, under `DATA/runtime-shims/<hash of their text>/`, so that another version of the
/// binary never changes files under a running instance.
#[derive(Debug, Clone)]
pub(crate) struct ShimStore {
    root: PathBuf,
}

impl ShimStore {
    /// Writes the shims unless they are there already. A half-written store is never seen: it is
    /// written beside its place and renamed.
    pub fn open(data_dir: &Path) -> io::Result<ShimStore> {
        let parent = data_dir.join("runtime-shims");
        let root = parent.join(hash());
        if !root.is_dir() {
            std::fs::create_dir_all(&parent)?;
            let staging = parent.join(format!("{}.{}", hash(), std::process::id()));
            if staging.exists() {
                std::fs::remove_dir_all(&staging)?;
            }
            write_all(&staging)?;
            match std::fs::rename(&staging, &root) {
                Ok(()) => {}
                // Another process was faster; its files are the same.
                Err(_) if root.is_dir() => std::fs::remove_dir_all(&staging)?,
                Err(error) => return Err(error),
            }
        }
        Ok(ShimStore { root })
    }

    pub fn node(&self) -> PathBuf {
        self.root.join("node")
    }

    pub fn python(&self) -> PathBuf {
        self.root.join("python")
    }

    pub fn ruby(&self) -> PathBuf {
        self.root.join("ruby")
    }

    pub fn bare(&self) -> PathBuf {
        self.root.join("bare")
    }
}

fn write_all(staging: &Path) -> io::Result<()> {
    for (name, text) in FILES {
        let path = staging.join(name);
        if let Some(parent) = path.parent() {
            create_readable_dir(parent)?;
        }
        std::fs::write(&path, text)?;
        set_mode(&path, 0o644)?;
    }
    create_readable_dir(&staging.join(BARE))?;
    set_mode(staging, 0o755)?;
    set_mode(&staging.join("bare"), 0o755)?;
    set_mode(&staging.join("python"), 0o755)
}

/// Sandboxed processes own nothing of it, so everybody must be able to read it, whatever the umask.
fn create_readable_dir(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)?;
    set_mode(path, 0o755)
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// Of all names and texts. Not a defence: it only tells one build's shims from another's.
pub(crate) fn hash() -> String {
    let mut hasher = DefaultHasher::new();
    FILES.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_shims_is_in_the_binary_and_comes_out_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = ShimStore::open(dir.path()).unwrap();
        let again = ShimStore::open(dir.path()).unwrap();
        assert_eq!(store.root, again.root);
        assert!(store.bare().join("zerun_runtime").is_dir());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shims");
        for directory in ["node", "python", "python/zerun_shim", "ruby"] {
            for entry in std::fs::read_dir(source.join(directory)).unwrap() {
                let path = entry.unwrap().path();
                let below = path.strip_prefix(&source).unwrap().to_str().unwrap();
                if path.is_file() {
                    assert!(FILES.iter().any(|(name, _)| *name == below), "{below} is not in FILES");
                }
            }
        }
    }
}
