use super::{Work, done};
use crate::error::io_failed;
use crate::store::{Opened, within};
use crate::{BlobError, BlobId, CHUNK_BYTES_MAX};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use tokio::task::spawn_blocking;

type Reading = Work<(FileRange, Bytes)>;

/// Opens the file and reads the first chunk in one hop to a blocking thread.
pub(super) async fn open(path: PathBuf, id: BlobId, range: Range<u64>) -> Result<Opened, BlobError> {
    let opened = spawn_blocking(move || open_now(path, id, &range)).await;
    let (length, file, first) = opened.map_err(|error| failed(id)(io::Error::other(error)))??;
    let ahead = file.read_ahead();
    let first = stream::iter((!first.is_empty()).then_some(Ok(first)));
    let rest = stream::try_unfold(ahead, move |reading: Option<Reading>| async move {
        let Some(reading) = reading else { return Ok(None) };
        let (file, chunk) = done(reading).await.map_err(failed(id))?;
        Ok(Some((chunk, file.read_ahead())))
    });
    Ok(Opened { length, pieces: first.chain(rest).boxed() })
}

fn open_now(path: PathBuf, id: BlobId, range: &Range<u64>) -> Result<(u64, FileRange, Bytes), BlobError> {
    let mut file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => BlobError::NotFound(id),
        _ => io_failed("opening a blob")(error),
    })?;
    let length = file.metadata().map_err(io_failed("opening a blob"))?.len();
    let range = within(range, length)?;
    let length = range.end - range.start;
    file.seek(SeekFrom::Start(range.start)).map_err(failed(id))?;
    let mut file = FileRange { file, left: length };
    let first = file.read_chunk().map_err(failed(id))?;
    Ok((length, file, first))
}

/// An open file and how much of it is still wanted.
struct FileRange {
    file: File,
    left: u64,
}

impl FileRange {
    fn read_chunk(&mut self) -> io::Result<Bytes> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(CHUNK_BYTES_MAX);
        let mut chunk = Vec::with_capacity(length);
        // Reads into the spare capacity, without zeroing it first.
        (&self.file).take(length as u64).read_to_end(&mut chunk)?;
        if chunk.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= length as u64;
        Ok(Bytes::from(chunk))
    }

    /// Begins the next chunk while the last one is used; `None` at the end.
    fn read_ahead(mut self) -> Option<Reading> {
        (self.left > 0).then(|| {
            spawn_blocking(move || {
                let chunk = self.read_chunk()?;
                Ok((self, chunk))
            })
        })
    }
}

fn failed(id: BlobId) -> impl Fn(io::Error) -> BlobError {
    move |error| match error.kind() {
        io::ErrorKind::UnexpectedEof => BlobError::Truncated(id),
        _ => io_failed("reading a blob")(error),
    }
}
