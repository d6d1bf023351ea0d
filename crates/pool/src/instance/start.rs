use super::endpoint::serve_endpoint;
use super::invoke::LAST_WORDS;
use super::prepare::{environment, extensions, init_kind, new_log, prepare};
use super::processes::{Ended, Processes};
use super::walls::{Around, Walls};
use super::way_out;
use super::{Instance, Running};
use crate::compiled::Compiled;
use crate::layers::Layers;
use crate::output::{Log, Output};
use crate::prewarm::{GenericProcess, Preload, Prewarmed, Stock, Templates};
use crate::registry::Registration;
use crate::{CredentialError, CredentialSource, Endpoint, InvokeError, PoolConfig, VersionSpec};
use clock::Clock;
use runtime::api::{ErrorReport, Initialised, RuntimeApi};
use runtime::channel::{Channel, DESCRIPTOR_VARIABLE};
use runtime::extensions::{Facts, ShutdownReason};
use runtime::log::LogSink;
use runtime::report::{Event, Init, InitKind, InitPhase, Status};
use runtime::telemetry::Origin;
use runtime::{Conversation, Launch, Runtimes};
use sandbox::{Binding, CHANNEL_FD, Command, Host, Sandbox, SandboxError};
use std::net::TcpListener;
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
    pub compiled: Arc<Compiled>,
    pub stock: Stock<Prewarmed>,
    pub components: wasm::Machine,
    pub egress: egress::Egress,
    pub preload: Preload,
    pub templates: Templates,
}

/// A process did not come to ask for its first event.
#[derive(Debug)]
pub(crate) enum InitFailure {
    Reported(ErrorReport),
    Ended(Ended),
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
    ) -> Result<Box<Instance>, StartError> {
        let (prepared, credentials) =
            tokio::join!(prepare(context, &spec), context.credentials.credentials(&spec));
        let (launch, opt_dir) = prepared?;
        let credentials = credentials.map_err(|error| {
            StartError::Refused(match error {
                CredentialError::RoleRefused(why) => InvokeError::RoleRefused(why),
                error @ CredentialError::Failed(_) => InvokeError::Unavailable(error.to_string()),
            })
        })?;
        let log = new_log(context, &spec);
        let kind = init_kind(&spec, registration.purpose());
        let environment = environment(context, &spec, &credentials, log.stream(), kind);
        let around = Walls::around(context, &spec, &launch, registration.id());
        let Around { walls, process, binding } = around.await.map_err(refused)?;
        let Walls { mut sandbox, runtime_listener, endpoint_listener } = walls;
        // What was done before it was the function's is not charged to it.
        let cpu_told = Duration::from_micros(sandbox.usage().cpu_usec.unwrap_or_default());
        let endpoint = serve_endpoint(endpoint_listener, context.endpoint.clone(), context.clock.clone())
            .map_err(|error| unavailable(&format!("the sandbox's listener cannot be served: {error}")))?;
        let egress = way_out::open(context, &spec, &mut sandbox, &log)?;
        let external = opt_dir.as_deref().map(extensions).unwrap_or_default();
        let start = Start {
            init: Init { kind, phase: InitPhase::Init },
            spec: &spec,
            instance_id: registration.id(),
            listener: &runtime_listener,
            launch: &launch,
            environment: &environment,
            external: &external,
            log: &log,
            clock: &context.clock,
        };
        let limit = context.config.init_timeout;
        let running = start.run(&mut sandbox, process, binding, limit).await.map_err(exec_failed)?;
        Ok(Box::new(Instance {
            spec,
            clock: context.clock.clone(),
            sandbox,
            runtime_listener,
            running,
            endpoint,
            egress,
            log,
            launch,
            environment,
            external,
            end_reason: ShutdownReason::Spindown,
            restored: None,
            credentials_expire: credentials.expires,
            frozen: false,
            cpu_told,
            registration,
        }))
    }

    /// Starts the process anew in the same sandbox: `/tmp` stays, everything that ran is gone. Extensions
    /// have at most `limit` to register.
    pub(super) async fn restart(&mut self, limit: Duration) -> Result<(), SandboxError> {
        self.running.process.wind_down(&self.sandbox, ShutdownReason::Failure).await;
        self.running.api.close();
        self.sandbox.kill_all().await?;
        let start = Start {
            init: Init { phase: InitPhase::Invoke, ..self.running.init },
            spec: &self.spec,
            instance_id: self.registration.id(),
            listener: &self.runtime_listener,
            launch: &self.launch,
            environment: &self.environment,
            external: &self.external,
            log: &self.log,
            clock: &self.clock,
        };
        self.running = start.run(&mut self.sandbox, None, None, limit).await?;
        Ok(())
    }

    /// Waits until the process and its extensions ask for an event, at most until `limit` after their start;
    /// how long that took.
    pub async fn initialised(&mut self, limit: Duration) -> Result<Duration, InitFailure> {
        let Running { process, api, channel, output, since, init, .. } = &mut self.running;
        let mut conversation = Conversation::of(api, channel.as_mut());
        let left = limit.saturating_sub(self.clock.since(*since));
        let found = ready(&mut conversation, process, &self.clock, self.clock.sleep(left)).await;
        output.flush();
        let init = *init;
        let (status, error_type) = outcome(&found);
        self.log.tell(&Event::InitRuntimeDone { init, status, error_type });
        let found = match found {
            Ok(()) => {
                let left = limit.saturating_sub(self.clock.since(*since));
                match self.clock.timeout(left, process.ready()).await {
                    Some(ready) => ready.map_err(InitFailure::Ended),
                    None => Err(InitFailure::TimedOut),
                }
            }
            failed => failed,
        };
        process.flush();
        let duration = self.clock.since(*since);
        let (status, error_type) = outcome(&found);
        self.log.tell(&Event::InitReport { init, status, error_type, duration });
        process.tell();
        found.map(|()| duration)
    }
}

/// Waits until the processes ask for an event, have failed or ended, or are `late`.
pub(super) async fn ready(
    conversation: &mut Conversation<'_>,
    process: &mut Processes,
    clock: &Clock,
    late: impl Future<Output = ()>,
) -> Result<(), InitFailure> {
    let ended = tokio::select! {
        // A process that reported its failure ends right after: the report says more.
        biased;
        initialised = conversation.initialised() => return match initialised {
            Ok(Initialised::Ready) => Ok(()),
            Ok(Initialised::Failed(report)) => Err(InitFailure::Reported(report)),
            Err(broken) => Err(InitFailure::unknown(&broken)),
        },
        ended = process.wait() => ended,
        () = late => return Err(InitFailure::TimedOut),
    };
    // The report and the end may come at the same moment, and be noticed in the other order.
    match clock.timeout(LAST_WORDS, conversation.initialised()).await {
        Some(Ok(Initialised::Failed(report))) => Err(InitFailure::Reported(report)),
        _ => Err(InitFailure::Ended(ended)),
    }
}

/// What one start of the processes is made with.
struct Start<'a> {
    init: Init,
    spec: &'a VersionSpec,
    instance_id: &'a str,
    listener: &'a TcpListener,
    launch: &'a Launch,
    environment: &'a [(String, String)],
    external: &'a [String],
    log: &'a Log,
    clock: &'a Clock,
}

impl Start<'_> {
    /// Starts the extensions, waits at most `limit` until they have registered, and starts the runtime's
    /// process unless one of them has failed or is late: then [`Instance::initialised`] tells that.
    ///
    /// A `generic` process that waits inside is told to become the runtime's.
    async fn run(
        &self,
        sandbox: &mut Sandbox,
        generic: Option<GenericProcess>,
        binding: Option<Binding>,
        limit: Duration,
    ) -> Result<Running, SandboxError> {
        let since = self.clock.moment();
        let Start { spec, clock, log, launch, .. } = self;
        let facts = Facts {
            function_name: spec.function_name.to_string(),
            function_version: spec.version.clone(),
            handler: spec.handler.clone(),
            account_id: spec.account_id.to_string(),
        };
        let mut process = Processes::new(sandbox, self.external, facts, log, clock);
        log.tell(&Event::InitStart {
            init: self.init,
            runtime_version: &launch.runtime_version,
            runtime_arn: &launch.runtime_arn,
            function_name: spec.function_name.as_str(),
            function_version: &spec.version,
            instance_id: self.instance_id,
            memory_mb: spec.memory_mb,
        });
        let host_error =
            |source| SandboxError::Host { what: "a process cannot be spoken with".to_owned(), source };
        let extensions = process.extensions().clone();
        let api = self
            .listener
            .try_clone()
            .and_then(|listener| RuntimeApi::with_extensions(listener, extensions, (*clock).clone()))
            .map_err(host_error)?;
        let awaits_restore = self.init.kind == InitKind::SnapStart;
        if awaits_restore {
            api.expect_restore();
        }
        let started = process.start_extensions(sandbox, self.external, self.environment);
        let started = clock.timeout(limit, started).await.transpose()?.is_some();
        let mut channel = None;
        let bound = async {
            match binding {
                Some(binding) => binding.done().await,
                None => Ok(()),
            }
        };
        let output = if started && process.may_run() {
            let mut main = match generic {
                Some(GenericProcess { process, channel: mut waiting }) => {
                    bound.await?;
                    waiting.specialise(self.environment);
                    channel = Some(waiting);
                    process
                }
                None => {
                    // The sandbox does one after the other: the program finds its code.
                    let (bound, main) = tokio::join!(bound, sandbox.exec(self.command()));
                    bound?;
                    let mut main = main?;
                    channel = main.take_channel().map(Channel::new).transpose().map_err(host_error)?;
                    main
                }
            };
            let output = Output::start(&mut main, (*log).clone(), Origin::Function);
            process.run(main);
            output
        } else {
            Output::none(log)
        };
        Ok(Running { process, api, channel, output, since, init: self.init, awaits_restore })
    }
}

impl Start<'_> {
    fn command(&self) -> Command {
        let Launch { argv, cwd, speaks_channel, .. } = self.launch;
        let mut env = self.environment.to_vec();
        if *speaks_channel {
            env.push((DESCRIPTOR_VARIABLE.to_owned(), CHANNEL_FD.to_string()));
        }
        Command { argv: argv.clone(), env, cwd: cwd.clone(), channel: *speaks_channel }
    }
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
    pub(super) fn unknown(error: &dyn std::error::Error) -> Self {
        InitFailure::Reported(ErrorReport::platform("Runtime.Unknown", &error.to_string()))
    }

    /// For whoever published a version that cannot be initialised.
    pub fn message(&self) -> String {
        match self {
            InitFailure::Reported(report) => {
                #[derive(serde::Deserialize)]
                struct Document {
                    #[serde(rename = "errorMessage")]
                    message: String,
                }
                let document: Option<Document> = serde_json::from_slice(&report.body).ok();
                document.map_or_else(|| report.error_type.clone(), |document| document.message)
            }
            InitFailure::Ended(Ended::Runtime(exit)) => runtime::failure::exit_reason(*exit),
            InitFailure::Ended(Ended::Extension(failure)) => failure.reason.clone(),
            InitFailure::TimedOut => "The initialization took too long".to_owned(),
        }
    }
}

/// How a start is told of, with the error's type.
pub(super) fn outcome(found: &Result<(), InitFailure>) -> (Status, Option<&str>) {
    match found {
        Ok(()) => (Status::Success, None),
        Err(InitFailure::Reported(report)) => (Status::Error, Some(&report.error_type)),
        Err(InitFailure::Ended(Ended::Runtime(exit))) => (Status::Failure, Some(exit.error_type())),
        Err(InitFailure::Ended(Ended::Extension(failure))) => (Status::Failure, Some(failure.error_type)),
        Err(InitFailure::TimedOut) => (Status::Timeout, None),
    }
}
