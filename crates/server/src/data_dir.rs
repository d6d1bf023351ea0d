//! What lies where in a data directory.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// An absolute path: sandboxes and children have another working directory.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Makes the directory, readable by its owner alone, when it is not there.
    ///
    /// # Errors
    /// It cannot be made, or is no directory.
    pub fn create(path: &Path) -> io::Result<DataDir> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        DataDir::existing(path)
    }

    /// # Errors
    /// There is no such directory.
    pub fn existing(path: &Path) -> io::Result<DataDir> {
        path.canonicalize().map(DataDir)
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

    /// What sandboxes keep on disk while they live.
    pub fn sandboxes(&self) -> PathBuf {
        self.0.join("sandboxes")
    }

    /// What the pool keeps for its instances; emptied at every start.
    pub fn instances(&self) -> PathBuf {
        self.0.join("instances")
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
    use std::os::unix::fs::PermissionsExt;

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
