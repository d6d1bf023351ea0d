mod acquire;
mod compile;
mod component;
mod freeze;
mod pause;
mod provision;
mod reap;
mod restock;
mod room;
mod snapshot;

use acquire::Acquired;
use component::component_of;

use crate::ahead::Ahead;
use crate::compiled::Compiled;
use crate::concurrency::{Concurrency, Permit};
use crate::detached::Detached;
use crate::idle::{Idle, Key};
use crate::instance::{Context, Finished, Instance, StartError, fail_without_process};
use crate::keep_alive::KeepAlive;
use crate::layers::Layers;
use crate::prewarm::{InstanceKind, Preload, PrewarmStatus, Prewarmed, Stock, Templates};
use crate::processors::Processors;
use crate::provisioned::{ProvisionStatus, Provisioned};
use crate::registry::{InstanceStatus, Phase, Purpose, Registry};
use crate::starts::Starts;
use crate::turns::Turns;
use crate::{
    AnswerSink, CredentialSource, Endpoint, InstanceSource, InvokeError, InvokeRequest, Outcome, PoolConfig,
    ThrottleReason, VersionSpec,
};
use clock::Clock;
use runtime::Runtimes;
use runtime::log::LogSink;
use sandbox::Host;
use serde::Serialize;
pub use snapshot::SnapshotFailure;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Components at once: as many as there is memory for, if each has the least that Lambda gives.
const GUEST_MEMORY_MB: u32 = 128;
const GUESTS_MAX: (u32, u32) = (16, 1000);

/// All instances of all function versions. Cheap to clone.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    context: Context,
    registry: Arc<Registry>,
    concurrency: Arc<Concurrency>,
    idle: Arc<Idle>,
    ahead: Arc<Ahead>,
    keep_alive: KeepAlive,
    provisioned: Provisioned,
    turns: Turns,
    start_turns: Starts,
    /// Provisioned instances that start at the same time.
    provision_turns: Semaphore,
    /// Packages that are compiled at the same time.
    compiling: Semaphore,
    /// Invocations in the line for memory.
    waiting: AtomicUsize,
    /// Whoever holds it is first in the line; tokio's mutex is fair.
    first_in_line: tokio::sync::Mutex<()>,
    phase: watch::Sender<Closing>,
    /// Cold starts under way.
    starts: watch::Sender<usize>,
    workers: Mutex<JoinSet<()>>,
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
    /// Made ahead of need, by kind.
    pub prewarmed: Vec<PrewarmStatus>,
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
        let compiled = Arc::new(Compiled::new(config.state_dir.join("compiled"))?);
        let registry = Registry::new(config.memory_mb_max);
        let concurrency = Concurrency::new(config.account_concurrency.clone());
        let idle = Arc::new(Idle::new(clock.clone()));
        let ahead = Arc::new(Ahead::new(clock.clone()));
        let provisioned = Provisioned::new(clock.clone());
        let processors = Arc::new(Processors::new(clock.clone()));
        let turns = Turns::new(clock.clone(), processors.clone());
        let start_turns = Starts::new(clock.clone(), processors);
        let keep_alive = KeepAlive::new(clock.clone(), config.idle_timeout);
        let preload = Preload::default();
        let stock = Stock::new(clock.clone(), config.prewarm_memory_mb);
        let egress = egress::Egress::new(config.egress.clone(), clock.clone());
        let components = wasm::Config {
            directory: config.state_dir.join("components"),
            compiler: config.compiler.clone(),
            guests_max: (config.memory_mb_max / GUEST_MEMORY_MB).clamp(GUESTS_MAX.0, GUESTS_MAX.1),
        };
        let components = wasm::Machine::new(components, clock.clone())?;
        let context = Context {
            config,
            host,
            clock,
            runtimes,
            endpoint,
            credentials,
            logs,
            layers,
            compiled,
            stock,
            components,
            preload,
            templates: Templates::default(),
            egress,
        };
        let inner = Arc::new(Inner {
            context,
            registry,
            concurrency,
            idle,
            ahead,
            keep_alive,
            provisioned,
            turns,
            start_turns,
            provision_turns: Semaphore::new(restock::workers() * 2),
            compiling: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
            first_in_line: tokio::sync::Mutex::new(()),
            phase: watch::Sender::new(Closing::Open),
            starts: watch::Sender::new(0),
            workers: Mutex::default(),
        });
        tokio::spawn(reap::reap(Arc::downgrade(&inner)));
        tokio::spawn(freeze::freeze(Arc::downgrade(&inner)));
        tokio::spawn(room::make_room(Arc::downgrade(&inner)));
        tokio::spawn(provision::provision(Arc::downgrade(&inner)));
        let workers = (0..restock::workers()).map(|_| restock::restock(Arc::downgrade(&inner))).collect();
        *inner.workers.lock().unwrap_or_else(PoisonError::into_inner) = workers;
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
        self.run(spec, request, None).await
    }

    /// As [`Pool::invoke`]; an answer that is there before the invocation's end goes to `sink`. Of one that
    /// goes there piece by piece, the outcome has no payload.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn invoke_into(
        &self,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
        sink: AnswerSink,
    ) -> Result<Outcome, InvokeError> {
        self.run(spec, request, Some(sink)).await
    }

    async fn run(
        &self,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
        sink: Option<AnswerSink>,
    ) -> Result<Outcome, InvokeError> {
        if *self.0.phase.borrow() != Closing::Open {
            return Err(closed());
        }
        let permit = self.0.enter(&spec).map_err(InvokeError::Throttled)?;
        let inner = self.0.clone();
        Detached::new(async move {
            let result = match component_of(&spec) {
                Some(component) => Box::pin(inner.invoke_component(spec, request, &component)).await,
                None => {
                    inner.keep_alive.began(&spec);
                    let _running = Running(&inner.keep_alive, spec.clone());
                    inner.invoke(spec, request, sink).await
                }
            };
            drop(permit);
            result
        })
        .await
    }

    /// Ends the instances of a function, of all versions or of one: idle ones now, busy ones after their
    /// invocation. For what was changed or removed; returns without waiting for busy ones.
    pub async fn drain(&self, function_arn: &str, version: Option<&str>) {
        self.0.registry.doom(function_arn, version);
        self.0.keep_alive.forget(function_arn);
        self.0.ahead.forget(function_arn, version);
        let idle = self.0.idle.of_function(Some(function_arn), version).await;
        self.0.destroy_all(idle).await;
    }

    /// Waits until no instance of the function is left.
    pub async fn drained(&self, function_arn: &str) {
        self.0.registry.wait_gone(Some(function_arn)).await;
    }

    /// Instances of this kind may be needed soon: one sandbox is kept ready for them, within the budget.
    pub fn expect(&self, kind: &InstanceKind) {
        self.0.context.stock.expect(kind);
    }

    /// This code may be invoked soon: if it is a WebAssembly component, it is compiled ahead.
    pub fn prepare(&self, code_dir: &Path, layer_dirs: &[PathBuf]) {
        self.0.prepare_component(code_dir, layer_dirs);
    }

    /// Keeps so many initialised instances of each of these versions of a function, and of none of its
    /// others; they are started after this returns, and count against the memory of all.
    pub fn provision(&self, function_arn: &str, versions: Vec<(Arc<VersionSpec>, u32)>) {
        self.0.provisioned.set(function_arn, versions);
    }

    pub fn provisioned(&self, function_arn: &str, version: &str) -> ProvisionStatus {
        let live = self.0.registry.provisioned_of(function_arn, version);
        let failure = self.0.provisioned.failure(function_arn, version);
        ProvisionStatus { allocated: live.allocated, available: live.initialised, failure }
    }

    /// Initialises an instance of the version ahead, to be restored when it is needed, and waits for that.
    /// From then on as many are kept, in the background, as are needed at once.
    ///
    /// # Errors
    /// The code cannot be initialised, or this machine has no room for it.
    pub async fn snapshot(&self, spec: Arc<VersionSpec>) -> Result<(), SnapshotFailure> {
        self.0.clone().snapshot(spec).await
    }

    /// Takes no more invocations, lets the running ones end within `deadline`, cuts the others off, and
    /// returns when no instance is left.
    pub async fn shutdown(&self, deadline: Duration) {
        let inner = &self.0;
        inner.phase.send_replace(Closing::Closed);
        inner.context.clock.timeout(deadline, inner.concurrency.wait_none()).await;
        inner.phase.send_replace(Closing::Cut);
        inner.concurrency.wait_none().await;
        let idle = inner.idle.of_function(None, None).await;
        inner.destroy_all(idle).await;
        let stock = inner.context.stock.close();
        let workers = std::mem::take(&mut *inner.workers.lock().unwrap_or_else(PoisonError::into_inner));
        // Whoever compiles has heard that it is over, and gives its turn back when its sandbox is gone.
        let _compiling = inner.compiling.acquire().await;
        let ending: JoinSet<()> = stock.into_iter().map(Prewarmed::destroy).collect();
        tokio::join!(ending.join_all(), workers.join_all());
        inner.context.templates.end();
        inner.registry.wait_gone(None).await;
    }

    pub fn status(&self) -> PoolStatus {
        PoolStatus {
            instances: self.0.registry.instances(),
            memory_mb: self.0.registry.memory_mb(),
            memory_mb_max: self.0.context.config.memory_mb_max,
            running_invocations: self.0.concurrency.total(),
            waiting_invocations: self.0.waiting.load(Ordering::Relaxed),
            prewarmed: self.0.context.stock.status(),
        }
    }
}

impl Inner {
    fn enter(&self, spec: &VersionSpec) -> Result<Permit, ThrottleReason> {
        let provisioned = self.provisioned.count(&spec.function_arn, &spec.version);
        self.concurrency.enter(spec, provisioned)
    }

    async fn invoke(
        self: &Arc<Self>,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
        sink: Option<AnswerSink>,
    ) -> Result<Outcome, InvokeError> {
        let config = &self.context.config;
        let key = Key::of(&spec);
        let turn = self.turns.take(&key).await;
        let mut closing = self.phase.subscribe();
        let acquired = tokio::select! {
            biased;
            acquired = self.acquire(&spec, &key) => acquired?,
            // The sender is in `self`, so this cannot fail.
            _ = closing.wait_for(|phase| *phase == Closing::Cut) => return Err(closed()),
        };
        let mut starting = None;
        let (mut instance, is_cold) = match acquired {
            Acquired::Warm(instance) => (instance, false),
            Acquired::Cold(registration, turn) => {
                starting = Some((Starting::count(&self.starts), turn));
                // In boxes of their own, since every warm invocation would carry the room for them along.
                match Box::pin(Instance::start(&self.context, spec.clone(), registration)).await {
                    Ok(instance) => (instance, true),
                    Err(StartError::Code(reason)) => {
                        return Ok(fail_without_process(&self.context, &spec, &request, &reason));
                    }
                    Err(StartError::Refused(error)) => return Err(error),
                }
            }
        };
        if instance.awaits_restore() {
            self.ahead.needed(&key);
            self.initialise_missing(&spec);
        }
        let source = self.source(&spec, instance.registration().purpose());
        instance.registration().set_phase(if is_cold { Phase::Starting } else { Phase::Busy });
        let conversation = async {
            let initialised =
                if is_cold { Some(Box::pin(instance.initialised(config.init_timeout)).await) } else { None };
            // One that did not come up is started once more, with its event.
            if instance.awaits_restore() && !matches!(initialised, Some(Err(_))) {
                Box::pin(instance.restore()).await?;
            }
            drop(starting);
            if is_cold {
                self.context.preload.learn(&spec.runtime, instance.packages());
                self.compile_later(&spec, instance.launch());
            }
            instance.registration().set_phase(Phase::Busy);
            Ok::<_, InvokeError>(instance.invoke(&request, initialised, sink).await)
        };
        let finished = tokio::select! {
            biased;
            finished = conversation => finished,
            _ = closing.wait_for(|phase| *phase == Closing::Cut) => Err(closed()),
        };
        let reusable =
            finished.as_ref().is_ok_and(|finished| finished.reusable) && !self.is_surplus(&instance);
        if reusable && !instance.registration().is_doomed() && *self.phase.borrow() == Closing::Open {
            self.put_idle(key, instance, None).await;
        } else {
            self.destroy_later(vec![instance]);
        }
        let Finished { mut outcome, .. } = finished?;
        turn.took(outcome.metering.duration);
        outcome.metering.source = source;
        Ok(outcome)
    }

    /// Puts an instance in, unless its function was changed or removed meanwhile.
    async fn put_idle(self: &Arc<Self>, key: Key, instance: Box<Instance>, keep: Option<Duration>) {
        let doom = instance.registration().doom();
        let (function_arn, version) = instance.version();
        let (function_arn, version) = (function_arn.to_owned(), version.to_owned());
        self.idle.put(key, instance, keep);
        // Whoever doomed it since the last look has emptied the place before it was in there.
        if doom.has_come() {
            let idle = self.idle.of_function(Some(&function_arn), Some(&version)).await;
            self.destroy_later(idle);
        }
    }

    fn source(&self, spec: &VersionSpec, purpose: Purpose) -> InstanceSource {
        match purpose {
            Purpose::Provisioned => InstanceSource::Provisioned,
            Purpose::OnDemand if self.provisioned.count(&spec.function_arn, &spec.version) > 0 => {
                InstanceSource::Spillover
            }
            Purpose::OnDemand => InstanceSource::OnDemand,
        }
    }

    fn destroy_later(self: &Arc<Self>, instances: Vec<Box<Instance>>) {
        for instance in instances {
            instance.registration().ending();
            tokio::spawn(instance.destroy());
        }
    }

    async fn destroy_all(self: &Arc<Self>, instances: Vec<Box<Instance>>) {
        let mut ending = tokio::task::JoinSet::new();
        for instance in instances {
            ending.spawn(instance.destroy());
        }
        ending.join_all().await;
    }
}

/// One event that is being dealt with, until dropped.
struct Running<'a>(&'a KeepAlive, Arc<VersionSpec>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.ended(&self.1);
    }
}

/// One cold start under way, until dropped.
struct Starting<'a>(&'a watch::Sender<usize>);

impl<'a> Starting<'a> {
    fn count(starts: &'a watch::Sender<usize>) -> Self {
        starts.send_modify(|count| *count += 1);
        Starting(starts)
    }
}

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

fn closed() -> InvokeError {
    InvokeError::Unavailable("the server is shutting down".to_owned())
}
