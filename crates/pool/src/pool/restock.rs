//! The workers that keep the stock of prewarmed sandboxes as it should be.

use super::Inner;
use crate::prewarm::{Next, Prewarmed};
use std::sync::Weak;
use std::time::Duration;

/// Cold starts come first: making waits for them to end, but no longer than this for each one made.
const PATIENCE: Duration = Duration::from_millis(250);

/// The first event comes right after a start, and its answer a moment later: so long nothing may start.
const SETTLED: Duration = Duration::from_millis(5);

/// As many sandboxes are made at a time.
pub(super) fn workers() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / 2).clamp(1, 4)
}

/// Works until the stock is closed or the pool is gone.
pub(super) async fn restock(pool: Weak<Inner>) {
    loop {
        let Some(inner) = pool.upgrade() else { return };
        let mut changes = inner.context.stock.changes();
        match inner.context.stock.next() {
            Next::Closed => return,
            Next::End(surplus) => {
                for prewarmed in surplus {
                    prewarmed.destroy().await;
                }
            }
            Next::Make(kind) => {
                inner.wait_for_starts().await;
                match Prewarmed::make(&inner.context, &kind).await {
                    Ok(prewarmed) => {
                        let cost_mb = prewarmed.cost_mb();
                        inner.context.stock.set_aside(inner.context.templates.memory_mb());
                        if let Some(unwanted) = inner.context.stock.made(&kind, prewarmed, cost_mb) {
                            unwanted.destroy().await;
                        }
                    }
                    // An image that nobody uses was removed.
                    Err(_) if kind.image.as_ref().is_some_and(|root| !root.exists()) => {
                        for prewarmed in inner.context.stock.forget(&kind) {
                            prewarmed.destroy().await;
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, ?kind, "a sandbox cannot be made ahead of time");
                        inner.context.stock.failed(&kind);
                    }
                }
            }
            Next::Wait(limit) => {
                let clock = inner.context.clock.clone();
                // Asleep, it must not keep the pool alive.
                drop(inner);
                tokio::select! {
                    () = clock.sleep(limit) => {}
                    // An error: the pool is gone, as the next look will tell.
                    _ = changes.changed() => {}
                }
            }
        }
    }
}

impl Inner {
    pub(super) async fn wait_for_starts(&self) {
        let clock = &self.context.clock;
        let mut starts = self.starts.subscribe();
        let settled = async {
            loop {
                // Its sender is in `self`, so this cannot fail.
                let _ = starts.wait_for(|starts| *starts == 0).await;
                let next = starts.wait_for(|starts| *starts > 0);
                if clock.timeout(SETTLED, next).await.is_none() {
                    return;
                }
            }
        };
        // Out of patience, or settled: both end the wait.
        let _ = clock.timeout(PATIENCE, settled).await;
    }
}
