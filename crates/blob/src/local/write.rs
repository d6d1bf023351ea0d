use super::directory::Directory;
use super::{Work, done};
use crate::error::io_failed;
use crate::store::Sink;
use crate::{BlobError, BlobId};
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

const WRITING: &str = "writing a blob";

/// Writes one batch of pieces while the caller gathers the next. No thread waits for slow callers.
///
/// The file belongs to the write under way, which ends on its own thread whatever becomes of this
/// value; an unfinished file that nobody takes is removed there.
pub(super) struct FileSink {
    directory: Arc<Directory>,
    id: BlobId,
    state: State,
}

enum State {
    /// The file is made by the first write, so that a small blob is one hop to a blocking thread.
    Nothing,
    Writing(Work<Unfinished>),
    /// A write failed; there is no file any more.
    Failed,
}

impl FileSink {
    pub(super) fn new(directory: Arc<Directory>, id: BlobId) -> Self {
        FileSink { directory, id, state: State::Nothing }
    }

    /// The file so far, once the write under way is done.
    async fn settle(&mut self) -> Result<Option<Unfinished>, BlobError> {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Nothing => Ok(None),
            State::Writing(writing) => done(writing).await.map(Some).map_err(io_failed(WRITING)),
            State::Failed => {
                Err(BlobError::Io { doing: WRITING, reason: "an earlier write failed".to_owned() })
            }
        }
    }
}

impl Sink for FileSink {
    fn write(&mut self, pieces: Vec<Bytes>) -> BoxFuture<'_, Result<(), BlobError>> {
        async move {
            let file = self.settle().await?;
            let path = self.directory.unfinished(&self.id);
            self.state = State::Writing(spawn_blocking(move || {
                let mut file = file.map_or_else(|| Unfinished::create(path), Ok)?;
                file.write(&pieces)?;
                Ok(file)
            }));
            Ok(())
        }
        .boxed()
    }

    fn finish(mut self: Box<Self>, pieces: Vec<Bytes>) -> BoxFuture<'static, Result<(), BlobError>> {
        async move {
            let file = self.settle().await?;
            let (directory, id) = (Arc::clone(&self.directory), self.id);
            let finished = spawn_blocking(move || {
                let mut file = file.map_or_else(|| Unfinished::create(directory.unfinished(&id)), Ok)?;
                file.write(&pieces)?;
                file.file.sync_data()?;
                directory.finish(&id)?;
                file.is_kept = true;
                Ok(())
            });
            done(finished).await.map_err(io_failed("finishing a blob"))
        }
        .boxed()
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        // When the write has already ended its file is removed here and now, and removing a large
        // file takes a while: a thread that may block does it.
        if let State::Writing(writing) = std::mem::replace(&mut self.state, State::Failed)
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn_blocking(move || drop(writing));
        }
    }
}

/// A file in `tmp`, removed when dropped unless it was kept.
struct Unfinished {
    file: File,
    path: PathBuf,
    is_kept: bool,
}

impl Unfinished {
    fn create(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Unfinished { file, path, is_kept: false })
    }

    fn write(&mut self, pieces: &[Bytes]) -> io::Result<()> {
        let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut slices = slices.as_mut_slice();
        // Empty pieces at the front would look like a write of nothing.
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            match self.file.write_vectored(slices) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut slices, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            // The next start sweeps it.
            tracing::warn!(%error, path = %self.path.display(), "an unfinished blob was not removed");
        }
    }
}
