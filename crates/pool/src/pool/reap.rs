//! Idle instances end when their time has come, and others are started ahead of theirs.

use super::Inner;
use super::pause::pause;
use crate::VersionSpec;
use crate::idle::Key;
use crate::registry::Purpose;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often to look while there is anything to look at: what is learned can shorten times that run already.
const TICK: Duration = Duration::from_secs(1);

/// Works as long as the pool lives and is open.
pub(super) async fn reap(pool: Weak<Inner>) {
    loop {
        let Some(inner) = pool.upgrade() else { return };
        let arrivals = inner.idle.arrivals();
        let (expired, next) = inner.idle.expired(&inner.keep_alive).await;
        let ahead: Vec<_> =
            expired.iter().filter(|old| old.awaits_restore()).map(|old| old.spec().clone()).collect();
        inner.destroy_later(expired);
        ahead.iter().for_each(|spec| inner.initialise_again(spec));
        for (spec, keep) in inner.keep_alive.due() {
            tokio::spawn(inner.clone().start_ahead(spec, keep));
        }
        let next = next.into_iter().chain(inner.keep_alive.next_due()).min();
        if !pause(inner, arrivals, next.map(|next| next.min(TICK))).await {
            return;
        }
    }
}

impl Inner {
    /// Starts an instance that an event is expected for, if there is room without taking it from others.
    async fn start_ahead(self: Arc<Self>, spec: Arc<VersionSpec>, keep: Duration) {
        let key = Key::of(&spec);
        if self.idle.has(&key) {
            return;
        }
        let registration = self.registry.register(&spec, Purpose::OnDemand, &self.context.clock);
        let Some(registration) = registration else { return };
        // The event itself will meet a failure, and tell it.
        if let Ok(instance) = self.start_initialised(&spec, registration).await {
            self.wait_idle(key, instance, Some(keep)).await;
        }
    }
}
