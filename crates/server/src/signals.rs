//! SIGINT and SIGTERM: the first stops in order, the second at once. SIGHUP reads again what can be.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Status of a process that a second signal ended.
const CUT_SHORT: i32 = 130;

/// Cancels the token at the first signal; ends the process at the second.
///
/// # Errors
/// The handlers cannot be installed.
pub fn stop_on_signal() -> io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        tracing::info!("stopping; a second signal ends at once");
        token.cancel();
        either(&mut interrupt, &mut terminate).await;
        // Sandboxes end with this process: the kernel sees to that.
        std::process::exit(CUT_SHORT);
    });
    Ok(stop)
}

/// Runs `again` at each SIGHUP, until the task is aborted.
///
/// # Errors
/// The handler cannot be installed.
pub fn on_hangup(mut again: impl FnMut() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            again();
        }
    }))
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
