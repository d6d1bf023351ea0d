//! Where a guest's standard streams lead.

use bytes::{Bytes, BytesMut};
use clock::Clock;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError};

/// One of the two that a guest writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Output,
    Error,
}

/// Takes what a guest writes, as it writes it, at most 64 KiB at once.
pub type Listener = Arc<dyn Fn(Stream, &[u8]) + Send + Sync>;

const WRITE_BYTES_MAX: usize = 64 << 10;

/// How much a guest may have logged before it waits for a pause, as processes do.
const BURST_BYTES: usize = 1 << 20;
const PAUSE: Duration = Duration::from_millis(50);

/// A stream whose every byte goes to the log.
#[derive(Clone)]
pub(crate) struct Logged {
    stream: Stream,
    listener: Listener,
    clock: Clock,
    since_pause: Arc<Mutex<usize>>,
}

impl Logged {
    pub fn new(stream: Stream, listener: Listener, clock: Clock) -> Self {
        Logged { stream, listener, clock, since_pause: Arc::default() }
    }

    fn since_pause(&self) -> MutexGuard<'_, usize> {
        self.since_pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line of the host's own.
    pub fn tell(&self, line: &str) {
        self.take(line.as_bytes());
    }

    fn take(&self, bytes: &[u8]) {
        *self.since_pause() += bytes.len();
        (self.listener)(self.stream, bytes);
    }
}

impl IsTerminal for Logged {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Logged {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Logged {
    async fn ready(&mut self) {
        if *self.since_pause() >= BURST_BYTES {
            self.clock.sleep(PAUSE).await;
            *self.since_pause() = 0;
        }
    }
}

impl OutputStream for Logged {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(if *self.since_pause() < BURST_BYTES { WRITE_BYTES_MAX } else { 0 })
    }
}

impl AsyncWrite for Logged {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let bytes = bytes.get(..WRITE_BYTES_MAX).unwrap_or(bytes);
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A stream that is kept, up to a limit; beyond, its bytes are counted alone.
#[derive(Clone)]
pub(crate) struct Kept(Arc<Mutex<Keeping>>);

struct Keeping {
    kept: BytesMut,
    bytes: u64,
    bytes_max: usize,
}

impl Kept {
    pub fn new(bytes_max: usize) -> Self {
        Kept(Arc::new(Mutex::new(Keeping { kept: BytesMut::new(), bytes: 0, bytes_max })))
    }

    /// # Errors
    /// How many bytes there were, when they were more than are kept.
    pub fn take(&self) -> Result<Bytes, u64> {
        let mut keeping = self.lock();
        if keeping.bytes > keeping.bytes_max as u64 {
            return Err(keeping.bytes);
        }
        Ok(std::mem::take(&mut keeping.kept).freeze())
    }

    pub fn push(&self, bytes: &[u8]) {
        let mut keeping = self.lock();
        keeping.bytes += bytes.len() as u64;
        let room = keeping.bytes_max.saturating_sub(keeping.kept.len());
        let fits = bytes.get(..room).unwrap_or(bytes);
        keeping.kept.extend_from_slice(fits);
    }

    fn lock(&self) -> MutexGuard<'_, Keeping> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Kept {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Kept {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Kept {
    async fn ready(&mut self) {}
}

impl OutputStream for Kept {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(WRITE_BYTES_MAX)
    }
}

impl AsyncWrite for Kept {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
