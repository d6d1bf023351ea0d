use super::{AbortOnDrop, Instance, Running, exit_of};
use crate::layers::Layers;
use crate::output::{Log, Output};
use crate::registry::Registration;
use crate::{CredentialSource, Credentials, Endpoint, InvokeError, PoolConfig, VersionSpec};
use clock::Clock;
use runtime::api::{ErrorReport, Initialised, RuntimeApi};
use runtime::failure::Exit;
use runtime::log::{LogSink, LogSource};
use runtime::{LaunchError, LaunchRequest, Runtimes, Session, Surroundings, report};
use sandbox::{Bind, Command, CpuSpec, Host, RootSpec, Sandbox, SandboxError, Spec};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

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

/// Where the Runtime API is inside a sandbox.
const RUNTIME_API: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9001);

/// As Lambda's, per instance (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const PROCESSES_MAX: u32 = 1024;
const DESCRIPTORS_MAX: u64 = 1024;

/// Connections to the front door that one instance may hold open; further ones wait in the backlog.
const ENDPOINT_CONNECTIONS_MAX: usize = 256;

impl Instance {
    /// Makes a sandbox and starts the process in it, without waiting for it to come up.
    pub async fn start(
        context: &Context,
        spec: Arc<VersionSpec>,
        registration: Registration,
    ) -> Result<Instance, StartError> {
        let (launch, opt_dir) = prepare(context, &spec).await?;
        let credentials = context
            .credentials
            .credentials(&spec)
            .await
            .map_err(|error| StartError::Refused(InvokeError::Unavailable(error.to_string())))?;
        let log = new_log(context, &spec);
        let environment = environment(context, &spec, &credentials, log.stream());
        let sandbox_spec = sandbox_spec(context, &spec, &launch, registration.id());
        let mut sandbox = Sandbox::create(&context.host, sandbox_spec).await.map_err(refused)?;
        let mut listeners = sandbox.take_listeners().into_iter();
        let (Some(runtime_listener), Some(endpoint_listener)) = (listeners.next(), listeners.next()) else {
            return Err(unavailable("the sandbox came without its listeners"));
        };
        let endpoint = serve_endpoint(endpoint_listener, context.endpoint.clone())
            .map_err(|error| unavailable(&format!("the sandbox's listener cannot be served: {error}")))?;
        log.line(report::init_start(&launch.runtime_version, &launch.runtime_arn));
        for name in opt_dir.iter().flat_map(|opt| extensions(opt)) {
            log.line(format!("EXTENSION\tName: {name}\tState: NotStarted\tExtensions are not supported yet"));
        }
        let running = run(&mut sandbox, &runtime_listener, &launch, &environment, &log, &context.clock)
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
        let Instance { sandbox, runtime_listener, launch, environment, log, clock, .. } = self;
        self.running = run(sandbox, runtime_listener, launch, environment, log, clock).await?;
        Ok(())
    }

    /// Waits until the process asks for an event, at most `limit`; how long that took since its start.
    pub async fn initialised(&mut self, limit: Duration) -> Result<Duration, InitFailure> {
        let Running { process, api, output, since } = &mut self.running;
        let found = tokio::select! {
            // A process that reported its failure ends right after: the report says more.
            biased;
            initialised = api.initialised() => match initialised {
                Initialised::Ready => Ok(self.clock.since(*since)),
                Initialised::Failed(report) => Err(InitFailure::Reported(report)),
            },
            exit = process.wait() => Err(InitFailure::Exited(exit_of(exit))),
            () = self.clock.sleep(limit) => Err(InitFailure::TimedOut),
        };
        output.flush().await;
        found
    }
}

async fn prepare(
    context: &Context,
    spec: &Arc<VersionSpec>,
) -> Result<(runtime::Launch, Option<PathBuf>), StartError> {
    let (layers, runtimes, spec) = (context.layers.clone(), context.runtimes.clone(), spec.clone());
    let invalid = |message: String| StartError::Refused(InvokeError::InvalidCode(message));
    let work = move || {
        if !spec.code_dir.is_dir() {
            return Err(invalid(format!("the code of {} is not on this machine", spec.function_arn)));
        }
        let opt_dir = layers.merged(&spec.layer_dirs).map_err(|error| {
            invalid(format!("the layers of {} cannot be merged: {error}", spec.function_arn))
        })?;
        let request = LaunchRequest {
            runtime: &spec.runtime,
            region: spec.region.as_str(),
            memory_mb: spec.memory_mb,
            code_dir: &spec.code_dir,
            opt_dir: opt_dir.as_deref(),
            exec_wrapper: spec.environment.get("AWS_LAMBDA_EXEC_WRAPPER").map(String::as_str),
        };
        match runtimes.launch(&request) {
            Ok(launch) => Ok((launch, opt_dir)),
            Err(LaunchError::Missing(missing)) => {
                Err(StartError::Refused(InvokeError::RuntimeMissing(missing.to_string())))
            }
            Err(LaunchError::Entrypoint(reason)) => Err(StartError::Code(reason)),
        }
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(unavailable(&format!("preparing the code failed: {error}"))),
    }
}

pub(super) fn new_log(context: &Context, spec: &VersionSpec) -> Log {
    let mut id = [0; 16];
    context.clock.fill_random(&mut id);
    let date = context.clock.now().to_iso8601();
    let date = date.get(..10).unwrap_or_default().replace('-', "/");
    let source = LogSource {
        function_arn: spec.function_arn.clone(),
        version: spec.version.clone(),
        log_group: spec.log_group.clone(),
        log_stream: format!("{date}/[{}]{:032x}", spec.version, u128::from_be_bytes(id)),
    };
    let managed = spec.runtime.family() != runtime::Family::Provided;
    Log::new(context.clock.clone(), context.logs.clone(), source, managed)
}

fn environment(
    context: &Context,
    spec: &VersionSpec,
    credentials: &Credentials,
    log_stream: &str,
) -> Vec<(String, String)> {
    runtime::environment(&Surroundings {
        runtime: &spec.runtime,
        handler: &spec.handler,
        function_name: spec.function_name.as_str(),
        version: &spec.version,
        region: spec.region.as_str(),
        memory_mb: spec.memory_mb,
        log_group: &spec.log_group,
        log_stream,
        log_format: spec.log_format.as_str(),
        runtime_api: &RUNTIME_API.to_string(),
        endpoint_url: &format!("http://{}", context.config.endpoint_inside),
        session: Session {
            access_key_id: &credentials.access_key_id,
            secret_access_key: &credentials.secret_access_key,
            session_token: &credentials.session_token,
        },
        user: &spec.environment,
    })
}

fn sandbox_spec(context: &Context, spec: &VersionSpec, launch: &runtime::Launch, id: &str) -> Spec {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let own_names = ["sandbox", "sandbox.localdomain"].map(str::to_owned);
    let names = own_names.into_iter().chain(context.config.host_names.iter().cloned());
    let mebibytes = |count: u32| u64::from(count) << 20;
    Spec {
        id: id.to_owned(),
        root: RootSpec {
            host_os: true,
            binds: launch
                .binds
                .iter()
                .map(|(source, target)| Bind { source: source.clone(), target: target.clone() })
                .collect(),
            directories: vec!["/opt".into(), "/var/task".into(), "/var/runtime".into()],
            symlinks: launch.symlinks.clone(),
        },
        tmp_bytes: mebibytes(spec.tmp_mb),
        memory_bytes: mebibytes(spec.memory_mb),
        cpu: CpuSpec {
            // 1,769 MB buy one CPU.
            quota_millis: context.config.cpu_hard_quota.then(|| (spec.memory_mb * 1000 / 1769).max(10)),
        },
        pids_max: PROCESSES_MAX,
        nofile: DESCRIPTORS_MAX,
        hostname: "sandbox".to_owned(),
        listen: vec![RUNTIME_API, context.config.endpoint_inside],
        host_names: names.map(|name| (name, loopback)).collect(),
    }
}

async fn run(
    sandbox: &mut Sandbox,
    listener: &TcpListener,
    launch: &runtime::Launch,
    environment: &[(String, String)],
    log: &Log,
    clock: &Clock,
) -> Result<Running, SandboxError> {
    let host_error =
        |source| SandboxError::Host { what: "the Runtime API cannot be served".to_owned(), source };
    let api = listener.try_clone().and_then(RuntimeApi::start).map_err(host_error)?;
    let command =
        Command { argv: launch.argv.clone(), env: environment.to_vec(), cwd: PathBuf::from("/var/task") };
    let since = clock.moment();
    let mut process = sandbox.exec(command).await?;
    let output = Output::start(&mut process, log.clone());
    Ok(Running { process, api, output, since })
}

fn serve_endpoint(listener: TcpListener, endpoint: Arc<dyn Endpoint>) -> std::io::Result<AbortOnDrop> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    Ok(AbortOnDrop(tokio::spawn(async move {
        let slots = Arc::new(Semaphore::new(ENDPOINT_CONNECTIONS_MAX));
        // Ends with this task, and with it every connection.
        let mut connections = JoinSet::new();
        // The semaphore is never closed.
        while let Ok(slot) = slots.clone().acquire_owned().await {
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((stream, _)) => {
                    let served = endpoint.serve(stream);
                    connections.spawn(async move {
                        served.await;
                        drop(slot);
                    });
                }
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    // It would come back at once, for ever.
                    tracing::warn!(%error, "an instance can open no more connections to the platform");
                    while connections.join_next().await.is_some() {}
                    return;
                }
            }
        }
    })))
}

/// Names of the external extensions in the layers.
fn extensions(opt: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(opt.join("extensions")).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.take(10).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
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

fn unavailable(message: &str) -> StartError {
    StartError::Refused(InvokeError::Unavailable(message.to_owned()))
}

impl InitFailure {
    /// For the INIT_REPORT line: status and, for errors, their type.
    pub fn status(&self) -> (&'static str, Option<&str>) {
        match self {
            InitFailure::Reported(report) => ("error", Some(&report.error_type)),
            InitFailure::Exited(_) => ("error", Some("Runtime.ExitError")),
            InitFailure::TimedOut => ("timeout", None),
        }
    }
}
