use crate::KvError;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The store's directory, held against every other process for as long as this value lives.
pub(super) struct Directory {
    path: PathBuf,
    /// Locked with flock(2): the kernel lets go of it however the process ends.
    _lock: File,
}

impl Directory {
    /// # Errors
    /// `Locked`, or `Io` when the directory cannot be made or written.
    pub(super) fn take(path: &Path) -> Result<Self, KvError> {
        make(path).map_err(failed("making the store's directory"))?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(path.join("lock")).map_err(failed("opening the store's lock file"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Directory { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(KvError::Locked(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed("locking the store's directory")(error)),
        }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join("store.sqlite")
    }

    /// Makes the names of new files last; SQLite does it for its log only.
    pub(super) fn sync(&self) -> Result<(), KvError> {
        sync(&self.path).map_err(failed("fsync of the store's directory"))
    }
}

/// Makes `path` with its missing parents, each made to last in the directory above it.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make(parent)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    sync(parent)
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn failed(doing: &'static str) -> impl Fn(io::Error) -> KvError {
    move |error| KvError::Io { doing, reason: error.to_string() }
}
