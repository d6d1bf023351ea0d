//! Idle instances are frozen a little after their last event.

use super::Inner;
use super::pause::pause;
use std::sync::Weak;
use std::time::Duration;

/// Between two looks: those that are due almost together are frozen together.
const PAUSE_MIN: Duration = Duration::from_millis(5);

/// Works as long as the pool lives and is open.
pub(super) async fn freeze(pool: Weak<Inner>) {
    loop {
        let Some(inner) = pool.upgrade() else { return };
        let arrivals = inner.idle.arrivals();
        let next = inner.idle.freeze(inner.context.config.freeze_after).await;
        if !pause(inner, arrivals, next.map(|next| next.max(PAUSE_MIN))).await {
            return;
        }
    }
}
