use super::tree::{Kind, Tree};
use super::{ENTRIES_MAX, UNPACKED_BYTES_MAX};
use bytes::Bytes;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::Path;
use zip::{CompressionMethod, ZipArchive};

/// Why an archive is no code; the text says which entry and is fit to be shown to the caller.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    #[error("{0}")]
    Refused(String),
    #[error("cannot write the unpacked code: {0}")]
    Io(#[from] io::Error),
}

fn refused(message: impl Into<String>) -> UnpackError {
    UnpackError::Refused(message.into())
}

/// The longest target that a symbolic link may have (Linux' `PATH_MAX`).
const LINK_TARGET_BYTES_MAX: u64 = 4096;

/// Writes an archive's tree under `root`, which must exist and be empty, and returns how many bytes its
/// files have. Blocking.
///
/// The archive is hostile: nothing is written before every name and kind has been judged, real
/// directories and files come before symbolic links so that no write can follow one, and bytes are
/// counted as they are inflated, whatever the headers say.
///
/// Files become 0644, or 0755 when any executable bit is set; directories 0755: the code runs as another
/// user than the one that unpacks it. Owners, set-id bits and times are not kept.
///
/// # Errors
/// `Refused` for everything that the archive itself is to blame for.
pub fn unpack(archive: &Bytes, root: &Path) -> Result<u64, UnpackError> {
    let mut archive = open(archive)?;
    let tree = plan(&mut archive)?;
    write(&mut archive, &tree, root)
}

type Archive = ZipArchive<Cursor<Bytes>>;

fn open(bytes: &Bytes) -> Result<Archive, UnpackError> {
    let archive = ZipArchive::new(Cursor::new(bytes.clone()))
        .map_err(|error| refused(format!("not a readable zip archive: {error}")))?;
    if archive.has_duplicate_names() {
        return Err(refused("a name is in the archive twice"));
    }
    if archive.is_empty() {
        return Err(refused("the archive is empty"));
    }
    if archive.len() > ENTRIES_MAX {
        return Err(refused(format!("the archive has more than {ENTRIES_MAX} entries")));
    }
    Ok(archive)
}

/// Judges every entry without writing a byte.
fn plan(archive: &mut Archive) -> Result<Tree, UnpackError> {
    let mut tree = Tree::default();
    let mut bytes: u64 = 0;
    for index in 0..archive.len() {
        let (name, kind, size) = {
            let entry = archive.by_index_data(index).map_err(|error| refused(error.to_string()))?;
            let name = std::str::from_utf8(entry.name_raw())
                .map(str::to_owned)
                .or_else(|_| entry.name().map(|name| name.into_owned()))
                .map_err(|_| refused(format!("entry {index} has an unreadable name")))?;
            if entry.encrypted() {
                return Err(refused(format!("entry {name:?} is encrypted")));
            }
            if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
                return Err(refused(format!("entry {name:?} is neither stored nor deflated")));
            }
            let mode = entry.unix_mode().unwrap_or(0o644);
            let kind = match mode & 0o170_000 {
                0o120_000 => Kind::Link { index, target: String::new() },
                0o040_000 => Kind::Directory,
                0 | 0o100_000 if name.ends_with('/') => Kind::Directory,
                0 | 0o100_000 => Kind::File { index, executable: mode & 0o111 != 0 },
                _ => return Err(refused(format!("entry {name:?} is a device, pipe or socket"))),
            };
            (name, kind, entry.size())
        };
        bytes = bytes.saturating_add(size);
        if bytes > UNPACKED_BYTES_MAX {
            return Err(too_large());
        }
        let kind = match kind {
            Kind::Link { index, .. } => {
                Kind::Link { index, target: link_target(archive, index, &name, size)? }
            }
            other => other,
        };
        tree.insert(&name, kind).map_err(refused)?;
    }
    tree.check_links().map_err(refused)?;
    Ok(tree)
}

fn link_target(archive: &mut Archive, index: usize, name: &str, size: u64) -> Result<String, UnpackError> {
    if size > LINK_TARGET_BYTES_MAX {
        return Err(refused(format!("symbolic link {name:?} has a target of {size} bytes")));
    }
    let unreadable = |_| refused(format!("symbolic link {name:?} has an unreadable target"));
    let entry = archive.by_index(index).map_err(|error| refused(error.to_string()))?;
    let mut target = String::new();
    entry.take(LINK_TARGET_BYTES_MAX).read_to_string(&mut target).map_err(unreadable)?;
    Ok(target)
}

fn too_large() -> UnpackError {
    refused(format!("Unzipped size must be smaller than {UNPACKED_BYTES_MAX} bytes"))
}

fn write(archive: &mut Archive, tree: &Tree, root: &Path) -> Result<u64, UnpackError> {
    let mut written = 0;
    // A parent sorts before what it holds.
    for (path, kind) in tree.entries() {
        let at = root.join(path);
        match kind {
            Kind::Directory => fs::DirBuilder::new().mode(0o755).create(&at)?,
            Kind::File { index, executable } => {
                let mode = if *executable { 0o755 } else { 0o644 };
                let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&at)?;
                written += inflate(archive, *index, path, UNPACKED_BYTES_MAX - written, &mut file)?;
            }
            Kind::Link { .. } => {}
        }
    }
    for (path, kind) in tree.entries() {
        if let Kind::Link { target, .. } = kind {
            symlink(target, root.join(path))?;
        }
    }
    Ok(written)
}

/// Copies one entry's bytes, at most `left`; the archive's CRC-32 is checked at its end.
fn inflate(
    archive: &mut Archive,
    index: usize,
    path: &str,
    left: u64,
    file: &mut File,
) -> Result<u64, UnpackError> {
    let mut entry = archive.by_index(index).map_err(|error| refused(error.to_string()))?;
    let mut buffer = vec![0; 64 * 1024];
    let mut copied: u64 = 0;
    loop {
        let read = match entry.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(refused(format!("entry {path:?} is damaged: {error}"))),
        };
        copied += read as u64;
        if copied > left {
            return Err(too_large());
        }
        let chunk = buffer.get(..read).unwrap_or_default();
        file.write_all(chunk)?;
    }
}

#[cfg(test)]
mod tests;
