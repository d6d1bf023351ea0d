//! What was compiled of functions' packages ahead of their starts, on disk.

use crate::VersionSpec;
use runtime::Launch;
use std::collections::HashMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A directory for each package, interpreter and memory size; what lies in one is complete and on disk.
///
/// It holds what was made of hostile code, and is shown to instances of that same code alone, read-only.
#[derive(Debug)]
pub(crate) struct Compiled {
    directory: PathBuf,
    /// Nobody waits for this at a warm invocation.
    known: Mutex<HashMap<String, State>>,
}

#[derive(Debug, Clone)]
enum State {
    UnderWay,
    /// Nothing is worth it, or nothing can be made.
    Nothing,
    Made(PathBuf),
}

/// Of all files together; beyond, what was made first goes. Instances that run without go on as well.
const KEPT_BYTES_MAX: u64 = 1 << 30;

/// Before what is known is asked of the disk again.
const KNOWN_MAX: usize = 10_000;

const UNFINISHED: &str = ".unfinished-";

impl Compiled {
    /// # Errors
    /// The directory cannot be made or read.
    pub fn new(directory: PathBuf) -> io::Result<Compiled> {
        DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(Compiled { directory, known: Mutex::default() })
    }

    /// What an instance is to be shown. Blocks for one path look-up at most.
    pub fn of(&self, spec: &VersionSpec, launch: &Launch) -> Option<PathBuf> {
        let name = name(spec, launch)?;
        match self.state(&name) {
            Some(State::Made(path)) => Some(path),
            _ => None,
        }
    }

    /// Begins to make it, unless it was tried already.
    pub fn begin(self: &Arc<Self>, spec: &VersionSpec, launch: &Launch) -> Option<Making> {
        let name = name(spec, launch)?;
        if self.state(&name).is_some() {
            return None;
        }
        let mut known = self.lock();
        if known.len() >= KNOWN_MAX {
            known.retain(|_, state| matches!(state, State::UnderWay));
        }
        known.insert(name.clone(), State::UnderWay);
        Some(Making { compiled: self.clone(), name, made: State::Nothing })
    }

    fn state(&self, name: &str) -> Option<State> {
        let mut known = self.lock();
        let state = known.get(name).cloned();
        // What has its name is made, even if whoever made it is not done yet.
        if matches!(state, Some(State::Nothing | State::Made(_))) {
            return state;
        }
        let path = self.directory.join(name);
        if !path.is_dir() {
            return state;
        }
        known.insert(name.to_owned(), State::Made(path.clone()));
        Some(State::Made(path))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, State>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the oldest until all fit.
    fn make_room(&self, newest: &Path) -> io::Result<()> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.path() != newest && !entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                all.push((entry.metadata()?.modified()?, bytes(&entry.path())?, entry));
            }
        }
        all.sort_by_key(|(made, ..)| *made);
        let mut sum = all.iter().map(|(_, bytes, _)| bytes).sum::<u64>() + bytes(newest)?;
        for (_, freed, entry) in all {
            if sum <= KEPT_BYTES_MAX {
                break;
            }
            if let Ok(name) = entry.file_name().into_string() {
                self.lock().remove(&name);
            }
            fs::remove_dir_all(entry.path())?;
            sum -= freed;
        }
        Ok(())
    }
}

/// `None`: of this nothing is compiled.
fn name(spec: &VersionSpec, launch: &Launch) -> Option<String> {
    if spec.image.is_some() {
        return None;
    }
    let interpreter = launch.compiled_for(&spec.runtime)?.replace(':', "-");
    let code = spec.code_dir.file_name()?.to_str()?;
    Some(format!("{code}-{interpreter}-{}", spec.memory_mb))
}

/// Files of a directory and of those in it.
fn bytes(directory: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        sum += if metadata.is_dir() { bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(sum)
}

/// One that is being made; when dropped, it is known what came of it.
#[derive(Debug)]
pub(crate) struct Making {
    compiled: Arc<Compiled>,
    name: String,
    made: State,
}

impl Making {
    /// Keeps what was made of each file, all or nothing; empty parts are left out. Blocks.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn keep(mut self, names: &[String], parts: &[&[u8]]) -> io::Result<()> {
        let filled = || names.iter().zip(parts).filter(|(_, part)| !part.is_empty());
        if filled().next().is_none() {
            return Ok(());
        }
        let unfinished = self.compiled.directory.join(format!("{UNFINISHED}{}", self.name));
        let path = self.compiled.directory.join(&self.name);
        let made = filled()
            .try_for_each(|(name, part)| write(&unfinished, Path::new(name), part))
            .and_then(|()| fs::rename(&unfinished, &path))
            .and_then(|()| File::open(&self.compiled.directory)?.sync_all());
        if let Err(error) = made {
            // The first failure is the one to tell; what is left goes at the next start.
            let _ = fs::remove_dir_all(&unfinished);
            return Err(error);
        }
        self.made = State::Made(path.clone());
        self.compiled.make_room(&path)
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        let made = std::mem::replace(&mut self.made, State::Nothing);
        self.compiled.lock().insert(std::mem::take(&mut self.name), made);
    }
}

/// V8 trusts what it is given: nothing gets its name before it is on the disk.
fn write(directory: &Path, name: &Path, part: &[u8]) -> io::Result<()> {
    let path = directory.join(name);
    let parent = path.parent().unwrap_or(directory);
    DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    let mut file = File::create(&path)?;
    file.write_all(part)?;
    file.set_permissions(fs::Permissions::from_mode(0o444))?;
    file.sync_all()?;
    File::open(parent)?.sync_all()
}
