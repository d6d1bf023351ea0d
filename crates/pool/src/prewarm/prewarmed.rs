use super::InstanceKind;
use crate::instance::{Context, Size, Walls};
use runtime::{Base, RuntimeMissing};
use sandbox::{CpuSpec, SandboxError};

/// A sandbox that waits for a function of its kind.
///
/// Dropping it ends the sandbox in the background.
pub(crate) struct Prewarmed {
    pub walls: Walls,
    /// What was mounted when it was made.
    base: Base,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum PrewarmError {
    #[error(transparent)]
    Missing(#[from] RuntimeMissing),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error("looking for an interpreter failed: {0}")]
    Search(#[from] tokio::task::JoinError),
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
        let base = match kind.runtime.clone() {
            None => Base::default(),
            Some(runtime) => {
                let runtimes = context.runtimes.clone();
                // May wait for the search for interpreters at the start.
                tokio::task::spawn_blocking(move || runtimes.base(&runtime)).await??
            }
        };
        let id = format!("pre-{}", context.clock.random_token(20));
        let cpu = CpuSpec { quota_millis: None, weight_millis: Some(WEIGHT_MILLIS) };
        let size = Size { tmp_mb: kind.tmp_mb, memory_mb: MEMORY_MB, cpu };
        let walls = Walls::make(context, id, &base, &size).await?;
        Ok(Prewarmed { walls, base })
    }

    /// Memory that it takes while it waits, in MiB.
    pub fn cost_mb(&self) -> u32 {
        let inside = self.walls.sandbox.stats().memory_now_bytes.unwrap_or_default() >> 20;
        u32::try_from(inside).unwrap_or(u32::MAX).saturating_add(INIT_MB)
    }

    /// Whether it can become an instance with these mounts: a runtime pack may have been replaced since.
    pub async fn fits(&self, base: &Base) -> bool {
        let lives = tokio::select! {
            biased;
            () = self.walls.sandbox.gone() => false,
            () = std::future::ready(()) => true,
        };
        lives && self.base == *base
    }

    pub async fn destroy(self) {
        let Walls { sandbox, runtime_listener, endpoint_listener } = self.walls;
        let id = sandbox.id().to_owned();
        drop((runtime_listener, endpoint_listener));
        if let Err(error) = sandbox.destroy().await {
            tracing::error!(%error, id, "a sandbox could not be removed; the next start will sweep it");
        }
    }
}
