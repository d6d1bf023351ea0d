//! Compiling large packages behind their first start, so that the next ones need not.

use super::{Closing, Inner};
use crate::VersionSpec;
use crate::compiled::Making;
use crate::instance::{Size, Walls};
use runtime::compiled::{Compilation, OUTPUT_BYTES_MAX, parts, worth_compiling};
use runtime::{Launch, RuntimeMissing};
use sandbox::{Command, CpuSpec, SandboxError};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// More than a slow machine takes for the largest package.
const COMPILED_WITHIN: Duration = Duration::from_secs(60);

/// Beside the memory of instances; one package is compiled at a time.
const MEMORY_MB: u32 = 1024;
const TMP_MB: u32 = 16;

/// Invocations come first.
const WEIGHT_MILLIS: u32 = 20;

/// Host paths and paths inside.
type Mounts = Vec<(PathBuf, PathBuf)>;

#[derive(Debug, thiserror::Error)]
enum CompileError {
    #[error(transparent)]
    Missing(#[from] RuntimeMissing),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error("the compiler ended with {0:?}")]
    Ended(sandbox::ExitStatus),
    #[error("the compiler took too long")]
    Late,
    #[error("the compiler's output is none")]
    Garbled,
    #[error("the server is shutting down")]
    Closing,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the work was given up: {0}")]
    Join(#[from] tokio::task::JoinError),
}

impl Inner {
    /// Of an instance that came up: what the next ones can do without is begun, in the background.
    pub(super) fn compile_later(self: &Arc<Self>, spec: &Arc<VersionSpec>, launch: &Launch) {
        let Some(making) = self.context.compiled.begin(spec, launch) else { return };
        let (inner, spec) = (self.clone(), spec.clone());
        let binds = launch.binds.clone();
        tokio::spawn(async move {
            // It is never closed.
            let _turn = inner.compiling.acquire().await;
            inner.wait_for_starts().await;
            match inner.compile(&spec, binds, making).await {
                Ok(()) | Err(CompileError::Closing) => {}
                Err(error) => {
                    tracing::warn!(%error, function = spec.function_arn, "its package is not compiled ahead");
                }
            }
        });
    }

    async fn compile(&self, spec: &VersionSpec, mounts: Mounts, making: Making) -> Result<(), CompileError> {
        let (runtimes, runtime) = (self.context.runtimes.clone(), spec.runtime.clone());
        let (package, memory_mb) = (spec.code_dir.clone(), spec.memory_mb);
        let prepare = move || {
            let names = worth_compiling(&package);
            let compilation =
                if names.is_empty() { None } else { runtimes.compilation(&runtime, memory_mb, &names)? };
            Ok::<_, RuntimeMissing>((names, compilation))
        };
        let (names, Some(compilation)) = tokio::task::spawn_blocking(prepare).await?? else { return Ok(()) };
        let output = self.run_compiler(compilation, mounts).await?;
        let keep = move || {
            let parts = parts(&output, names.len()).ok_or(CompileError::Garbled)?;
            Ok(making.keep(&names, &parts)?)
        };
        tokio::task::spawn_blocking(keep).await?
    }

    async fn run_compiler(&self, compilation: Compilation, mounts: Mounts) -> Result<Vec<u8>, CompileError> {
        let (context, mut closing) = (&self.context, self.phase.subscribe());
        let Compilation { mut base, argv } = compilation;
        base.binds.extend(mounts);
        let id = format!("compile-{}", context.clock.random_token(20));
        let cpu = CpuSpec { quota_millis: None, weight_millis: Some(WEIGHT_MILLIS) };
        let size = Size { tmp_mb: TMP_MB, memory_mb: MEMORY_MB, cpu };
        let mut walls = Walls::make(context, id, &base, &size).await?;
        let work = async {
            let command = Command { argv, env: Vec::new(), cwd: "/".into(), channel: false };
            let mut process = walls.sandbox.exec(command).await?;
            let mut output = Vec::new();
            if let Some(stdout) = process.stdout.take() {
                stdout.take(OUTPUT_BYTES_MAX).read_to_end(&mut output).await?;
            }
            match process.wait().await.status {
                status if status.success() => Ok(output),
                status => Err(CompileError::Ended(status)),
            }
        };
        let output = tokio::select! {
            output = context.clock.timeout(COMPILED_WITHIN, work) => output.unwrap_or(Err(CompileError::Late)),
            // The sender is in `self`, so this cannot fail.
            _ = closing.wait_for(|phase| *phase != Closing::Open) => Err(CompileError::Closing),
        };
        walls.sandbox.destroy().await?;
        output
    }
}
