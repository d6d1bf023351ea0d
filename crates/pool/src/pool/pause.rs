//! What tasks beside the pool do between two looks at it.

use super::{Closing, Inner};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Sleeps for `next`, or until an instance becomes idle if there is nothing to sleep for; false when no further look
/// is to be taken.
pub(super) async fn pause(
    inner: Arc<Inner>,
    mut arrivals: watch::Receiver<()>,
    next: Option<Duration>,
) -> bool {
    let clock = inner.context.clock.clone();
    let mut closing = inner.phase.subscribe();
    // Asleep, it must not keep the pool alive.
    drop(inner);
    let pause = async {
        match next {
            Some(next) => clock.sleep(next).await,
            // An error: the pool is gone, as the next look will tell.
            None => drop(arrivals.changed().await),
        }
    };
    tokio::select! {
        () = pause => true,
        // An error: the pool is gone.
        _ = closing.wait_for(|phase| *phase != Closing::Open) => false,
    }
}
