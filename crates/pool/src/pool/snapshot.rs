//! Instances that are initialised before there is an event for them, and kept until there is.

use super::{Closing, Inner};
use crate::VersionSpec;
use crate::idle::Key;
use crate::instance::{Instance, StartError};
use crate::registry::Purpose;
use std::sync::Arc;
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

/// How long one waits before it is replaced: its credentials live for twelve hours.
const KEPT_FOR: Duration = Duration::from_secs(11 * 60 * 60);

/// How long one waits that is not the only one: what a burst needed goes when no other has come.
const OTHERS_KEPT_FOR: Duration = Duration::from_secs(10 * 60);

impl Inner {
    /// Begins to initialise what instances of the version are missing, in the background.
    pub(super) fn initialise_missing(self: &Arc<Self>, spec: &Arc<VersionSpec>) {
        let key = Key::of(spec);
        // Each turn of this loop counts as under way before the next one looks.
        while self.begin_one(spec, &key) {}
    }

    /// One has waited until its time was up: another one takes its place if the version is still needed.
    pub(super) fn initialise_again(self: &Arc<Self>, spec: &Arc<VersionSpec>) {
        let key = Key::of(spec);
        if self.idle.count_ahead(&key) == 0 && self.ahead.is_remembered(&key) {
            self.begin_one(spec, &key);
        }
    }

    /// False when there are enough.
    fn begin_one(self: &Arc<Self>, spec: &Arc<VersionSpec>, key: &Key) -> bool {
        let Some(under_way) = self.ahead.begin(key, self.idle.count_ahead(key)) else { return false };
        let (inner, spec, key) = (self.clone(), spec.clone(), key.clone());
        tokio::spawn(async move {
            // Not all at once, and cold starts first: others are to be served.
            let _turn = inner.provision_turns.acquire().await;
            inner.wait_for_starts().await;
            if !inner.ahead.is_remembered(&key) {
                return;
            }
            if let Err(error) = inner.put_ahead(&spec, &key).await {
                tracing::warn!(%error, function = spec.function_arn, "an instance was not initialised ahead");
            }
            drop(under_way);
            inner.ahead.settle(&key, inner.idle.count_ahead(&key));
        });
        true
    }

    /// Initialises one now, unless there are enough.
    pub(super) async fn snapshot(self: Arc<Self>, spec: Arc<VersionSpec>) -> Result<(), SnapshotFailure> {
        let key = Key::of(&spec);
        let Some(_under_way) = self.ahead.begin(&key, self.idle.count_ahead(&key)) else { return Ok(()) };
        self.put_ahead(&spec, &key).await
    }

    async fn put_ahead(self: &Arc<Self>, spec: &Arc<VersionSpec>, key: &Key) -> Result<(), SnapshotFailure> {
        let instance = self.initialised_ahead(spec).await?;
        let keep = if self.idle.count_ahead(key) == 0 { KEPT_FOR } else { OTHERS_KEPT_FOR };
        self.wait_idle(key.clone(), instance, Some(keep)).await;
        Ok(())
    }

    async fn initialised_ahead(
        self: &Arc<Self>,
        spec: &Arc<VersionSpec>,
    ) -> Result<Box<Instance>, SnapshotFailure> {
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
}
