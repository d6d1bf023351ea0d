use super::Inner;
use crate::idle::Key;
use crate::instance::Instance;
use crate::registry::{Purpose, Registration};
use crate::starts::StartTurn;
use crate::{InvokeError, ThrottleReason, VersionSpec};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What an invocation got to run in.
pub(super) enum Acquired<'a> {
    Warm(Box<Instance>),
    Cold(Registration, StartTurn<'a>),
}

/// What there is for an invocation.
pub(super) enum Found {
    Idle(Box<Instance>),
    Memory(Registration),
}

impl Inner {
    /// An idle instance, or memory for a new one and its turn to be started; waits in line for either, within the bounds.
    pub(super) async fn acquire<'a>(
        self: &'a Arc<Self>,
        spec: &Arc<VersionSpec>,
        key: &Key,
    ) -> Result<Acquired<'a>, InvokeError> {
        match self.find(spec, key).await? {
            Found::Idle(instance) => Ok(Acquired::Warm(instance)),
            Found::Memory(registration) => Ok(self.turn_to_start(registration, key).await),
        }
    }

    /// Waits for its turn to start a new instance, or for one that has nothing to do any more.
    async fn turn_to_start<'a>(self: &'a Arc<Self>, registration: Registration, key: &Key) -> Acquired<'a> {
        if let Some(turn) = self.start_turns.try_take() {
            return Acquired::Cold(registration, turn);
        }
        let turn = self.start_turns.take();
        tokio::pin!(turn);
        let mut arrivals = self.idle.arrivals();
        loop {
            if let Some(instance) = self.take_idle(key).await {
                return Acquired::Warm(instance);
            }
            tokio::select! {
                biased;
                turn = &mut turn => return Acquired::Cold(registration, turn),
                // Its sender is in `self`, so this cannot fail.
                _ = arrivals.changed() => {}
            }
        }
    }

    /// An idle instance, or memory for a new one.
    pub(super) async fn find(
        self: &Arc<Self>,
        spec: &Arc<VersionSpec>,
        key: &Key,
    ) -> Result<Found, InvokeError> {
        let config = &self.context.config;
        if spec.memory_mb > config.memory_mb_max {
            return Err(InvokeError::Unavailable(format!(
                "the function needs {} MB, and this machine gives {} MB to all functions together",
                spec.memory_mb, config.memory_mb_max
            )));
        }
        // Nobody overtakes the line.
        if self.waiting.load(Ordering::Acquire) == 0
            && let Some(found) = self.try_find(spec, key).await
        {
            return Ok(found);
        }
        let throttled = || InvokeError::Throttled(ThrottleReason::MachineMemory);
        let _waiting = Waiting::enter(&self.waiting, config.waiting_max).ok_or_else(throttled)?;
        let line = async {
            let _first = self.first_in_line.lock().await;
            let (mut gone, mut arrivals) = (self.registry.changes(), self.idle.arrivals());
            loop {
                if let Some(found) = self.try_find(spec, key).await {
                    return found;
                }
                tokio::select! {
                    // Their senders are in `self`, so these cannot fail.
                    _ = gone.changed() => {}
                    _ = arrivals.changed() => {}
                }
            }
        };
        self.context.clock.timeout(config.wait_max, Box::pin(line)).await.ok_or_else(throttled)
    }

    async fn take_idle(self: &Arc<Self>, key: &Key) -> Option<Box<Instance>> {
        while let Some(mut instance) = self.idle.take(key).await {
            if instance.is_usable().await && instance.thaw().await.is_ok() {
                return Some(instance);
            }
            self.destroy_later(vec![instance]);
        }
        None
    }

    async fn try_find(self: &Arc<Self>, spec: &Arc<VersionSpec>, key: &Key) -> Option<Found> {
        if let Some(instance) = self.take_idle(key).await {
            return Some(Found::Idle(instance));
        }
        // Whoever asks for this revision will not ask for an older one any more.
        let outdated = self.idle.outdated(key).await;
        self.destroy_later(outdated);
        if let Some(registration) = self.registry.register(spec, Purpose::OnDemand, &self.context.clock) {
            return Some(Found::Memory(registration));
        }
        let shortage = self.registry.shortage_mb(spec.memory_mb);
        if shortage > 0 {
            let evicted = self.idle.evict(shortage).await;
            self.destroy_later(evicted);
        }
        None
    }
}

/// A place in the line for memory.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(waiting: &'a AtomicUsize, max: usize) -> Option<Self> {
        let entered =
            waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| (now < max).then_some(now + 1));
        entered.ok().map(|_| Waiting(waiting))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
