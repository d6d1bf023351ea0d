use clock::Clock;
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Appends and syncs that are timed: enough for a median.
const ROUNDS: usize = 64;

/// A median above this makes single writes noticeably slow.
const SLOW: Duration = Duration::from_millis(20);

#[derive(Debug, Serialize)]
pub struct DiskDiagnosis {
    /// Median time for 4 KiB to be on disk, in microseconds: the least an acknowledged write takes.
    pub fsync_p50_us: u64,
    pub free_bytes: u64,
}

impl DiskDiagnosis {
    pub fn hint(&self) -> Option<String> {
        if self.free_bytes < 1 << 30 {
            return Some("Less than 1 GiB is free on the disk of the data directory.".to_owned());
        }
        let slow = Duration::from_micros(self.fsync_p50_us) > SLOW;
        slow.then(|| "The disk takes long to sync; every acknowledged write waits for that.".to_owned())
    }
}

/// Writes a small file in `directory`, timed, and removes it.
///
/// # Errors
/// The disk's.
pub fn measure(directory: &Path, clock: &Clock) -> io::Result<DiskDiagnosis> {
    let path = directory.join(format!(".doctor-{}", std::process::id()));
    let timed = time_syncs(&path, clock);
    fs::remove_file(&path)?;
    let mut times = timed?;
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let space = nix::sys::statvfs::statvfs(directory).map_err(io::Error::from)?;
    Ok(DiskDiagnosis {
        fsync_p50_us: u64::try_from(median.as_micros()).unwrap_or(u64::MAX),
        free_bytes: space.blocks_available().saturating_mul(space.fragment_size()),
    })
}

fn time_syncs(path: &Path, clock: &Clock) -> io::Result<Vec<Duration>> {
    let mut file = OpenOptions::new().append(true).create_new(true).open(path)?;
    (0..ROUNDS)
        .map(|_| {
            let begun = clock.moment();
            file.write_all(&[0; 4096])?;
            file.sync_data()?;
            Ok(clock.since(begun))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_is_measured_and_left_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let disk = measure(directory.path(), &Clock::real()).unwrap();
        assert!(disk.free_bytes > 0);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
