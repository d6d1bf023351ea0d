mod acquire;

use acquire::Acquired;

use crate::concurrency::Concurrency;
use crate::idle::{Idle, Key};
use crate::instance::{Context, Finished, Instance, StartError, fail_without_process};
use crate::layers::Layers;
use crate::registry::{InstanceStatus, Phase, Registry};
use crate::{CredentialSource, Endpoint, InvokeError, InvokeRequest, Outcome, PoolConfig, VersionSpec};
use clock::Clock;
use runtime::Runtimes;
use runtime::log::LogSink;
use sandbox::Host;
use serde::Serialize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// All instances of all function versions. Cheap to clone.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    context: Context,
    registry: Arc<Registry>,
    concurrency: Arc<Concurrency>,
    idle: Arc<Idle>,
    /// Invocations in the line for memory.
    waiting: AtomicUsize,
    /// Whoever holds it is first in the line; tokio's mutex is fair.
    first_in_line: tokio::sync::Mutex<()>,
    phase: watch::Sender<Closing>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    Open,
    /// No new invocation begins.
    Closed,
    /// Running invocations are cut off.
    Cut,
}

/// What is there, for the console and `zerun doctor`.
#[derive(Debug, Clone, Serialize)]
pub struct PoolStatus {
    pub instances: Vec<InstanceStatus>,
    /// Configured memory of all instances together, in MiB.
    pub memory_mb: u32,
    pub memory_mb_max: u32,
    pub running_invocations: usize,
    pub waiting_invocations: usize,
}

impl Pool {
    /// Must be called inside a tokio runtime. Empties `config.state_dir`.
    ///
    /// # Errors
    /// The state directory cannot be made.
    pub fn new(
        config: PoolConfig,
        host: Host,
        clock: Clock,
        runtimes: Runtimes,
        endpoint: Arc<dyn Endpoint>,
        credentials: Arc<dyn CredentialSource>,
        logs: LogSink,
    ) -> std::io::Result<Pool> {
        let layers = Arc::new(Layers::new(config.state_dir.join("opt"))?);
        let registry = Registry::new(config.memory_mb_max);
        let concurrency = Concurrency::new(config.account_concurrency);
        let idle = Arc::new(Idle::new(clock.clone()));
        let context = Context { config, host, clock, runtimes, endpoint, credentials, logs, layers };
        let inner = Arc::new(Inner {
            context,
            registry,
            concurrency,
            idle,
            waiting: AtomicUsize::new(0),
            first_in_line: tokio::sync::Mutex::new(()),
            phase: watch::Sender::new(Closing::Open),
        });
        tokio::spawn(reap(Arc::downgrade(&inner)));
        Ok(Pool(inner))
    }

    /// Runs one event in an instance of the version: an idle one, or a new one.
    ///
    /// Once begun it goes on to its end even if this future is dropped, as a caller that hangs up does
    /// not stop a function. Takes at most the waits of [`PoolConfig`], the start and the function's timeout.
    ///
    /// # Errors
    /// See [`InvokeError`]. An error of the code is an [`Outcome`] with `function_error`.
    pub async fn invoke(
        &self,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
    ) -> Result<Outcome, InvokeError> {
        if *self.0.phase.borrow() != Closing::Open {
            return Err(closed());
        }
        let permit = self.0.concurrency.enter(&spec).map_err(InvokeError::Throttled)?;
        let inner = self.0.clone();
        let invocation = tokio::spawn(async move {
            let result = inner.invoke(spec, request).await;
            drop(permit);
            result
        });
        match invocation.await {
            Ok(result) => result,
            Err(error) => Err(InvokeError::Unavailable(format!("the invocation ended early: {error}"))),
        }
    }

    /// Ends the instances of a function, all versions: idle ones now, busy ones after their invocation.
    /// For a function that was changed or removed; returns without waiting for busy ones.
    pub async fn drain(&self, function_arn: &str) {
        self.0.registry.doom(function_arn);
        let idle = self.0.idle.of_function(Some(function_arn)).await;
        self.0.destroy_all(idle).await;
    }

    /// Waits until no instance of the function is left.
    pub async fn drained(&self, function_arn: &str) {
        self.0.registry.wait_gone(Some(function_arn)).await;
    }

    /// Takes no more invocations, lets the running ones end within `deadline`, cuts the others off, and
    /// returns when no instance is left.
    pub async fn shutdown(&self, deadline: Duration) {
        let inner = &self.0;
        inner.phase.send_replace(Closing::Closed);
        inner.context.clock.timeout(deadline, inner.concurrency.wait_none()).await;
        inner.phase.send_replace(Closing::Cut);
        inner.concurrency.wait_none().await;
        let idle = inner.idle.of_function(None).await;
        inner.destroy_all(idle).await;
        inner.registry.wait_gone(None).await;
    }

    pub fn status(&self) -> PoolStatus {
        PoolStatus {
            instances: self.0.registry.instances(),
            memory_mb: self.0.registry.memory_mb(),
            memory_mb_max: self.0.context.config.memory_mb_max,
            running_invocations: self.0.concurrency.total(),
            waiting_invocations: self.0.waiting.load(Ordering::Relaxed),
        }
    }
}

impl Inner {
    async fn invoke(
        self: &Arc<Self>,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
    ) -> Result<Outcome, InvokeError> {
        let config = &self.context.config;
        let key = Key::of(&spec);
        let mut closing = self.phase.subscribe();
        let acquired = tokio::select! {
            biased;
            acquired = self.acquire(&spec, &key) => acquired?,
            // The sender is in `self`, so this cannot fail.
            _ = closing.wait_for(|phase| *phase == Closing::Cut) => return Err(closed()),
        };
        let (mut instance, is_cold) = match acquired {
            Acquired::Warm(instance) => (*instance, false),
            Acquired::Cold(registration) => {
                match Instance::start(&self.context, spec.clone(), registration).await {
                    Ok(instance) => (instance, true),
                    Err(StartError::Code(reason)) => {
                        return Ok(fail_without_process(&self.context, &spec, &request, &reason));
                    }
                    Err(StartError::Refused(error)) => return Err(error),
                }
            }
        };
        instance.registration().set_phase(if is_cold { Phase::Starting } else { Phase::Busy });
        let conversation = async {
            let initialised =
                if is_cold { Some(instance.initialised(config.init_timeout).await) } else { None };
            instance.registration().set_phase(Phase::Busy);
            instance.invoke(&request, initialised).await
        };
        let finished = tokio::select! {
            biased;
            finished = conversation => Some(finished),
            _ = closing.wait_for(|phase| *phase == Closing::Cut) => None,
        };
        let reusable = finished.as_ref().is_some_and(|finished| finished.reusable);
        if reusable && !instance.registration().is_doomed() && *self.phase.borrow() == Closing::Open {
            self.idle.put(key, spec.memory_mb, instance, config.freeze_after);
        } else {
            self.destroy_later(vec![instance]);
        }
        finished.map(|Finished { outcome, .. }| outcome).ok_or_else(closed)
    }

    fn destroy_later(self: &Arc<Self>, instances: Vec<Instance>) {
        for instance in instances {
            instance.registration().ending();
            tokio::spawn(instance.destroy());
        }
    }

    async fn destroy_all(self: &Arc<Self>, instances: Vec<Instance>) {
        let mut ending = tokio::task::JoinSet::new();
        for instance in instances {
            ending.spawn(instance.destroy());
        }
        ending.join_all().await;
    }
}

/// Ends instances that were idle for too long, as long as the pool lives.
async fn reap(pool: Weak<Inner>) {
    loop {
        let Some(inner) = pool.upgrade() else { return };
        let limit = inner.context.config.idle_timeout;
        let expired = inner.idle.expired(limit).await;
        inner.destroy_later(expired);
        let clock = inner.context.clock.clone();
        // What comes in meanwhile is due later than this.
        let next = inner.idle.next_expiry(limit).unwrap_or(limit);
        let mut closing = inner.phase.subscribe();
        // Asleep, it must not keep the pool alive.
        drop(inner);
        tokio::select! {
            () = clock.sleep(next) => {}
            closed = closing.wait_for(|phase| *phase == Closing::Cut) => {
                // An error: the pool is gone.
                let _ = closed;
                return;
            }
        }
    }
}

fn closed() -> InvokeError {
    InvokeError::Unavailable("the server is shutting down".to_owned())
}
