use super::InstanceKind;
use crate::instance::{Context, Size, Walls};
use runtime::channel::{Channel, DESCRIPTOR_VARIABLE};
use runtime::generic::{Generic, PRELOAD_VARIABLE};
use runtime::{Base, RuntimeMissing};
use sandbox::{CHANNEL_FD, Command, CpuSpec, Process, Sandbox, SandboxError};
use std::path::PathBuf;

/// A sandbox that waits for a function of its kind.
///
/// Dropping it ends the sandbox in the background.
pub(crate) struct Prewarmed {
    pub walls: Walls,
    pub process: Option<GenericProcess>,
    /// What was mounted when it was made.
    base: Base,
}

/// A process of a runtime that waits to become a function's.
pub(crate) struct GenericProcess {
    pub process: Process,
    pub channel: Channel,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum PrewarmError {
    #[error(transparent)]
    Missing(#[from] RuntimeMissing),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error("the process did not come to wait for its function")]
    NotLoaded,
    #[error("the process cannot be spoken with: {0}")]
    Channel(#[from] std::io::Error),
    #[error("looking for an interpreter failed: {0}")]
    Search(#[from] tokio::task::JoinError),
}

impl PrewarmError {
    /// Not of the one sandbox that was to be forked into.
    fn is_of_template(&self) -> bool {
        matches!(self, PrewarmError::Sandbox(SandboxError::Template(_)) | PrewarmError::NotLoaded)
    }
}

/// What an init and its namespaces take, beside the processes inside.
const INIT_MB: u32 = 2;

/// What it may use until its function is known.
const MEMORY_MB: u32 = 256;
const WEIGHT_MILLIS: u32 = 20;

impl Prewarmed {
    /// # Errors
    /// The interpreter has gone, or a sandbox cannot be made.
    pub async fn make(context: &Context, kind: &InstanceKind) -> Result<Prewarmed, PrewarmError> {
        let (base, generic) = match kind.runtime.clone() {
            None => (Base { image: kind.image.clone(), ..Base::default() }, None),
            Some(runtime) => {
                let (runtimes, process) = (context.runtimes.clone(), kind.process);
                // May wait for the search for interpreters at the start.
                let find = move || {
                    let generic = process.map(|process| runtimes.generic(&runtime, process.heap_mb));
                    Ok::<_, RuntimeMissing>((runtimes.base(&runtime)?, generic.transpose()?.flatten()))
                };
                tokio::task::spawn_blocking(find).await??
            }
        };
        let id = format!("pre-{}", context.clock.random_token(20));
        let cpu = CpuSpec { quota_millis: None, weight_millis: Some(WEIGHT_MILLIS) };
        let size = Size { tmp_mb: kind.tmp_mb, memory_mb: MEMORY_MB, cpu };
        let mut walls = Walls::make(context, id, &base, &size).await?;
        let process = match generic {
            Some(generic) => Some(GenericProcess::start(context, kind, &mut walls.sandbox, generic).await?),
            None => None,
        };
        Ok(Prewarmed { walls, process, base })
    }

    /// Memory that it takes while it waits, in MiB.
    pub fn cost_mb(&self) -> u32 {
        let inside = self.walls.sandbox.stats().memory_now_bytes.unwrap_or_default() >> 20;
        u32::try_from(inside).unwrap_or(u32::MAX).saturating_add(INIT_MB)
    }

    /// Whether it can become an instance with these mounts: a runtime pack may have been replaced since.
    pub async fn fits(&mut self, base: &Base) -> bool {
        let process = async {
            match &mut self.process {
                Some(generic) => drop(generic.process.wait().await),
                None => std::future::pending().await,
            }
        };
        let lives = tokio::select! {
            biased;
            () = self.walls.sandbox.gone() => false,
            () = process => false,
            () = std::future::ready(()) => true,
        };
        lives && self.base == *base
    }

    pub async fn destroy(self) {
        let Prewarmed { walls, process, base: _ } = self;
        drop(process);
        let Walls { sandbox, runtime_listener, endpoint_listener } = walls;
        let id = sandbox.id().to_owned();
        drop((runtime_listener, endpoint_listener));
        if let Err(error) = sandbox.destroy().await {
            tracing::error!(%error, id, "a sandbox could not be removed; the next start will sweep it");
        }
    }
}

impl GenericProcess {
    /// Starts it, or has a template fork it, and waits until it waits.
    async fn start(
        context: &Context,
        kind: &InstanceKind,
        sandbox: &mut Sandbox,
        generic: Generic,
    ) -> Result<GenericProcess, PrewarmError> {
        if let Some(runtime) = &kind.runtime {
            context.templates.keep(context, runtime, &generic).await;
        }
        if let Some(forked) = GenericProcess::fork(context, kind, sandbox, &generic.base).await {
            return Ok(forked);
        }
        let process = sandbox.exec(command(context, kind, generic)).await?;
        GenericProcess::loaded(context, process).await
    }

    /// Off the template that there is for its kind; `None` when there is none, or it fails. Waits for no
    /// template to be made.
    pub async fn fork(
        context: &Context,
        kind: &InstanceKind,
        sandbox: &mut Sandbox,
        base: &Base,
    ) -> Option<GenericProcess> {
        let runtime = kind.runtime.as_ref().filter(|_| kind.process.is_some())?;
        let template = context.templates.ready(runtime, base)?;
        let forked = match sandbox.fork_from(&template).await {
            Ok(process) => GenericProcess::loaded(context, process).await,
            Err(error) => Err(error.into()),
        };
        match forked {
            Ok(forked) => Some(forked),
            Err(error) => {
                tracing::warn!(%error, %runtime, "a template did not fork");
                if error.is_of_template() {
                    context.templates.give_up(context, runtime, &template);
                }
                None
            }
        }
    }

    async fn loaded(context: &Context, mut process: Process) -> Result<GenericProcess, PrewarmError> {
        let mut channel = Channel::new(process.take_channel().ok_or(PrewarmError::NotLoaded)?)?;
        let loaded = tokio::select! {
            loaded = channel.loaded() => loaded.is_ok(),
            _ = process.wait() => false,
            () = context.clock.sleep(context.config.init_timeout) => false,
        };
        if loaded { Ok(GenericProcess { process, channel }) } else { Err(PrewarmError::NotLoaded) }
    }
}

fn command(context: &Context, kind: &InstanceKind, generic: Generic) -> Command {
    let Generic { argv, environment: mut env, base: _ } = generic;
    env.push((DESCRIPTOR_VARIABLE.to_owned(), CHANNEL_FD.to_string()));
    if let Some(packages) = kind.runtime.as_ref().and_then(|runtime| context.preload.list(runtime)) {
        env.push((PRELOAD_VARIABLE.to_owned(), packages));
    }
    Command { argv, env, cwd: PathBuf::from("/var/task"), channel: true }
}
