//! From an archive to a tree on disk.

use crate::layer::damaged;
use crate::place::{self, Place, kind, look};
use crate::{ENTRIES_MAX, IMAGE_BYTES_MAX, ImageError};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fchmod};
use nix::unistd::{linkat, symlinkat};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use tar::{Archive, EntryType};

/// What is left of the bounds of an image, over all of its layers.
#[derive(Debug, Clone)]
pub struct Budget {
    pub bytes: u64,
    pub entries: u64,
}

/// What a layer does to those below it, beside laying its tree over theirs. Paths are relative.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerNotes {
    /// What is taken away.
    pub whiteouts: BTreeSet<PathBuf>,
    /// Directories of which nothing from below shows.
    pub opaque: BTreeSet<PathBuf>,
    /// Directories that the archive does not name, but has something in: a link of that name in a lower layer
    /// stays, and leads to where that goes.
    pub implied: BTreeSet<PathBuf>,
}

const PATH_BYTES_MAX: usize = 4095;
const NAME_BYTES_MAX: usize = 255;
const DEPTH_MAX: usize = 200;
/// Of the records that say more of one entry than its header can.
const EXTENSION_BYTES_MAX: u64 = 1024 * 1024;
/// Header and padding of one entry, and of the records before it, at most as far as archives are made.
const OVERHEAD_BYTES: u64 = 4096;
const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// What a union file system keeps for itself.
const PRIVATE: &[u8] = b".wh..wh.";

impl Budget {
    pub fn of_an_image() -> Self {
        Budget { bytes: IMAGE_BYTES_MAX, entries: ENTRIES_MAX }
    }

    pub(crate) fn stream_bytes(&self) -> u64 {
        self.bytes.saturating_add(self.entries.saturating_mul(OVERHEAD_BYTES))
    }

    fn entry(&mut self) -> Result<(), ImageError> {
        self.entries = self.entries.checked_sub(1).ok_or_else(too_many)?;
        Ok(())
    }
}

pub(crate) fn too_large() -> ImageError {
    ImageError::TooLarge(format!("unpacked, an image may have at most {IMAGE_BYTES_MAX} bytes"))
}

fn too_many() -> ImageError {
    ImageError::TooLarge(format!("an image may have at most {ENTRIES_MAX} files, directories and links"))
}

/// What a header says of its entry, after the records before it have had their say.
struct Head {
    name: Vec<u8>,
    target: Option<Vec<u8>>,
    kind: EntryType,
    executable: bool,
    size: u64,
}

/// Unpacks the archive below `root`.
///
/// Files become 0644, or 0755 when any executable bit is set, directories 0755, all of them ours: the sandbox's
/// user owns nothing and reads all. Owners, times, set-id bits and attributes are not kept, devices and pipes are
/// left out. Of several entries of one name the last one counts.
pub(crate) fn unpack(
    bytes: &mut impl Read,
    root: &Path,
    budget: &mut Budget,
) -> Result<LayerNotes, ImageError> {
    let place = Place::open(root).map_err(ImageError::io("cannot open a layer's directory"))?;
    let mut writer = Writer { place, notes: LayerNotes::default(), parent: None };
    let mut archive = Archive::new(bytes);
    let mut said = Records::default();
    // Raw: the library would read the records of an entry, however long, into memory.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        if matches!(
            kind,
            EntryType::XHeader | EntryType::XGlobalHeader | EntryType::GNULongName | EntryType::GNULongLink
        ) {
            budget.entry()?;
            let size = entry.header().entry_size().map_err(damaged)?;
            if size > EXTENSION_BYTES_MAX {
                return Err(ImageError::Refused(format!(
                    "a layer has a record of {size} bytes before an entry"
                )));
            }
            let mut record = Vec::new();
            entry.read_to_end(&mut record).map_err(damaged)?;
            said.read(kind, record)?;
            continue;
        }
        let said = std::mem::take(&mut said);
        let header = entry.header();
        let size = header.entry_size().map_err(damaged)?;
        let head = Head {
            name: said.path.unwrap_or_else(|| header.path_bytes().into_owned()),
            target: said.link.or_else(|| header.link_name_bytes().map(|link| link.into_owned())),
            kind,
            executable: header.mode().is_ok_and(|mode| mode & 0o111 != 0),
            size,
        };
        if said.size.is_some_and(|said| said != size) {
            return Err(ImageError::Refused(format!(
                "{} is said to have two different sizes",
                shown(&head.name)
            )));
        }
        writer.entry(&head, &mut entry, budget)?;
    }
    Ok(writer.notes)
}

/// What stands before an entry, because its header has no room for it.
#[derive(Default)]
struct Records {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Records {
    fn read(&mut self, kind: EntryType, mut record: Vec<u8>) -> Result<(), ImageError> {
        match kind {
            EntryType::GNULongName | EntryType::GNULongLink => {
                while record.last() == Some(&0) {
                    record.pop();
                }
                if kind == EntryType::GNULongName {
                    self.path = Some(record)
                } else {
                    self.link = Some(record)
                }
                Ok(())
            }
            EntryType::XHeader => self.read_pax(&record),
            // Says nothing of names that anybody uses: comments.
            _ => Ok(()),
        }
    }

    /// Lines of `length key=value`, of which the length counts all, itself and the line's end too.
    fn read_pax(&mut self, mut left: &[u8]) -> Result<(), ImageError> {
        let refused = || ImageError::refused("a layer has an unreadable record before an entry");
        while !left.is_empty() && left.iter().any(|byte| *byte != 0) {
            let space = left.iter().take(12).position(|byte| *byte == b' ').ok_or_else(refused)?;
            let digits = left.get(..space).and_then(|digits| std::str::from_utf8(digits).ok());
            let length: usize = digits.and_then(|digits| digits.parse().ok()).ok_or_else(refused)?;
            let line =
                left.get(space + 1..length).and_then(|line| line.strip_suffix(b"\n")).ok_or_else(refused)?;
            left = left.get(length..).unwrap_or_default();
            let equals = line.iter().position(|byte| *byte == b'=').ok_or_else(refused)?;
            let (key, value) = line.split_at(equals);
            let value = value.get(1..).unwrap_or_default();
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|size| size.parse().ok());
                    self.size = Some(size.ok_or_else(refused)?);
                }
                key if key.starts_with(b"GNU.sparse.") => {
                    return Err(ImageError::refused("a layer has a sparse file, which is not understood"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

struct Writer {
    place: Place,
    notes: LayerNotes,
    /// The directory that was written to last.
    parent: Option<(PathBuf, OwnedFd)>,
}

impl Writer {
    fn entry(&mut self, head: &Head, data: &mut impl Read, budget: &mut Budget) -> Result<(), ImageError> {
        budget.entry()?;
        let path = clean(&head.name)?;
        let Some(name) = path.file_name().map(OsStr::to_owned) else {
            // The root itself.
            return match head.kind {
                EntryType::Directory => Ok(()),
                _ => Err(ImageError::refused("a layer has an entry without a name")),
            };
        };
        let above = path.parent().map(Path::to_owned).unwrap_or_default();
        if name.as_bytes().starts_with(WHITEOUT) {
            return self.whiteout(&above, name.as_bytes());
        }
        let failed = |error: io::Error| match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENOTDIR | Errno::EEXIST | Errno::ELOOP) => {
                ImageError::Refused(format!("{} lies below what is no directory", shown(&head.name)))
            }
            Some(Errno::ENAMETOOLONG) => {
                ImageError::Refused(format!("{} is too long a name", shown(&head.name)))
            }
            _ => ImageError::Io { what: format!("cannot unpack {}", shown(&head.name)), source: error },
        };
        match head.kind {
            EntryType::Directory => {
                let parent = self.parent(&above, budget).map_err(failed)?;
                let is_directory =
                    matches!(look(parent, &name), Ok(Some(found)) if kind(&found) == SFlag::S_IFDIR);
                if !is_directory {
                    let parent = self.cleared(&above, &name, budget).map_err(failed)?;
                    place::make_directory_at(parent, &name).map_err(|error| failed(error.into()))?;
                }
                self.notes.implied.remove(&path);
                Ok(())
            }
            EntryType::Regular | EntryType::Continuous => {
                let parent = self.cleared(&above, &name, budget).map_err(failed)?;
                let mut file = create(parent, &name, head.executable).map_err(failed)?;
                copy(data, head, &mut file, budget)
            }
            EntryType::Symlink => {
                let target = head.target.as_deref().unwrap_or_default();
                if target.is_empty() || target.len() > PATH_BYTES_MAX || target.contains(&0) {
                    return Err(ImageError::Refused(format!(
                        "{} is a link to nothing usable",
                        shown(&head.name)
                    )));
                }
                let parent = self.cleared(&above, &name, budget).map_err(failed)?;
                symlinkat(OsStr::from_bytes(target), parent, name.as_os_str())
                    .map_err(|error| failed(error.into()))
            }
            EntryType::Link => {
                self.hard_link(head, &path, &above, &name, budget).map_err(|error| match error {
                    ImageError::Io { source, .. } => failed(source),
                    other => other,
                })
            }
            EntryType::Block | EntryType::Char | EntryType::Fifo => Ok(()),
            other => Err(ImageError::Refused(format!(
                "{} is of a kind that is not understood ({:?})",
                shown(&head.name),
                char::from(other.as_byte())
            ))),
        }
    }

    fn hard_link(
        &mut self,
        head: &Head,
        path: &Path,
        above: &Path,
        name: &OsStr,
        budget: &mut Budget,
    ) -> Result<(), ImageError> {
        let target = clean(head.target.as_deref().unwrap_or_default())?;
        let missing = || {
            ImageError::Refused(format!(
                "{} is a hard link to {}, which its layer does not have",
                shown(&head.name),
                shown(target.as_os_str().as_bytes())
            ))
        };
        if target == path {
            return Ok(());
        }
        let io = |error: Errno| ImageError::Io { what: String::new(), source: error.into() };
        let target_name = target.file_name().ok_or_else(missing)?;
        let from = match self.place.directory(target.parent().unwrap_or(Path::new(""))) {
            Ok(from) => from,
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => return Err(missing()),
            Err(error) => return Err(io(error)),
        };
        let found = look(from.as_fd(), target_name).map_err(io)?.ok_or_else(missing)?;
        if !matches!(kind(&found), SFlag::S_IFREG | SFlag::S_IFLNK) {
            return Err(missing());
        }
        let parent = self.parent(above, budget).map_err(ImageError::io(""))?;
        if let Some(there) = look(parent, name).map_err(io)?
            && (there.st_dev, there.st_ino) == (found.st_dev, found.st_ino)
        {
            return Ok(());
        }
        let parent = self.cleared(above, name, budget).map_err(ImageError::io(""))?;
        // The link itself, should the target be one. It is gone if it lay below what had to give way.
        linkat(&from, target_name, parent, name, AtFlags::empty()).map_err(|error| match error {
            Errno::ENOENT => missing(),
            error => io(error),
        })
    }

    fn whiteout(&mut self, above: &Path, name: &[u8]) -> Result<(), ImageError> {
        if name == OPAQUE {
            self.notes.opaque.insert(above.to_owned());
        } else if !name.starts_with(PRIVATE) {
            let hidden = name.strip_prefix(WHITEOUT).unwrap_or_default();
            if matches!(hidden, b"" | b"." | b"..") {
                return Err(ImageError::Refused(format!("{} takes away what has no name", shown(name))));
            }
            self.notes.whiteouts.insert(above.join(OsStr::from_bytes(hidden)));
        }
        Ok(())
    }

    /// The directory of `path`, made if need be.
    fn parent(&mut self, path: &Path, budget: &mut Budget) -> io::Result<BorrowedFd<'_>> {
        if self.parent.as_ref().is_none_or(|(known, _)| known != path) {
            let (implied, mut made) = (&mut self.notes.implied, 0);
            let directory = self.place.make_directory(path, |path| {
                made += 1;
                implied.insert(path.to_owned());
            })?;
            budget.entries = budget.entries.saturating_sub(made);
            // Through links it may lie far deeper than its name says.
            let real = self.place.real(directory.as_fd())?;
            if real.components().count() > DEPTH_MAX || real.as_os_str().len() > PATH_BYTES_MAX {
                return Err(io::Error::other("it lies too deep"));
            }
            self.parent = Some((path.to_owned(), directory));
        }
        match &self.parent {
            Some((_, directory)) => Ok(directory.as_fd()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The directory of `path`, in which there is no `name` any more.
    fn cleared(&mut self, path: &Path, name: &OsStr, budget: &mut Budget) -> io::Result<BorrowedFd<'_>> {
        let parent = self.parent(path, budget)?;
        if look(parent, name)?.is_some() {
            place::remove(parent, name)?;
            // It may have been on the way to what is remembered.
            self.parent = None;
        }
        self.parent(path, budget)
    }
}

fn create(parent: BorrowedFd<'_>, name: &OsStr, executable: bool) -> io::Result<File> {
    let mode = Mode::from_bits_truncate(if executable { 0o755 } else { 0o644 });
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let file = openat(parent, name, flags, mode)?;
    // Whatever the umask.
    fchmod(&file, mode)?;
    Ok(File::from(file))
}

fn copy(data: &mut impl Read, head: &Head, file: &mut File, budget: &mut Budget) -> Result<(), ImageError> {
    budget.bytes = budget.bytes.checked_sub(head.size).ok_or_else(too_large)?;
    let mut left = head.size;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let read = match data.read(&mut buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(damaged(error)),
        };
        let short = || ImageError::Refused(format!("the archive ends within {}", shown(&head.name)));
        if read == 0 {
            return if left == 0 { Ok(()) } else { Err(short()) };
        }
        left = left.checked_sub(read as u64).ok_or_else(short)?;
        file.write_all(buffer.get(..read).unwrap_or_default())
            .map_err(ImageError::io(format!("cannot unpack {}", shown(&head.name))))?;
    }
}

/// A name's path without `.` and the leading `/`.
fn clean(name: &[u8]) -> Result<PathBuf, ImageError> {
    let refused = |why: &str| ImageError::Refused(format!("{} {why}", shown(name)));
    if name.len() > PATH_BYTES_MAX || name.contains(&0) {
        return Err(refused("is no usable path"));
    }
    let mut path = PathBuf::new();
    let mut depth = 0;
    for component in name.split(|byte| *byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => return Err(refused("leads out of the image")),
            long if long.len() > NAME_BYTES_MAX => return Err(refused("is no usable path")),
            component => {
                depth += 1;
                path.push(OsString::from_vec(component.to_vec()));
            }
        }
    }
    if depth > DEPTH_MAX {
        return Err(refused("lies too deep"));
    }
    Ok(path)
}

/// For messages: what came from outside may be long, and may be made for terminals.
fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let short: String = text.chars().take(120).collect();
    format!("{short:?}")
}

#[cfg(test)]
mod tests;
