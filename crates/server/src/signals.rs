//! SIGINT and SIGTERM: the first stops in order, the second at once.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
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

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
