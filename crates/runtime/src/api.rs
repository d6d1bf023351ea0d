//! The Lambda Runtime API, version 2018-06-01: a process inside a sandbox pulls its events from here
//! and posts its answers back.
//!
//! One [`RuntimeApi`] serves one start of one process. A process started again in the same sandbox
//! gets a new one over the same listener, so that nothing a dead process sent is ever taken for the
//! new one's word.

mod conversation;
mod post;
mod reply;
pub(crate) mod respond;
mod serve;
mod stream;

pub use conversation::{Initialised, NotIdle, Pending};
pub use reply::{ErrorReport, Reply};
pub(crate) use stream::StreamWriter;
pub use stream::{CHUNK_BYTES_MAX, ResponseStream, STREAM_BYTES_MAX, StreamEnd, StreamEnding};

use crate::extensions::Extensions;
use bytes::Bytes;
use clock::{Clock, Timestamp};
use conversation::Conversation;
use std::net::TcpListener;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// The largest answer, in bytes: 6 MiB and 100 bytes.
pub const RESPONSE_BYTES_MAX: usize = (6 << 20) + 100;

/// What `invocation/next` hands to the process.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub request_id: String,
    pub payload: Bytes,
    pub deadline: Timestamp,
    pub invoked_arn: String,
    pub trace_id: String,
    /// JSON text.
    pub client_context: Option<String>,
    /// JSON text.
    pub cognito_identity: Option<String>,
    /// The caller reads the answer as it comes.
    pub takes_stream: bool,
}

/// Serves one process. Dropping it closes every connection.
#[derive(Debug)]
pub struct RuntimeApi {
    conversation: Arc<Conversation>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    /// As [`RuntimeApi::with_extensions`], for a process that has none and gets none.
    ///
    /// # Errors
    /// As there.
    pub fn start(listener: TcpListener, clock: Clock) -> std::io::Result<Self> {
        RuntimeApi::with_extensions(listener, Extensions::closed(clock.clone()), clock)
    }

    /// Starts serving on `listener`, for the process and its `extensions`, after discarding the connections that already wait in it: they
    /// belong to a process that is gone. Must be called inside a tokio runtime, before the process
    /// is started.
    ///
    /// # Errors
    /// The listener cannot be made non-blocking or registered.
    pub fn with_extensions(
        listener: TcpListener,
        extensions: Extensions,
        clock: Clock,
    ) -> std::io::Result<Self> {
        listener.set_nonblocking(true)?;
        discard_waiting(&listener)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let conversation = Arc::new(Conversation::new());
        let server = tokio::spawn(serve::serve(listener, conversation.clone(), extensions, clock));
        Ok(RuntimeApi { conversation, server })
    }

    /// Takes no more connections, and closes those that are open: another start is about to be served on
    /// the same listener.
    pub fn close(&self) {
        self.server.abort();
    }

    /// Waits until the process asks for its first event or reports that it cannot start. Never
    /// resolves for a process that does neither (or died): the caller watches the time and the process.
    pub async fn initialised(&self) -> Initialised {
        self.conversation.initialised().await
    }

    /// Hands `invocation` to the process. The returned [`Pending`] resolves with its answer.
    ///
    /// # Errors
    /// The process has not asked for an event: it is still starting, or still busy.
    pub fn invoke(&self, invocation: Invocation) -> Result<Pending, NotIdle> {
        self.conversation.invoke(invocation)
    }

    /// This start is one ahead of its invocations: the process may ask to be told when it goes on.
    pub fn expect_restore(&self) {
        self.conversation.expect_restore();
    }

    /// As [`crate::Conversation::restore`].
    ///
    /// # Errors
    /// As there.
    pub fn restore(&self) -> Result<(), NotIdle> {
        self.conversation.restore()
    }

    /// Waits until the process, having answered, asks for the next event.
    pub async fn idle(&self) {
        self.conversation.idle().await;
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// More connections than the kernel lets wait in a listener.
const BACKLOG_MAX: usize = 65_536;

fn discard_waiting(listener: &TcpListener) -> std::io::Result<()> {
    for _ in 0..BACKLOG_MAX {
        match listener.accept() {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
