//! Idle instances end when their time has come, and others are started ahead of theirs.

use super::{Closing, Inner};
use crate::VersionSpec;
use crate::idle::Key;
use crate::instance::Instance;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often to look while there is anything to look at: what is learned can shorten times that run already.
const TICK: Duration = Duration::from_secs(1);

/// Works as long as the pool lives and is open.
pub(super) async fn reap(pool: Weak<Inner>) {
    loop {
        let Some(inner) = pool.upgrade() else { return };
        let mut arrivals = inner.idle.arrivals();
        let (expired, next) = inner.idle.expired(&inner.keep_alive).await;
        inner.destroy_later(expired);
        for (spec, keep) in inner.keep_alive.due() {
            tokio::spawn(inner.clone().start_ahead(spec, keep));
        }
        let next = next.into_iter().chain(inner.keep_alive.next_due()).min();
        let clock = inner.context.clock.clone();
        let mut closing = inner.phase.subscribe();
        // Asleep, it must not keep the pool alive.
        drop(inner);
        let pause = async {
            match next {
                Some(next) => clock.sleep(next.min(TICK)).await,
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

impl Inner {
    /// Starts an instance that an event is expected for, if there is room without taking it from others.
    async fn start_ahead(self: Arc<Self>, spec: Arc<VersionSpec>, keep: Duration) {
        let key = Key::of(&spec);
        if self.idle.has(&key) {
            return;
        }
        let Some(registration) = self.registry.register(&spec, &self.context.clock) else { return };
        let Ok(mut instance) = Instance::start(&self.context, spec, registration).await else { return };
        let mut closing = self.phase.subscribe();
        let initialised = tokio::select! {
            initialised = instance.initialised(self.context.config.init_timeout) => initialised.is_ok(),
            // The sender is in `self`, so this cannot fail.
            _ = closing.wait_for(|phase| *phase != Closing::Open) => false,
        };
        if !initialised || instance.registration().is_doomed() {
            // The event itself will meet a failure, and tell it.
            self.destroy_later(vec![instance]);
            return;
        }
        self.idle.put(key, instance, self.context.config.freeze_after, Some(keep));
        // Nobody waited for this start: whoever closed the pool meanwhile has looked for idle ones already.
        if *self.phase.borrow() != Closing::Open {
            let idle = self.idle.of_function(None).await;
            self.destroy_later(idle);
        }
    }
}
