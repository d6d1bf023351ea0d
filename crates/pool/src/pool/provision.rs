//! Keeps as many initialised instances of a version as were asked for.

use super::component::component_of;
use super::{Closing, Inner};
use crate::VersionSpec;
use crate::idle::Key;
use crate::instance::{Instance, StartError};
use crate::provisioned::ProvisionFailure;
use crate::registry::{Purpose, Registration};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often those that wait are looked at: one may have died, or its credentials may be about to end.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Works as long as the pool lives and is open.
pub(super) async fn provision(pool: Weak<Inner>) {
    loop {
        let Some(inner) = pool.upgrade() else { return };
        let (mut changes, mut gone) = (inner.provisioned.changes(), inner.registry.changes());
        let broken = inner.idle.take_broken().await;
        inner.destroy_later(broken);
        inner.end_surplus().await;
        let wait = inner.start_missing().await;
        let clock = inner.context.clock.clone();
        let mut closing = inner.phase.subscribe();
        // Asleep, it must not keep the pool alive.
        drop(inner);
        let pause = async {
            match wait {
                Some(wait) => tokio::select! {
                    () = clock.sleep(wait) => {}
                    // Errors: the pool is gone, as the next look will tell.
                    _ = changes.changed() => {}
                    _ = gone.changed() => {}
                },
                None => drop(changes.changed().await),
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
    /// Ends idle instances of versions that have more than are wanted; busy ones end when they come back.
    async fn end_surplus(self: &Arc<Self>) {
        for wanted in self.provisioned.all() {
            let outdated = self.idle.outdated(&Key::of(&wanted.spec)).await;
            self.destroy_later(outdated);
        }
        for (key, live) in self.registry.provisioned() {
            let surplus = live.allocated.saturating_sub(self.provisioned.count(&key.0, &key.1));
            let instances = self.idle.take_provisioned(&key.0, &key.1, surplus as usize).await;
            self.destroy_later(instances);
        }
    }

    /// One of more than are wanted by now.
    pub(super) fn is_surplus(&self, instance: &Instance) -> bool {
        let (function_arn, version) = instance.version();
        instance.registration().purpose() == Purpose::Provisioned
            && self.registry.provisioned_of(function_arn, version).allocated
                > self.provisioned.count(function_arn, version)
    }

    /// Begins to start what is missing. How long until there may be something to do again, unless something
    /// changes; `None` when nothing is wanted.
    async fn start_missing(self: &Arc<Self>) -> Option<Duration> {
        let mut wait = None;
        for wanted in self.provisioned.all() {
            wait = Some(wait.unwrap_or(LOOK_AGAIN));
            let spec = &wanted.spec;
            let live = self.registry.provisioned_of(&spec.function_arn, &spec.version).allocated;
            if live >= wanted.count {
                continue;
            }
            if let Some(left) = wanted.retry_in(&self.context.clock) {
                wait = wait.map(|wait| wait.min(left));
                continue;
            }
            if component_of(spec).is_some() {
                // There is nothing to start: each of its events has an instance of its own.
                self.provisioned.tried(spec, Some(ProvisionFailure::Init));
                continue;
            }
            for _ in live..wanted.count {
                let Some(registration) = self.room_for(spec).await else {
                    self.provisioned.tried(spec, Some(ProvisionFailure::Memory));
                    break;
                };
                tokio::spawn(self.clone().start_provisioned(spec.clone(), registration));
            }
        }
        wait
    }

    /// Memory for one more, taken from idle instances that nobody asked for if need be.
    async fn room_for(self: &Arc<Self>, spec: &VersionSpec) -> Option<Registration> {
        let register = || self.registry.register(spec, Purpose::Provisioned, &self.context.clock);
        if let Some(registration) = register() {
            return Some(registration);
        }
        let evicted = self.idle.evict(self.registry.shortage_mb(spec.memory_mb)).await;
        self.destroy_all(evicted).await;
        register()
    }

    async fn start_provisioned(self: Arc<Self>, spec: Arc<VersionSpec>, registration: Registration) {
        // Not all at once: the machine has others to serve. The semaphore is never closed.
        let _turn = self.provision_turns.acquire().await;
        let failure = match self.start_initialised(&spec, registration).await {
            Ok(instance) => {
                self.wait_idle(Key::of(&spec), instance, None).await;
                None
            }
            Err(()) => Some(ProvisionFailure::Init),
        };
        self.provisioned.tried(&spec, failure);
    }

    /// Starts an instance without an event.
    pub(super) async fn start_initialised(
        self: &Arc<Self>,
        spec: &Arc<VersionSpec>,
        registration: Registration,
    ) -> Result<Box<Instance>, ()> {
        let mut closing = self.phase.subscribe();
        if *closing.borrow() != Closing::Open {
            return Err(());
        }
        let started = Instance::start(&self.context, spec.clone(), registration).await;
        let mut instance = started.map_err(|error| {
            let reason = match &error {
                StartError::Code(reason) => reason.clone(),
                StartError::Refused(refused) => refused.to_string(),
            };
            tracing::warn!(function = spec.function_arn, reason, "an instance was not started ahead");
        })?;
        let initialised = tokio::select! {
            initialised = instance.initialised(self.context.config.init_timeout) => initialised.is_ok(),
            // The sender is in `self`, so this cannot fail.
            _ = closing.wait_for(|phase| *phase != Closing::Open) => false,
        };
        if initialised && !instance.registration().is_doomed() {
            return Ok(instance);
        }
        self.destroy_later(vec![instance]);
        Err(())
    }

    /// Puts in an instance that was started without an event.
    pub(super) async fn wait_idle(
        self: &Arc<Self>,
        key: Key,
        instance: Box<Instance>,
        keep: Option<Duration>,
    ) {
        self.put_idle(key, instance, keep).await;
        // Nobody waited for this start: whoever closed the pool meanwhile has looked for idle ones already.
        if *self.phase.borrow() != Closing::Open {
            let idle = self.idle.of_function(None, None).await;
            self.destroy_later(idle);
        }
    }
}
