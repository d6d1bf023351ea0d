//! Names below a directory that are never followed out of it.

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A directory that is the root of all paths within it: links lead to where they would if it were `/`.
pub(crate) struct Place {
    root: OwnedFd,
}

pub(crate) const DIRECTORY_MODE: Mode = Mode::from_bits_truncate(0o755);

/// Of looking up one path, while others rename.
const TRIES: u32 = 100;

impl Place {
    pub fn open(root: &Path) -> io::Result<Self> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        Ok(Place { root: nix::fcntl::open(root, flags, Mode::empty())? })
    }

    /// The directory that `path` (relative; empty for the root) leads to.
    pub fn directory(&self, path: &Path) -> nix::Result<OwnedFd> {
        self.resolve(path, OFlag::O_PATH | OFlag::O_DIRECTORY)
    }

    /// Whatever `path` leads to, its last component followed too.
    pub fn resolve(&self, path: &Path, flags: OFlag) -> nix::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let resolve = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(resolve);
        for _ in 0..TRIES {
            match openat2(&self.root, path, how) {
                // Something was renamed meanwhile, somewhere on this machine; try again.
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                result => return result,
            }
        }
        Err(Errno::EAGAIN)
    }

    /// Where `directory`, which was opened through this, really lies below the root.
    pub fn real(&self, directory: BorrowedFd<'_>) -> io::Result<PathBuf> {
        let root = std::fs::read_link(path_of(self.root.as_fd()))?;
        let real = std::fs::read_link(path_of(directory))?;
        real.strip_prefix(root).map(Path::to_owned).map_err(io::Error::other)
    }

    /// [`Place::directory`], made with its parents where it is not there; tells of each one made.
    ///
    /// # Errors
    /// `NotADirectory` or `AlreadyExists` where something else is in the way.
    pub fn make_directory(&self, path: &Path, mut made: impl FnMut(&Path)) -> io::Result<OwnedFd> {
        match self.directory(path) {
            Err(Errno::ENOENT) => {}
            result => return Ok(result?),
        }
        let mut at = PathBuf::new();
        let mut directory = self.directory(&at)?;
        for component in path.components() {
            at.push(component);
            directory = match self.directory(&at) {
                Err(Errno::ENOENT) => {
                    // A link that leads nowhere is in the way: `EEXIST`.
                    make_directory_at(directory.as_fd(), component.as_os_str())?;
                    made(&at);
                    self.directory(&at)?
                }
                result => result?,
            };
        }
        Ok(directory)
    }
}

/// With its mode, whatever the umask.
pub(crate) fn make_directory_at(parent: BorrowedFd<'_>, name: &OsStr) -> nix::Result<()> {
    mkdirat(parent, name, DIRECTORY_MODE)?;
    nix::sys::stat::fchmodat(parent, name, DIRECTORY_MODE, nix::sys::stat::FchmodatFlags::FollowSymlink)
}

/// What `name` itself is; `None` if it is not there.
pub(crate) fn look(parent: BorrowedFd<'_>, name: &OsStr) -> nix::Result<Option<FileStat>> {
    match fstatat(parent, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn kind(found: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT
}

/// Removes `name` with all that is below it; links are removed, never followed.
pub(crate) fn remove(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    match look(parent, name)? {
        None => Ok(()),
        Some(found) if kind(&found) == SFlag::S_IFDIR => std::fs::remove_dir_all(path_of(parent).join(name)),
        Some(_) => Ok(unlinkat(parent, name, UnlinkatFlags::NoRemoveDir)?),
    }
}

/// A path of an open directory, whatever it is called.
pub(crate) fn path_of(directory: BorrowedFd<'_>) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()))
}
