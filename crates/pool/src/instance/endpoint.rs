use super::AbortOnDrop;
use crate::Endpoint;
use clock::Clock;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Connections to the front door that one instance may hold open; further ones wait in the backlog.
const CONNECTIONS_MAX: usize = 256;

/// Before trying to accept again.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves the platform's front door on a listener inside a sandbox, until dropped.
///
/// # Errors
/// The listener cannot be made non-blocking or registered.
pub(super) fn serve_endpoint(
    listener: TcpListener,
    endpoint: Arc<dyn Endpoint>,
    clock: Clock,
) -> std::io::Result<AbortOnDrop> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    Ok(AbortOnDrop(tokio::spawn(async move {
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        // Ends with this task, and with it every connection.
        let mut connections = JoinSet::new();
        // The semaphore is never closed.
        while let Ok(slot) = slots.clone().acquire_owned().await {
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((stream, _)) => {
                    let served = endpoint.serve(stream);
                    connections.spawn(async move {
                        served.await;
                        drop(slot);
                    });
                }
                // One that died in the backlog, or this machine is out of descriptors.
                Err(error) => {
                    tracing::warn!(%error, "an instance's connection to the platform could not be accepted");
                    clock.sleep(PAUSE).await;
                }
            }
        }
    })))
}
