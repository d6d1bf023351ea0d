use crate::KvError;
use std::sync::Arc;
use tokio::sync::watch;

/// How many of a store's threads still run, so that `close` can wait for them.
#[derive(Clone)]
pub(crate) struct Threads(Arc<watch::Sender<usize>>);

/// Held by a running thread.
struct Running(Arc<watch::Sender<usize>>);

impl Threads {
    pub(crate) fn none() -> Self {
        Threads(Arc::new(watch::Sender::new(0)))
    }

    /// # Errors
    /// The system gives no more threads.
    pub(crate) fn spawn(&self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), KvError> {
        self.0.send_modify(|count| *count += 1);
        let running = Running(self.0.clone());
        let body = move || {
            body();
            drop(running);
        };
        let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(body);
        spawned
            .map(drop)
            .map_err(|error| KvError::Io { doing: "starting a thread", reason: error.to_string() })
    }

    pub(crate) async fn ended(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
