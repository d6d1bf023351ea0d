//! The writing end of the files. Blocks; knows no queue.

use crate::Settings;
use crate::chain::{self, Link};
use crate::segment::{self, Header};
use clock::{Clock, Timestamp};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// Between two looks for what is too old, while nothing else makes us look.
const PRUNE_EVERY: Duration = Duration::from_secs(60 * 60);

pub struct Files {
    directory: PathBuf,
    settings: Settings,
    clock: Clock,
    current: Option<Current>,
    /// Of the last line that was written.
    link: Link,
    /// Of the next segment.
    sequence: u64,
    pruned: Timestamp,
    /// Lines on their way; kept for its memory.
    out: Vec<u8>,
}

struct Current {
    file: File,
    path: PathBuf,
    bytes: u64,
    day: i64,
}

impl Files {
    /// Makes the directory, readable by its owner alone, and takes the chain up where it ended. What was there is
    /// never written to again: the first record begins a new segment.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(directory: &Path, clock: Clock, settings: Settings) -> io::Result<Files> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        std::fs::set_permissions(directory, Permissions::from_mode(0o700))?;
        let segments = segment::list(directory)?;
        let sequence = segments.last().map_or(1, |last| last.sequence.saturating_add(1));
        let mut link = chain::GENESIS;
        for segment in segments.iter().rev() {
            if let Some(found) = segment::last_link(&segment.path)? {
                link = found;
                break;
            }
        }
        let pruned = clock.now();
        let mut files = Files {
            directory: directory.to_owned(),
            settings,
            clock,
            current: None,
            link,
            sequence,
            pruned,
            out: Vec::new(),
        };
        files.prune(pruned)?;
        Ok(files)
    }

    /// Writes records, each the JSON of an object, one after the other as `lengths` says. With `sync` they are on
    /// the disk when this returns.
    ///
    /// # Errors
    /// The disk's. None of the records counts as written then; the file is as it was, or is not written to again.
    pub fn write(&mut self, text: &[u8], lengths: &[usize], sync: bool) -> io::Result<()> {
        let now = self.clock.now();
        let day = now.as_seconds().div_euclid(DAY_SECONDS);
        if let Some(current) = &self.current
            && (current.bytes >= self.settings.segment_bytes_max || current.day != day)
        {
            // Whoever is told that a later record is on disk believes that this one is, too.
            current.file.sync_data()?;
            self.current = None;
        }
        // Somebody took the file away: what is written to it would go with it.
        if self
            .current
            .as_ref()
            .is_some_and(|current| current.file.metadata().is_ok_and(|it| it.nlink() == 0))
        {
            self.current = None;
        }
        if self.current.is_none() {
            self.current = Some(self.begin(now, day)?);
            self.prune(now)?;
        } else if now.since(self.pruned) >= PRUNE_EVERY {
            self.prune(now)?;
        }
        let Some(mut current) = self.current.take() else { return Ok(()) };
        self.out.clear();
        let mut link = self.link;
        let mut rest = text;
        for length in lengths {
            let Some((record, after)) = rest.split_at_checked(*length) else { break };
            link = chain::seal(&link, record, &mut self.out);
            rest = after;
        }
        if let Err(error) = current.file.write_all(&self.out) {
            // What was half written must not stand in front of what follows.
            if current.file.set_len(current.bytes).is_ok() {
                self.current = Some(current);
            }
            return Err(error);
        }
        current.bytes = current.bytes.saturating_add(self.out.len() as u64);
        self.link = link;
        // After a failure nobody knows what of the file is on disk: it is left as it is.
        if sync {
            current.file.sync_data()?;
        }
        self.current = Some(current);
        Ok(())
    }

    /// # Errors
    /// The disk's.
    pub fn sync(&self) -> io::Result<()> {
        self.current.as_ref().map_or(Ok(()), |current| current.file.sync_data())
    }

    fn begin(&mut self, now: Timestamp, day: i64) -> io::Result<Current> {
        let path = self.directory.join(segment::name(now, self.sequence));
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
        self.sequence = self.sequence.saturating_add(1);
        let mut current = Current { file, path, bytes: 0, day };
        let mut line = Vec::new();
        let header = serde_json::to_vec(&Header::new(now, &self.link))?;
        let link = chain::seal(&self.link, &header, &mut line);
        let made = current.file.write_all(&line).and_then(|()| File::open(&self.directory)?.sync_all());
        if let Err(error) = made {
            // A full disk must not fill its directory as well.
            let _ = std::fs::remove_file(&current.path);
            return Err(error);
        }
        current.bytes = line.len() as u64;
        self.link = link;
        Ok(current)
    }

    /// Removes whole segments: those that ended before what is kept, then the oldest beyond the bytes.
    fn prune(&mut self, now: Timestamp) -> io::Result<()> {
        self.pruned = now;
        let segments = segment::list(&self.directory)?;
        let mut bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
        let horizon = now.minus(self.settings.retention);
        for pair in segments.windows(2) {
            let [old, next] = pair else { continue };
            // Nothing was written to a segment once the next was begun.
            if next.begun > horizon && bytes <= self.settings.bytes_max {
                break;
            }
            match std::fs::remove_file(&old.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => bytes = bytes.saturating_sub(old.bytes),
            }
        }
        Ok(())
    }
}
