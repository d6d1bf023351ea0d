//! The files of the log: `20261121T171012Z-0001.log`, by when they were begun and in which order.

use crate::chain::{self, Link};
use clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes of a line, with its link and its end. The writer stays far below.
pub const LINE_BYTES_MAX: usize = 128 * 1024;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// When it was begun, to the second.
    pub begun: Timestamp,
    /// Grows by one from each segment to the next, whatever the clock does.
    pub sequence: u64,
    pub path: PathBuf,
    pub bytes: u64,
}

/// A segment's first line: what the chain had come to before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// The version of this form of file.
    pub zerun_audit_log: u8,
    pub begun: String,
    /// 64 hexadecimal digits.
    pub previous: String,
}

pub const VERSION: u8 = 1;

impl Header {
    pub fn new(begun: Timestamp, previous: &Link) -> Header {
        Header { zerun_audit_log: VERSION, begun: begun.to_iso8601(), previous: hex::encode(previous) }
    }

    /// The link before it; `None` where it holds none.
    pub fn link(&self) -> Option<Link> {
        let mut link = chain::GENESIS;
        hex::decode_to_slice(&self.previous, &mut link).ok()?;
        Some(link)
    }
}

pub fn name(begun: Timestamp, sequence: u64) -> String {
    format!("{}-{sequence:04}.log", begun.to_basic())
}

fn parse(name: &str) -> Option<(Timestamp, u64)> {
    let (begun, sequence) = name.strip_suffix(".log")?.split_once('-')?;
    Some((Timestamp::parse_basic(begun).ok()?, sequence.parse().ok()?))
}

/// All segments, oldest first. Other files are not looked at. A directory that is not there has none.
///
/// # Errors
/// The directory cannot be read.
pub fn list(directory: &Path) -> io::Result<Vec<Segment>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut segments = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some((begun, sequence)) = entry.file_name().to_str().and_then(parse) else { continue };
        let bytes = match entry.metadata() {
            Ok(metadata) => metadata.len(),
            // Retention took it away meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        segments.push(Segment { begun, sequence, path: entry.path(), bytes });
    }
    segments.sort_by_key(|segment| segment.sequence);
    Ok(segments)
}

/// The link of the last line that is whole. `None` where there is no such line.
///
/// # Errors
/// The file cannot be read.
pub fn last_link(path: &Path) -> io::Result<Option<Link>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    // A torn line, and a whole one before it.
    let start = length.saturating_sub(2 * LINE_BYTES_MAX as u64);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(2 * LINE_BYTES_MAX as u64).read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n').and_then(|end| tail.get(..end));
    let line = whole.and_then(|whole| whole.rsplit(|byte| *byte == b'\n').next());
    Ok(line.and_then(chain::split).map(|(_, link)| link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_order_follows_the_sequence() {
        let directory = tempfile::tempdir().unwrap();
        let late = Timestamp::from_seconds(2_000_000_000);
        for (begun, sequence) in [(late, 1), (Timestamp::EPOCH, 2), (late, 10_000)] {
            std::fs::write(directory.path().join(name(begun, sequence)), "x").unwrap();
        }
        std::fs::write(directory.path().join("notes.txt"), "x").unwrap();
        let found = list(directory.path()).unwrap();
        let found: Vec<_> = found.iter().map(|segment| (segment.begun, segment.sequence)).collect();
        assert_eq!(found, [(late, 1), (Timestamp::EPOCH, 2), (late, 10_000)]);
        assert_eq!(list(&directory.path().join("none")).unwrap(), []);
    }

    #[test]
    fn the_last_whole_line_counts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let mut text = Vec::new();
        let first = chain::seal(&chain::GENESIS, b"{\"a\":1}", &mut text);
        std::fs::write(&path, &text).unwrap();
        assert_eq!(last_link(&path).unwrap(), Some(first));
        text.extend_from_slice(b"{\"b\":2");
        std::fs::write(&path, &text).unwrap();
        assert_eq!(last_link(&path).unwrap(), Some(first));
        std::fs::write(&path, "{\"b\"").unwrap();
        assert_eq!(last_link(&path).unwrap(), None);
    }
}
