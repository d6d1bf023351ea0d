use super::endpoint::serve_endpoint;
use super::prepare::{environment, extensions, new_log, prepare};
use super::walls::Walls;
use super::{Instance, Running, exit_of};
use crate::layers::Layers;
use crate::output::{Log, Output};
use crate::prewarm::{Prewarmed, Stock};
use crate::registry::Registration;
use crate::{CredentialSource, Endpoint, InvokeError, PoolConfig, VersionSpec};
use clock::Clock;
use runtime::api::{ErrorReport, Initialised, RuntimeApi};
use runtime::failure::Exit;
use runtime::log::LogSink;
use runtime::report::{Event, Init, InitKind, InitPhase, Status};
use runtime::{Conversation, Runtimes};
use sandbox::{Command, Host, Sandbox, SandboxError};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What instances are made with.
pub(crate) struct Context {
    pub config: PoolConfig,
    pub host: Host,
    pub clock: Clock,
    pub runtimes: Runtimes,
    pub endpoint: Arc<dyn Endpoint>,
    pub credentials: Arc<dyn CredentialSource>,
    pub logs: LogSink,
    pub layers: Arc<Layers>,
    pub stock: Stock<Prewarmed>,
}

/// A process did not come to ask for its first event.
#[derive(Debug)]
pub(crate) enum InitFailure {
    Reported(ErrorReport),
    Exited(Exit),
    TimedOut,
}

pub(crate) enum StartError {
    /// The invocation fails with this error document: the code has nothing that can be started.
    Code(String),
    Refused(InvokeError),
}

impl Instance {
    /// Takes a sandbox from stock, or makes one, and starts the process in it, without waiting for it to
    /// come up.
    pub async fn start(
        context: &Context,
        spec: Arc<VersionSpec>,
        registration: Registration,
    ) -> Result<Instance, StartError> {
        let (prepared, credentials) =
            tokio::join!(prepare(context, &spec), context.credentials.credentials(&spec));
        let (launch, opt_dir) = prepared?;
        let credentials =
            credentials.map_err(|error| StartError::Refused(InvokeError::Unavailable(error.to_string())))?;
        let log = new_log(context, &spec);
        let environment = environment(context, &spec, &credentials, log.stream());
        let walls = Walls::around(context, &spec, &launch, registration.id()).await.map_err(refused)?;
        let Walls { mut sandbox, runtime_listener, endpoint_listener } = walls;
        let endpoint = serve_endpoint(endpoint_listener, context.endpoint.clone(), context.clock.clone())
            .map_err(|error| unavailable(&format!("the sandbox's listener cannot be served: {error}")))?;
        for name in opt_dir.iter().flat_map(|opt| extensions(opt)) {
            log.tell(&Event::Fault {
                text: &format!(
                    "EXTENSION\tName: {name}\tState: NotStarted\tExtensions are not supported yet"
                ),
            });
        }
        let init = Init { kind: InitKind::OnDemand, phase: InitPhase::Init };
        tell_start(&log, init, &spec, &launch, registration.id());
        let running = run(&mut sandbox, &runtime_listener, &launch, &environment, &log, &context.clock, init)
            .await
            .map_err(exec_failed)?;
        Ok(Instance {
            spec,
            clock: context.clock.clone(),
            sandbox,
            runtime_listener,
            running,
            endpoint,
            log,
            launch,
            environment,
            credentials_expire: credentials.expires,
            frozen: false,
            registration,
        })
    }

    /// Starts the process anew in the same sandbox: `/tmp` stays, everything that ran is gone.
    pub(super) async fn restart(&mut self) -> Result<(), SandboxError> {
        self.sandbox.kill_all().await?;
        let Instance { spec, sandbox, runtime_listener, launch, environment, log, clock, running, .. } = self;
        let init = Init { phase: InitPhase::Invoke, ..running.init };
        tell_start(log, init, spec, launch, self.registration.id());
        *running = run(sandbox, runtime_listener, launch, environment, log, clock, init).await?;
        Ok(())
    }

    /// Waits until the process asks for an event, at most `limit`; how long that took since its start.
    pub async fn initialised(&mut self, limit: Duration) -> Result<Duration, InitFailure> {
        let Running { process, api, channel, output, since, init } = &mut self.running;
        let mut conversation = Conversation::of(api, channel.as_mut());
        let found = tokio::select! {
            // A process that reported its failure ends right after: the report says more.
            biased;
            initialised = conversation.initialised() => match initialised {
                Ok(Initialised::Ready) => Ok(self.clock.since(*since)),
                Ok(Initialised::Failed(report)) => Err(InitFailure::Reported(report)),
                Err(broken) => Err(InitFailure::Reported(ErrorReport::platform(
                    "Runtime.Unknown",
                    &broken.to_string(),
                ))),
            },
            exit = process.wait() => Err(InitFailure::Exited(exit_of(exit))),
            () = self.clock.sleep(limit) => Err(InitFailure::TimedOut),
        };
        output.flush().await;
        let duration = self.clock.since(*since);
        let (status, error_type) = match &found {
            Ok(_) => (Status::Success, None),
            Err(failure) => failure.status(),
        };
        let init = *init;
        self.log.tell(&Event::InitRuntimeDone { init, status, error_type });
        self.log.tell(&Event::InitReport { init, status, error_type, duration });
        found
    }
}

fn tell_start(log: &Log, init: Init, spec: &VersionSpec, launch: &runtime::Launch, instance_id: &str) {
    log.tell(&Event::InitStart {
        init,
        runtime_version: &launch.runtime_version,
        runtime_arn: &launch.runtime_arn,
        function_name: spec.function_name.as_str(),
        function_version: &spec.version,
        instance_id,
        memory_mb: spec.memory_mb,
    });
}

async fn run(
    sandbox: &mut Sandbox,
    listener: &TcpListener,
    launch: &runtime::Launch,
    environment: &[(String, String)],
    log: &Log,
    clock: &Clock,
    init: Init,
) -> Result<Running, SandboxError> {
    let host_error =
        |source| SandboxError::Host { what: "the Runtime API cannot be served".to_owned(), source };
    let api = listener
        .try_clone()
        .and_then(|listener| RuntimeApi::start(listener, clock.clone()))
        .map_err(host_error)?;
    let command = Command {
        argv: launch.argv.clone(),
        env: environment.to_vec(),
        cwd: PathBuf::from("/var/task"),
        channel: false,
    };
    let since = clock.moment();
    let mut process = sandbox.exec(command).await?;
    let output = Output::start(&mut process, log.clone());
    Ok(Running { process, api, channel: None, output, since, init })
}

fn exec_failed(error: SandboxError) -> StartError {
    match error {
        SandboxError::Exec { program, source } => StartError::Code(exec_reason(&program, &source)),
        other => refused(other),
    }
}

/// As the service words it.
pub(super) fn exec_reason(program: &str, error: &std::io::Error) -> String {
    let reason = match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ if error.raw_os_error() == Some(ENOEXEC) => "exec format error".to_owned(),
        _ => error.to_string(),
    };
    format!("fork/exec {program}: {reason}")
}

const ENOEXEC: i32 = 8;

fn refused(error: SandboxError) -> StartError {
    StartError::Refused(match error {
        SandboxError::Bind { .. } => InvokeError::InvalidCode(error.to_string()),
        other => InvokeError::Unavailable(other.to_string()),
    })
}

pub(super) fn unavailable(message: &str) -> StartError {
    StartError::Refused(InvokeError::Unavailable(message.to_owned()))
}

impl InitFailure {
    /// How it is told of, with the error's type.
    fn status(&self) -> (Status, Option<&str>) {
        match self {
            InitFailure::Reported(report) => (Status::Error, Some(&report.error_type)),
            InitFailure::Exited(_) => (Status::Failure, Some("Runtime.ExitError")),
            InitFailure::TimedOut => (Status::Timeout, None),
        }
    }
}
