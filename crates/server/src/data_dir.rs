//! What lies where in a data directory.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// For its owner alone.
const PRIVATE: u32 = 0o700;

/// An absolute path: sandboxes and children have another working directory.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Makes the directory, readable by its owner alone, when it is not there.
    ///
    /// # Errors
    /// It cannot be made, or is no directory.
    pub fn create(path: &Path) -> io::Result<DataDir> {
        DirBuilder::new().recursive(true).mode(PRIVATE).create(path)?;
        DataDir::existing(path)
    }

    /// # Errors
    /// There is no such directory.
    pub fn existing(path: &Path) -> io::Result<DataDir> {
        path.canonicalize().map(DataDir)
    }

    /// Closes what is inside to every other user of the machine, where the directory itself is open because
    /// somebody made it before us. Sandboxes need no way in: they are given what they see.
    ///
    /// # Errors
    /// A directory cannot be made, or belongs to somebody else.
    pub fn close_to_others(&self) -> io::Result<()> {
        for private in [self.blobs(), self.code(), self.sandboxes(), self.instances(), self.shims()] {
            DirBuilder::new().recursive(true).mode(PRIVATE).create(&private)?;
            std::fs::set_permissions(&private, Permissions::from_mode(PRIVATE))?;
        }
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    /// Unpacked function code.
    pub fn code(&self) -> PathBuf {
        self.0.join("code")
    }

    /// Container images of functions.
    pub fn images(&self) -> PathBuf {
        self.0.join("images")
    }

    /// What sandboxes keep on disk while they live.
    pub fn sandboxes(&self) -> PathBuf {
        self.0.join("sandboxes")
    }

    /// What the pool keeps for its instances; emptied at every start.
    pub fn instances(&self) -> PathBuf {
        self.0.join("instances")
    }

    /// The programs that run beside functions' code.
    fn shims(&self) -> PathBuf {
        self.0.join("runtime-shims")
    }

    /// Names what we make outside of the directory (cgroups): 12 hexadecimal digits of the SHA-256 of
    /// its path, the same at every start and unlike any other directory's.
    pub fn tag(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.0.as_os_str().as_bytes());
        let mut tag = hex::encode(digest);
        tag.truncate(12);
        tag
    }

    pub fn packs(&self) -> PathBuf {
        self.0.join("packs")
    }

    pub fn master_key(&self) -> PathBuf {
        self.0.join("master.key")
    }

    /// Who did what.
    pub fn audit(&self) -> PathBuf {
        self.0.join("audit")
    }

    /// The socket on which a server that runs answers to its own command line.
    pub fn control(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    /// The address that was bound last: one line.
    pub fn endpoint(&self) -> PathBuf {
        self.0.join("endpoint")
    }

    /// The root key pair as AWS tools read it.
    pub fn credentials(&self) -> PathBuf {
        self.0.join("credentials")
    }
}

/// Writes beside `path` and renames, so that a reader sees the old file or the new one, whole.
///
/// # Errors
/// The disk's.
pub fn write_atomically(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_directory_is_closed_inside() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let data = DataDir::create(directory.path()).unwrap();
        std::fs::create_dir(data.code()).unwrap();
        data.close_to_others().unwrap();
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(directory.path().to_owned()), 0o755, "whose it is decides about it");
        for path in [data.blobs(), data.code(), data.sandboxes(), data.instances()] {
            assert_eq!(mode(path), 0o700);
        }
    }

    #[test]
    fn a_file_is_replaced_whole_with_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials");
        for text in ["one", "two"] {
            write_atomically(&path, text, 0o600).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
