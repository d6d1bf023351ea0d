//! What a group used, read after every invocation: the files stay open, since finding them by their long paths
//! costs ten times as much as reading them.

use crate::Usage;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The meters of one group; `None` where nobody counts.
#[derive(Debug, Default)]
pub(super) struct Meters {
    pub(super) memory_peak_bytes: Option<Meter>,
    pub(super) cpu: Option<Meter>,
    /// What `cpu` counts in.
    pub(super) cpu_parts_per_usec: u64,
    pub(super) oom_kills: Option<Meter>,
}

/// One file of the kernel's that says a number.
#[derive(Debug)]
pub(super) struct Meter {
    path: PathBuf,
    form: Form,
    file: OnceLock<File>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// Nothing else is in it.
    Number,
    /// In one of the lines, after this.
    Keyed(&'static str),
}

/// More than any of the files holds before what is looked for.
const READ_BYTES: usize = 512;

impl Meters {
    pub(super) fn usage(&self) -> Usage {
        let cpu = self.cpu.as_ref().and_then(Meter::read);
        Usage {
            memory_peak_bytes: self.memory_peak_bytes.as_ref().and_then(Meter::read),
            cpu_usec: cpu.and_then(|parts| parts.checked_div(self.cpu_parts_per_usec)),
            oom_kills: self.oom_kills(),
        }
    }

    pub(super) fn oom_kills(&self) -> Option<u64> {
        self.oom_kills.as_ref().and_then(Meter::read)
    }
}

impl Meter {
    pub(super) fn new(path: PathBuf, form: Form) -> Self {
        Meter { path, form, file: OnceLock::new() }
    }

    /// Opened once. What cannot be opened for want of descriptors is tried again.
    fn file(&self) -> Option<&File> {
        match self.file.get() {
            Some(file) => Some(file),
            None => {
                let file = File::open(&self.path).ok()?;
                Some(self.file.get_or_init(|| file))
            }
        }
    }

    /// `None` where the kernel does not say, or not any more.
    pub(super) fn read(&self) -> Option<u64> {
        let file = self.file()?;
        let mut buffer = [0; READ_BYTES];
        let read = file.read_at(&mut buffer, 0).ok()?;
        let text = std::str::from_utf8(buffer.get(..read)?).ok()?;
        let number = match self.form {
            Form::Number => text,
            Form::Keyed(key) => text.lines().find_map(|line| line.strip_prefix(key))?,
        };
        number.trim().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_is_read_anew_each_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("memory.events");
        let meter = Meter::new(path.clone(), Form::Keyed("oom_kill "));
        std::fs::write(&path, "oom 7\noom_kill 1\noom_group_kill 9\n").unwrap();
        assert_eq!(meter.read(), Some(1));
        std::fs::write(&path, "oom 7\noom_kill 2\n").unwrap();
        assert_eq!(meter.read(), Some(2));
        let absent = Meter::new(dir.path().join("absent"), Form::Number);
        assert_eq!(absent.read(), None);
    }
}
