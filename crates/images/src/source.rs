//! Where an image is loaded from: a directory in the OCI layout, or an archive of one, or of `docker save`.

use crate::digest::Hashing;
use crate::layer::damaged;
use crate::place::Place;
use crate::{DOCUMENT_BYTES_MAX, Digest, IMAGE_BYTES_MAX, ImageError};
use clock::Clock;
use nix::fcntl::OFlag;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::Path;
use tar::{Archive, EntryType};

pub(crate) enum Source {
    Directory(Place),
    Archive { file: File, members: HashMap<String, Member> },
}

pub(crate) enum Member {
    File {
        offset: u64,
        bytes: u64,
    },
    /// Older archives have a layer that comes twice as a link, relative to its own directory.
    Link(String),
}

const MEMBERS_MAX: usize = 100_000;
/// Of an archive that is compressed as a whole, once it is not.
const ARCHIVE_BYTES_MAX: u64 = 2 * IMAGE_BYTES_MAX;

impl Source {
    /// `scratch` is a directory for an archive that is compressed as a whole.
    pub fn open(path: &Path, scratch: &Path, clock: &Clock) -> Result<Source, ImageError> {
        let failed = || ImageError::io(format!("cannot read {}", path.display()));
        if fs::metadata(path).map_err(failed())?.is_dir() {
            return Ok(Source::Directory(Place::open(path).map_err(failed())?));
        }
        let mut file = File::open(path).map_err(failed())?;
        let mut start = [0; 4];
        let read = file.read_at(&mut start, 0).map_err(failed())?;
        let start = start.get(..read).unwrap_or_default();
        if start.starts_with(&[0x1f, 0x8b]) {
            file = plain(flate2::read::MultiGzDecoder::new(io::BufReader::new(file)), scratch, clock)?;
        } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            file = plain(zstd::stream::read::Decoder::new(file).map_err(damaged)?, scratch, clock)?;
        }
        let members = members(&file).map_err(|error| {
            ImageError::Refused(format!(
                "{} is neither a directory nor a tar archive: {error}",
                path.display()
            ))
        })?;
        Ok(Source::Archive { file, members })
    }

    pub fn has(&self, name: &str) -> bool {
        match self {
            Source::Directory(directory) => open_below(directory, name).is_ok(),
            Source::Archive { members, .. } => members.contains_key(name),
        }
    }

    /// A document as a whole.
    pub fn document(&self, name: &str) -> Result<Vec<u8>, ImageError> {
        let (reader, bytes) = self.file(name)?;
        if bytes > DOCUMENT_BYTES_MAX {
            return Err(ImageError::Refused(format!("{name} has more than {DOCUMENT_BYTES_MAX} bytes")));
        }
        let mut document = Vec::new();
        reader.take(DOCUMENT_BYTES_MAX).read_to_end(&mut document).map_err(damaged)?;
        Ok(document)
    }

    /// A document that is known by its digest.
    pub fn verified(&self, digest: &Digest) -> Result<Vec<u8>, ImageError> {
        let document = self.document(&path_of(digest))?;
        if Digest::of(&document) != *digest {
            return Err(ImageError::Refused(format!("{digest} is not what its digest says")));
        }
        Ok(document)
    }

    /// A layer, which hashes itself while it is read, and its size.
    pub fn layer(&self, name: &str) -> Result<(Hashing<Box<dyn Read + '_>>, u64), ImageError> {
        let (reader, bytes) = self.file(name)?;
        Ok((Hashing::new(reader), bytes))
    }

    fn file(&self, name: &str) -> Result<(Box<dyn Read + '_>, u64), ImageError> {
        let missing = || ImageError::Refused(format!("{name:.200} is missing"));
        match self {
            Source::Directory(directory) => {
                let (file, bytes) = open_below(directory, name).map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => missing(),
                    _ => ImageError::Io { what: format!("cannot read {name:.200}"), source: error },
                })?;
                Ok((Box::new(io::BufReader::new(file)), bytes))
            }
            Source::Archive { file, members } => {
                let mut member = members.get(name).ok_or_else(missing)?;
                if let Member::Link(to) = member {
                    let beside = name.rsplit_once('/').map_or("", |(directory, _)| directory);
                    let to = joined(beside, to).ok_or_else(missing)?;
                    member = members.get(&to).ok_or_else(missing)?;
                }
                match member {
                    Member::File { offset, bytes } => {
                        let reader = Section { file, at: *offset, end: offset.saturating_add(*bytes) };
                        Ok((Box::new(io::BufReader::with_capacity(128 * 1024, reader)), *bytes))
                    }
                    Member::Link(_) => Err(missing()),
                }
            }
        }
    }
}

/// A file and its size. What names and links say leads nowhere out of `directory`.
fn open_below(directory: &Place, name: &str) -> io::Result<(File, u64)> {
    // Opening what is no file must not wait for anybody.
    let file = File::from(directory.resolve(Path::new(name), OFlag::O_RDONLY | OFlag::O_NONBLOCK)?);
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok((file, found.len()))
}

/// Where a blob lies in the OCI layout.
pub(crate) fn path_of(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Part of a file.
struct Section<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let read = self.file.read_at(buffer.get_mut(..most).unwrap_or_default(), self.at)?;
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}

fn members(file: &File) -> io::Result<HashMap<String, Member>> {
    let mut members = HashMap::new();
    let length = file.metadata()?.len();
    let mut archive = Archive::new(file);
    // Raw: names too long for a header are none that we look for.
    for entry in archive.entries_with_seek()?.raw(true) {
        let entry = entry?;
        let header = entry.header();
        let name = String::from_utf8_lossy(&header.path_bytes()).trim_start_matches("./").to_owned();
        let member = match header.entry_type() {
            EntryType::Regular => {
                let (offset, bytes) = (entry.raw_file_position(), header.entry_size()?);
                if offset.checked_add(bytes).is_none_or(|end| end > length) {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Member::File { offset, bytes }
            }
            EntryType::Symlink => {
                let to = header.link_name_bytes().unwrap_or_default();
                Member::Link(String::from_utf8_lossy(&to).into_owned())
            }
            _ => continue,
        };
        if members.len() >= MEMBERS_MAX {
            return Err(io::Error::other(format!("more than {MEMBERS_MAX} files")));
        }
        members.insert(name, member);
    }
    if members.is_empty() {
        return Err(io::Error::other("it has no files"));
    }
    Ok(members)
}

fn joined(directory: &str, to: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// In a file without a name, which goes when it is closed.
fn plain(reader: impl Read, scratch: &Path, clock: &Clock) -> Result<File, ImageError> {
    let path = scratch.join(format!("{}{}", crate::store::UNFINISHED, clock.random_token(16)));
    let failed = || ImageError::io("cannot uncompress the archive");
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).map_err(failed())?;
    fs::remove_file(&path).map_err(failed())?;
    let copied = io::copy(&mut reader.take(ARCHIVE_BYTES_MAX + 1), &mut file).map_err(failed())?;
    if copied > ARCHIVE_BYTES_MAX {
        return Err(ImageError::TooLarge(format!("the archive has more than {ARCHIVE_BYTES_MAX} bytes")));
    }
    file.rewind().map_err(failed())?;
    Ok(file)
}
