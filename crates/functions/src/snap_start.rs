//! Published versions whose instances are initialised ahead of their events (SnapStart).

use crate::invoke::Runnable;
use crate::{Configuration, Described, FunctionId, Functions, FunctionsError, Version, keys};
use kv::{Read, Transaction};
use names::Qualifier;
use pool::SnapshotFailure;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How far a published version is with that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SnapshotState {
    /// Its instances start with their events.
    #[default]
    Off,
    /// The first one is being initialised; the version takes no event yet.
    Pending,
    On,
    /// The code does not come up, or there is no room: the version takes no event.
    Failed {
        is_of_code: bool,
        reason: String,
    },
}

/// How often a machine without room is asked, and how long the first pause is; each is twice as long.
const ATTEMPTS_MAX: u32 = 6;
const PAUSE: Duration = Duration::from_millis(100);

impl Functions {
    /// Begins to initialise a version's first instance, if that has been promised and nobody does it yet:
    /// also one whose initialisation the end of an earlier server broke off.
    pub(crate) fn initialise_ahead(&self, described: &Described) {
        let Version::Published(number) = described.version else { return };
        if described.configuration.snapshot != SnapshotState::Pending {
            return;
        }
        let name = described.id.qualified_arn(number).to_string();
        if !self.ahead.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone()) {
            return;
        }
        let (functions, id) = (self.clone(), described.id.clone());
        tokio::spawn(async move {
            let state = functions.first_instance(&id, number).await;
            if let Err(error) = functions.set_snapshot_state(&id, number, state).await {
                tracing::error!(%error, version = name, "a version stays pending");
            }
            functions.ahead.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
        });
    }

    async fn first_instance(&self, id: &FunctionId, number: u64) -> SnapshotState {
        let mut pause = PAUSE;
        let mut reason = String::new();
        for _ in 0..ATTEMPTS_MAX {
            reason = match self.try_first_instance(id, number).await {
                Ok(Ok(())) => return SnapshotState::On,
                Ok(Err(SnapshotFailure::Code(reason))) => {
                    return SnapshotState::Failed { is_of_code: true, reason };
                }
                Ok(Err(SnapshotFailure::Unavailable(reason))) => reason,
                Err(error) => error.to_string(),
            };
            self.clock.sleep(pause).await;
            pause *= 2;
        }
        SnapshotState::Failed { is_of_code: false, reason }
    }

    async fn try_first_instance(
        &self,
        id: &FunctionId,
        number: u64,
    ) -> Result<Result<(), SnapshotFailure>, FunctionsError> {
        let runnable = self.choose(id, Some(&Qualifier::Version(number))).await?;
        let _pins: Vec<_> = runnable.configuration.codes().map(|code| self.code.pin(&code.sha256)).collect();
        let spec = self.spec(id, runnable).await?;
        Ok(self.instances.snapshot(Arc::new(spec)).await)
    }

    /// Nothing for a version that is gone meanwhile.
    async fn set_snapshot_state(
        &self,
        id: &FunctionId,
        number: u64,
        state: SnapshotState,
    ) -> Result<(), FunctionsError> {
        let key = keys::version(id, number);
        self.kv
            .transact(async move |tx: &mut Transaction| {
                if tx.get(&key).await?.is_none() {
                    return Ok(());
                }
                if let Some(mut configuration) = kv::get_record::<Configuration>(tx, key.clone()).await? {
                    configuration.snapshot = state.clone();
                    kv::put_record(tx, key.clone(), &configuration);
                }
                Ok(())
            })
            .await
    }

    /// # Errors
    /// The version takes no event: `NotReady` yet, `Conflict` as its code does not come up.
    pub(crate) fn check_state(&self, id: &FunctionId, runnable: &Runnable) -> Result<(), FunctionsError> {
        match runnable.configuration.snapshot {
            SnapshotState::Off | SnapshotState::On => Ok(()),
            SnapshotState::Pending => {
                self.initialise_ahead(&Described {
                    arn: id.arn(),
                    id: id.clone(),
                    version: runnable.version,
                    configuration: runnable.configuration.clone(),
                });
                Err(FunctionsError::NotReady)
            }
            SnapshotState::Failed { .. } => Err(FunctionsError::conflict(
                "The operation cannot be performed at this time. The function is currently in the following state: Failed",
            )),
        }
    }
}
