use super::prepare::{binds, cpu, mebibytes, sandbox_spec};
use super::start::Context;
use crate::VersionSpec;
use crate::prewarm::{GenericProcess, InstanceKind, Prewarmed};
use runtime::{Base, Launch};
use sandbox::{Binding, CpuSpec, Sandbox, SandboxError};
use std::net::TcpListener;

/// A sandbox with its two listeners.
///
/// The listeners keep the network namespace alive: drop them with the sandbox.
pub(crate) struct Walls {
    pub sandbox: Sandbox,
    pub runtime_listener: TcpListener,
    pub endpoint_listener: TcpListener,
}

/// What a start begins with.
pub(super) struct Around {
    pub walls: Walls,
    /// One that waits to be told what to become.
    pub process: Option<GenericProcess>,
    /// Code and layers, where they are still on their way into the sandbox.
    pub binding: Option<Binding>,
}

/// What a sandbox is given.
pub(crate) struct Size {
    pub tmp_mb: u32,
    pub memory_mb: u32,
    pub cpu: CpuSpec,
}

impl Size {
    pub fn of(context: &Context, spec: &VersionSpec) -> Size {
        let VersionSpec { tmp_mb, memory_mb, .. } = *spec;
        Size { tmp_mb, memory_mb, cpu: cpu(context, memory_mb) }
    }
}

impl Walls {
    /// Makes a sandbox with `base` inside.
    ///
    /// # Errors
    /// As [`Sandbox::create`].
    pub async fn make(
        context: &Context,
        id: String,
        base: &Base,
        size: &Size,
    ) -> Result<Walls, SandboxError> {
        let mut sandbox = Sandbox::create(&context.host, sandbox_spec(context, id, base, size)).await?;
        let mut listeners = sandbox.take_listeners().into_iter();
        match (listeners.next(), listeners.next()) {
            (Some(runtime_listener), Some(endpoint_listener)) => {
                Ok(Walls { sandbox, runtime_listener, endpoint_listener })
            }
            _ => Err(SandboxError::Gone("it came without its listeners".to_owned())),
        }
    }

    /// The walls of an instance of `spec`, with its code and layers: from stock, or made now.
    ///
    /// # Errors
    /// As [`Sandbox::create`].
    pub(super) async fn around(
        context: &Context,
        spec: &VersionSpec,
        launch: &Launch,
        id: &str,
    ) -> Result<Around, SandboxError> {
        let size = Size::of(context, spec);
        let kind = InstanceKind::of(spec);
        if let Some(prewarmed) = context.stock.take(&kind) {
            match specialise(prewarmed, launch, &size).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                // What is wrong with the code shows below too, and is told from there.
                Err(error) => tracing::warn!(%error, "a sandbox from stock could not be used"),
            }
        }
        let mut all = launch.base.clone();
        all.binds.extend_from_slice(&launch.binds);
        all.symlinks.extend_from_slice(&launch.symlinks);
        let mut walls = Walls::make(context, id.to_owned(), &all, &size).await?;
        let forked = GenericProcess::fork(context, &kind, &mut walls.sandbox, &launch.base).await;
        Ok(Around { walls, process: forked, binding: None })
    }
}

/// `None` when it does not fit. What is not used ends in the background.
async fn specialise(
    mut prewarmed: Prewarmed,
    launch: &Launch,
    size: &Size,
) -> Result<Option<Around>, SandboxError> {
    if !prewarmed.fits(&launch.base).await {
        return Ok(None);
    }
    let Prewarmed { mut walls, process, .. } = prewarmed;
    walls.sandbox.set_limits(mebibytes(size.memory_mb), &size.cpu)?;
    let binding = walls.sandbox.begin_bind_all(&binds(&launch.binds), &launch.symlinks).await?;
    Ok(Some(Around { walls, process, binding: Some(binding) }))
}
