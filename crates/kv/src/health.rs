use crate::KvError;
use std::sync::Arc;
use tokio::sync::watch;

/// Whether the disk still keeps what it is given.
///
/// After a failed fsync the kernel may have dropped the pages it could not write, and a second fsync
/// would succeed all the same; so the first failure is final for the life of the process.
#[derive(Clone)]
pub(crate) struct Health(Arc<watch::Sender<Option<String>>>);

impl Health {
    pub(crate) fn good() -> Self {
        Health(Arc::new(watch::Sender::new(None)))
    }

    /// # Errors
    /// `Poisoned`.
    pub(crate) fn check(&self) -> Result<(), KvError> {
        self.0.borrow().as_ref().map_or(Ok(()), |reason| Err(KvError::Poisoned(reason.clone())))
    }

    pub(crate) fn poison(&self, reason: String) {
        tracing::error!(%reason, "the store stops: its disk failed");
        self.0.send_modify(|poisoned| {
            poisoned.get_or_insert(reason);
        });
    }

    pub(crate) async fn poisoned(&self) -> KvError {
        let mut health = self.0.subscribe();
        match health.wait_for(Option::is_some).await {
            Ok(reason) => KvError::Poisoned(reason.clone().unwrap_or_default()),
            // The sender lives as long as `self`.
            Err(_) => KvError::Closed,
        }
    }
}
