//! Idle instances are frozen a little after their last event.

use super::{Closing, Inner};
use std::sync::Weak;
use std::time::Duration;

/// Between two looks: those that are due almost together are frozen together.
const PAUSE_MIN: Duration = Duration::from_millis(5);

/// Works as long as the pool lives and is open.
pub(super) async fn freeze(pool: Weak<Inner>) {
    loop {
        let Some(inner) = pool.upgrade() else { return };
        let mut arrivals = inner.idle.arrivals();
        let next = inner.idle.freeze(inner.context.config.freeze_after).await;
        let clock = inner.context.clock.clone();
        let mut closing = inner.phase.subscribe();
        // Asleep, it must not keep the pool alive.
        drop(inner);
        let pause = async {
            match next {
                Some(next) => clock.sleep(next.max(PAUSE_MIN)).await,
                // An error: the pool is gone, as the next look will tell.
                None => drop(arrivals.changed().await),
            }
        };
        tokio::select! {
            () = pause => {}
            closed = closing.wait_for(|phase| *phase != Closing::Open) => {
                // An error: the pool is gone.
                let _ = closed;
                return;
            }
        }
    }
}
