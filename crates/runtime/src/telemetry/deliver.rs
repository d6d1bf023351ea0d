use super::Sockets;
use super::queue::Queue;
use super::send::Destination;
use super::subscription::Subscription;
use clock::Clock;
use std::sync::Arc;
use std::time::Duration;

/// How often one batch is tried.
const ATTEMPTS_MAX: u32 = 8;
/// Before the second attempt; twice as long before each further one, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Sends one subscriber what waits for it, for ever. The next batch waits until the one before has been
/// taken: a sandbox that is frozen, or a subscriber that hangs, holds up nobody else.
pub(super) async fn deliver(
    queue: Arc<Queue>,
    subscription: Arc<Subscription>,
    sockets: Arc<dyn Sockets>,
    clock: Clock,
) {
    let mut destination = Destination::new(&subscription.destination, sockets, clock.clone());
    loop {
        let batch = queue.batch().await;
        let mut pause = PAUSE;
        let mut delivered = false;
        for attempt in 1..=ATTEMPTS_MAX {
            match destination.send(&batch).await {
                Ok(()) => {
                    delivered = true;
                    break;
                }
                Err(error) => tracing::debug!(%error, attempt, "telemetry was not taken"),
            }
            clock.sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        queue.done(&batch, delivered);
    }
}
