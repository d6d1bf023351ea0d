//! The Lambda Extensions API, version 2020-01-01: processes beside the runtime that hear of every
//! invocation and of the end
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>).
//!
//! One [`Extensions`] serves one start of the processes, as one [`crate::api::RuntimeApi`] does. *External*
//! extensions are the executables of `/opt/extensions`, which the platform starts; *internal* ones
//! register from inside the runtime's process.

mod agent;
mod event;
mod failure;
mod routes;
mod state;

pub use event::{InvokeEvent, ShutdownReason};
pub use failure::ExtensionFailure;
pub use state::{AgentReport, SHUTDOWN_EXTERNAL, SHUTDOWN_INTERNAL, SIGTERM_WITHIN};

pub(crate) use routes::answer;

use crate::telemetry::Telemetry;
use clock::{Clock, Timestamp};
use state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Extensions of one function, external and internal ones together.
pub const EXTENSIONS_MAX: usize = 10;

/// What an extension is told when it registers.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub function_name: String,
    pub function_version: String,
    pub handler: String,
    pub account_id: String,
}

/// Cheap to clone; clones are the same.
#[derive(Debug, Clone)]
pub struct Extensions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    facts: Facts,
    clock: Clock,
    telemetry: Telemetry,
    state: Mutex<State>,
    /// Told of every change of `state`.
    changes: watch::Sender<()>,
}

impl Extensions {
    /// `external` are the names of the programs that are about to be started, at most
    /// [`EXTENSIONS_MAX`].
    pub fn new(facts: Facts, external: &[String], telemetry: Telemetry, clock: Clock) -> Self {
        let state = Mutex::new(State::new(external));
        Extensions(Arc::new(Shared { facts, clock, telemetry, state, changes: watch::Sender::new(()) }))
    }

    /// For a process beside which nobody registers.
    pub(crate) fn closed(clock: Clock) -> Self {
        let extensions = Extensions::new(Facts::default(), &[], Telemetry::new(clock.clone()), clock);
        extensions.lock().close_registration();
        extensions
    }

    /// Whether there is any that has to be waited for or told of an end.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Waits until every external extension has registered: the runtime starts after that.
    pub async fn registered(&self) {
        self.wait(|state| state.all_registered().then_some(())).await;
    }

    /// Waits until every registered extension has asked for its first event. To be called when the
    /// runtime has asked for its own: from then on nobody registers any more.
    pub async fn ready(&self) {
        self.change(State::close_registration);
        self.wait(|state| state.all_idle().then_some(())).await;
    }

    /// Tells those that want to hear of it of an invocation.
    pub fn invoke(&self, event: &InvokeEvent) {
        // Nobody there is the usual case, and costs nothing more.
        if self.is_empty() {
            return;
        }
        let document = event.document();
        self.change(|state| state.invoke(&document));
    }

    /// Waits until everybody who was told of the invocation has asked for the next event.
    pub async fn idle(&self) {
        self.wait(|state| state.all_idle().then_some(())).await;
    }

    /// Tells those that want to hear of it of the end, which comes at `deadline`.
    pub fn shutdown(&self, reason: ShutdownReason, deadline: Timestamp) {
        let document = event::shutdown(reason, deadline);
        self.change(|state| state.shutdown(&document));
    }

    /// Waits until one of them has reported that it cannot go on. Its process may still run.
    pub async fn failed(&self) -> ExtensionFailure {
        self.wait(State::failure).await
    }

    /// The process of the external extension `name` has ended; what that means for the instance.
    /// `how` is [`ExtensionFailure::exit_text`].
    pub fn exited(&self, name: &str, how: &str) -> ExtensionFailure {
        self.change(|state| state.exited(name, how))
    }

    /// An external extension that could not be started.
    pub fn not_started(&self, name: &str, reason: &str) -> ExtensionFailure {
        self.change(|state| state.not_started(name, reason))
    }

    /// Of every extension, for the log.
    pub fn report(&self) -> Vec<AgentReport> {
        self.lock().report()
    }

    /// Whether the external extension `name` wants to be told of the end.
    pub fn wants_shutdown(&self, name: &str) -> bool {
        self.lock().wants_shutdown(name)
    }

    /// Whether nobody registers any more.
    pub fn is_closed(&self) -> bool {
        !self.lock().is_registration_open()
    }

    /// Whether any internal extension has registered.
    pub fn has_internal(&self) -> bool {
        self.lock().has_internal()
    }

    async fn wait<T>(&self, mut found: impl FnMut(&State) -> Option<T>) -> T {
        let mut changes = self.0.changes.subscribe();
        loop {
            if let Some(value) = found(&self.lock()) {
                return value;
            }
            // The sender is in `self`, so this cannot fail.
            let _ = changes.changed().await;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let value = change(&mut self.lock());
        self.0.changes.send_replace(());
        value
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
