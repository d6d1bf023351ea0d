//! The raw disk: what an acknowledged write costs when nothing but the file system is asked.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::Path,
    time::Duration,
};

use crate::{Context, Result};

/// Writes a new file so that it survives a power cut: content and name.
///
/// # Errors
/// The disk's.
pub fn write_durably<'a>(path: &Path, parts: impl Iterator<Item = &'a [u8]>) -> Result<()> {
    let mut file = File::create(path)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()?;
    Ok(File::open(path.parent().ok_or("no parent directory")?)?.sync_all()?)
}

/// Reads a file to its end and returns its length in bytes.
///
/// # Errors
/// The disk's.
pub fn read(path: &Path, buffer: &mut [u8]) -> Result<u64> {
    let mut file = File::open(path)?;
    let mut length = 0;
    loop {
        match file.read(buffer)? {
            0 => return Ok(length),
            count => length += count as u64,
        }
    }
}

/// How long `run` takes, with the disk's queue empty before.
///
/// # Errors
/// Those of `run`.
pub fn timed(context: &Context, run: impl FnOnce() -> Result<()>) -> Result<Duration> {
    // SAFETY: sync(2) takes nothing and cannot fail.
    unsafe { libc::sync() };
    let begun = context.clock.moment();
    run()?;
    Ok(context.clock.since(begun))
}

/// # Errors
/// The disk's.
pub fn directory(context: &Context, name: &str) -> Result<std::path::PathBuf> {
    let path = context.disk.join(name);
    fs::create_dir_all(&path)?;
    Ok(path)
}
