use crate::AccessError;
use crate::cipher::Cipher;
use aws_lc_rs::hmac;
use clock::Clock;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The 256-bit key of a data directory, from which every other one is derived.
///
/// Whoever has it can read every secret of that directory: it never leaves its file and this type.
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Reads `path`, or makes it (mode 0600, on disk before this returns) where there is none.
    ///
    /// # Errors
    /// The file cannot be read or made, or holds anything but 64 hexadecimal digits and a newline.
    pub fn load_or_create(path: &Path, clock: &Clock) -> Result<Self, AccessError> {
        match File::open(path) {
            Ok(file) => read(file, path),
            Err(error) if error.kind() == ErrorKind::NotFound => create(path, clock),
            Err(source) => Err(AccessError::MasterKeyFile { path: path.to_owned(), source }),
        }
    }

    /// A key that lives as long as the process, for tests and in-memory stores.
    pub fn ephemeral(clock: &Clock) -> Self {
        let mut bytes = [0; 32];
        clock.fill_random(&mut bytes);
        MasterKey(bytes)
    }

    /// A key for one use; different labels give unrelated keys.
    pub(crate) fn derive(&self, label: &str) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, label.as_bytes());
        let mut derived = [0; 32];
        derived.copy_from_slice(&tag.as_ref()[..32]);
        derived
    }

    pub(crate) fn cipher(&self, label: &str) -> Result<Cipher, AccessError> {
        Cipher::new(&self.derive(label))
    }
}

/// Shows nothing: the key is a secret.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

fn read(file: File, path: &Path) -> Result<MasterKey, AccessError> {
    let malformed = || AccessError::MasterKeyMalformed(path.to_owned());
    let mut text = String::new();
    // One byte more than a key needs tells a longer file.
    file.take(66)
        .read_to_string(&mut text)
        .map_err(|source| AccessError::MasterKeyFile { path: path.to_owned(), source })?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim_end(), &mut bytes).map_err(|_| malformed())?;
    Ok(MasterKey(bytes))
}

/// Written beside its place and renamed, so that a crash leaves either no key or a whole one.
fn create(path: &Path, clock: &Clock) -> Result<MasterKey, AccessError> {
    let key = MasterKey::ephemeral(clock);
    let temporary = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        writeln!(file, "{}", hex::encode(key.0))?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        match path.parent() {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(|source| AccessError::MasterKeyFile { path: path.to_owned(), source })?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let made = MasterKey::load_or_create(&path, &Clock::real()).unwrap();
        let read = MasterKey::load_or_create(&path, &Clock::real()).unwrap();
        assert_eq!(made.0, read.0);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        for text in ["", "abc", &"0".repeat(63), &"0".repeat(80), &"g".repeat(64)] {
            std::fs::write(&path, text).unwrap();
            let refused = MasterKey::load_or_create(&path, &Clock::real());
            assert!(matches!(refused, Err(AccessError::MasterKeyMalformed(_))), "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), *text);
        }
    }
}
