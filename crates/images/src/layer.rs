//! A layer's bytes: what they are compressed with, what they hash to, and how many they may become.

use crate::digest::Hashing;
use crate::unpack::{Budget, LayerNotes, unpack};
use crate::{Digest, ImageError};
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Unpacks a layer (tar, plain or compressed with gzip or zstd, whatever it is said to be) below `directory`, which
/// must exist and be empty. Returns the digest of the uncompressed bytes, which is what layers are known by. Blocks.
///
/// After an error what is in `directory` is good for nothing but removal.
///
/// # Errors
/// `Refused`, `TooLarge`: the layer is to blame. `Io`: the disk.
pub fn unpack_layer(
    blob: impl Read,
    directory: &Path,
    budget: &mut Budget,
) -> Result<(Digest, LayerNotes), ImageError> {
    let mut bytes = uncompressed(blob, budget)?;
    let notes = unpack(&mut bytes, directory, budget)?;
    Ok((bytes.finish().map_err(damaged)?, notes))
}

/// The digest of the uncompressed bytes.
///
/// # Errors
/// As [`unpack_layer`].
pub(crate) fn diff_id(blob: impl Read, budget: &Budget) -> Result<Digest, ImageError> {
    uncompressed(blob, budget)?.finish().map_err(damaged)
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The most that frames may ask for is 128 MiB, as the `zstd` program has it.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

fn uncompressed<'a>(
    blob: impl Read + 'a,
    budget: &Budget,
) -> Result<Hashing<Bounded<Box<dyn Read + 'a>>>, ImageError> {
    let mut start = Vec::new();
    let mut blob = BufReader::with_capacity(128 * 1024, blob);
    (&mut blob).take(ZSTD.len() as u64).read_to_end(&mut start).map_err(damaged)?;
    let (is_gzip, is_zstd) = (start.starts_with(&GZIP), start.starts_with(&ZSTD));
    let whole = BufReader::new(io::Cursor::new(start).chain(blob));
    let inner: Box<dyn Read + 'a> = if is_gzip {
        Box::new(flate2::bufread::MultiGzDecoder::new(whole))
    } else if is_zstd {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(whole).map_err(damaged)?;
        decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(damaged)?;
        Box::new(decoder)
    } else {
        Box::new(whole)
    };
    Ok(Hashing::new(Bounded { inner, left: budget.stream_bytes() }))
}

/// Fails with `FileTooLarge` when more comes than may.
pub(crate) struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

pub(crate) fn damaged(error: io::Error) -> ImageError {
    match error.kind() {
        io::ErrorKind::FileTooLarge => crate::unpack::too_large(),
        _ => ImageError::Refused(format!("a layer is damaged: {error}")),
    }
}
