mod answer;
mod component;
mod conclude;
mod delivery;
mod endpoint;
mod invoke;
mod prepare;
mod processes;
mod restore;
mod spans;
mod start;
mod walls;
mod way_out;

pub(crate) use component::{Component, fail as fail_component};
pub(crate) use invoke::{Finished, fail_without_process};
pub(crate) use prepare::root;
pub(crate) use start::{Context, StartError};
pub(crate) use walls::{Size, Walls};

use crate::VersionSpec;
use crate::output::{Log, Output};
use crate::registry::Registration;
use clock::{Clock, Moment, Timestamp};
use processes::Processes;
use runtime::api::RuntimeApi;
use runtime::channel::Channel;
use runtime::extensions::ShutdownReason;
use runtime::failure::Exit;
use runtime::report::{Init, Restore};
use sandbox::{ExitStatus, Sandbox, SandboxError};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// One sandbox with one process of one function version, which gets one event at a time.
///
/// Dropping it ends the sandbox in the background; [`Instance::destroy`] waits for that.
pub(crate) struct Instance {
    spec: Arc<VersionSpec>,
    clock: Clock,
    sandbox: Sandbox,
    /// The listener behind every [`RuntimeApi`] of this instance.
    runtime_listener: TcpListener,
    running: Running,
    endpoint: AbortOnDrop,
    /// Serves the way out; `None` where this machine has none to give.
    egress: Option<egress::Attached>,
    log: Log,
    launch: runtime::Launch,
    environment: Vec<(String, String)>,
    /// Names of the programs in `/opt/extensions`.
    external: Vec<String>,
    /// For the report of the next invocation.
    restored: Option<Restore>,
    /// What extensions are told when it ends.
    end_reason: ShutdownReason,
    /// The credentials inside end then.
    credentials_expire: Timestamp,
    frozen: bool,
    /// CPU time that earlier invocations have been told of.
    cpu_told: Duration,
    /// Last, because it gives back the memory and the place: all else is gone by then.
    registration: Registration,
}

/// One start of the process.
struct Running {
    process: Processes,
    /// Serves whoever asks, even where the process itself has a channel.
    api: RuntimeApi,
    channel: Option<Channel>,
    output: Output,
    since: Moment,
    init: Init,
    /// Initialised ahead: the process is to be told when it goes on.
    awaits_restore: bool,
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Instance {
    pub fn spec(&self) -> &Arc<VersionSpec> {
        &self.spec
    }

    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// The packages of the runtime's pack that the code loaded when it started, as the process says.
    pub fn packages(&self) -> &[String] {
        self.running.channel.as_ref().map_or(&[], Channel::packages)
    }

    /// How its processes are started.
    pub fn launch(&self) -> &runtime::Launch {
        &self.launch
    }

    /// Function ARN and version.
    pub fn version(&self) -> (&str, &str) {
        (&self.spec.function_arn, &self.spec.version)
    }

    pub fn memory_mb(&self) -> u32 {
        self.spec.memory_mb
    }

    /// Whether the process lives and its credentials outlast another invocation.
    pub async fn is_usable(&mut self) -> bool {
        let outlasts = self.credentials_expire > self.clock.now() + self.spec.timeout + CREDENTIALS_MARGIN;
        let lives = tokio::select! {
            biased;
            _ = self.running.process.wait() => false,
            () = self.sandbox.gone() => false,
            () = std::future::ready(()) => true,
        };
        outlasts && lives
    }

    /// Nobody waits until the last thread stands still: that is soon, and thawing need not be after it.
    pub fn freeze(&mut self) -> Result<(), SandboxError> {
        if !self.frozen {
            self.sandbox.begin_freezing()?;
            self.frozen = true;
        }
        Ok(())
    }

    pub async fn thaw(&mut self) -> Result<(), SandboxError> {
        if self.frozen {
            self.sandbox.thaw().await?;
            self.frozen = false;
        }
        Ok(())
    }

    /// Ends everything inside and gives back memory and place when that is done.
    ///
    /// Extensions get the time to end in order: up to two seconds.
    pub async fn destroy(mut self) {
        self.registration.ending();
        if self.thaw().await.is_ok() {
            self.running.process.wind_down(&self.sandbox, self.end_reason).await;
        }
        let Instance { sandbox, running, endpoint, egress, registration, runtime_listener, .. } = self;
        let id = sandbox.id().to_owned();
        // Connections first: they must not keep anything alive that is being taken down.
        drop((endpoint, egress));
        drop(running);
        drop(runtime_listener);
        if let Err(error) = sandbox.destroy().await {
            tracing::error!(%error, id, "a sandbox could not be removed; the next start will sweep it");
        }
        drop(registration);
    }

    /// What the sandbox used so far, and the CPU time since this was asked last.
    fn usage(&mut self) -> (sandbox::Usage, Option<Duration>) {
        let usage = self.sandbox.usage();
        let cpu = usage.cpu_usec.map(|total| {
            let total = Duration::from_micros(total);
            total.saturating_sub(std::mem::replace(&mut self.cpu_told, total))
        });
        (usage, cpu)
    }
}

/// For the platform's part after the code's deadline.
const CREDENTIALS_MARGIN: Duration = Duration::from_secs(60);

const SIGKILL: i32 = 9;

fn exit_of(exit: sandbox::Exit) -> Exit {
    match exit.status {
        ExitStatus::Signal(SIGKILL) if exit.oom_killed => Exit::OutOfMemory,
        ExitStatus::Code(code) => Exit::Code(code),
        ExitStatus::Signal(signal) => Exit::Signal(signal),
    }
}
