//! Instances that are initialised before there is an event for them, and kept until there is.

use super::{Closing, Inner};
use crate::VersionSpec;
use crate::idle::Key;
use crate::instance::{Instance, StartError};
use crate::registry::Purpose;
use std::collections::HashSet;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// Why a version has no instance that was initialised ahead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotFailure {
    /// Its code does not come up.
    #[error("{0}")]
    Code(String),
    /// Trying later can succeed.
    #[error("{0}")]
    Unavailable(String),
}

/// How long initialising ahead may take, unless the function's timeout is longer
/// (<https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html>).
const INIT_WITHIN: Duration = Duration::from_secs(130);

/// One that nobody needed for this long makes room; the next invocation starts cold.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

impl Inner {
    /// As [`Inner::snapshot`], in the background, unless there is one already.
    pub(super) fn snapshot_later(self: &Arc<Self>, spec: &Arc<VersionSpec>) {
        let key = Key::of(spec);
        if self.idle.has_ahead(&key) || self.ahead().contains(&key) {
            return;
        }
        let (inner, spec) = (self.clone(), spec.clone());
        tokio::spawn(async move {
            let function = spec.function_arn.clone();
            if let Err(error) = inner.snapshot(spec).await {
                tracing::warn!(%error, function, "an instance was not initialised ahead");
            }
        });
    }

    pub(super) async fn snapshot(self: Arc<Self>, spec: Arc<VersionSpec>) -> Result<(), SnapshotFailure> {
        let key = Key::of(&spec);
        let Some(_under_way) = UnderWay::enter(&self, &key) else { return Ok(()) };
        let instance = self.initialised_ahead(&spec).await?;
        self.idle.put(key, instance, self.context.config.freeze_after, Some(KEPT_FOR));
        // Nobody waited for this start: whoever closed the pool meanwhile has looked for idle ones already.
        if *self.phase.borrow() != Closing::Open {
            let idle = self.idle.of_function(None, None).await;
            self.destroy_later(idle);
        }
        Ok(())
    }

    async fn initialised_ahead(
        self: &Arc<Self>,
        spec: &Arc<VersionSpec>,
    ) -> Result<Instance, SnapshotFailure> {
        let unavailable = |text: &str| SnapshotFailure::Unavailable(text.to_owned());
        let mut closing = self.phase.subscribe();
        if *closing.borrow() != Closing::Open {
            return Err(unavailable("the server is shutting down"));
        }
        let registration = self
            .registry
            .register(spec, Purpose::OnDemand, &self.context.clock)
            .ok_or_else(|| unavailable("this machine's memory for functions is in use"))?;
        let started = Instance::start(&self.context, spec.clone(), registration).await;
        let mut instance = started.map_err(|error| match error {
            StartError::Code(reason) => SnapshotFailure::Code(reason),
            StartError::Refused(refused) => SnapshotFailure::Unavailable(refused.to_string()),
        })?;
        let initialised = tokio::select! {
            initialised = instance.initialised(spec.timeout.max(INIT_WITHIN)) => {
                initialised.map_err(|failure| SnapshotFailure::Code(failure.message()))
            }
            // The sender is in `self`, so this cannot fail.
            _ = closing.wait_for(|phase| *phase != Closing::Open) => {
                Err(unavailable("the server is shutting down"))
            }
        };
        if let Err(failure) = initialised {
            self.destroy_later(vec![instance]);
            return Err(failure);
        }
        if instance.registration().is_doomed() {
            self.destroy_later(vec![instance]);
            return Err(unavailable("the function was changed or removed meanwhile"));
        }
        Ok(instance)
    }

    fn ahead(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One at a time for each version.
struct UnderWay<'a>(&'a Inner, Key);

impl<'a> UnderWay<'a> {
    fn enter(inner: &'a Inner, key: &Key) -> Option<Self> {
        inner.ahead().insert(key.clone()).then(|| UnderWay(inner, key.clone()))
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.ahead().remove(&self.1);
    }
}
