//! What is decided about an instance before there is one.

use super::start::{Context, StartError, unavailable};
use super::walls::Size;
use crate::output::Log;
use crate::registry::Purpose;
use crate::{Credentials, InvokeError, VersionSpec};
use runtime::compiled::COMPILED;
use runtime::extensions::EXTENSIONS_MAX;
use runtime::log::{ApplicationLevel, LogSource};
use runtime::report::InitKind;
use runtime::{Base, LaunchError, LaunchRequest, Session, Surroundings};
use sandbox::{Bind, CpuSpec, RootSpec, Spec};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the Runtime API is inside a sandbox.
const RUNTIME_API: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9001);

/// As Lambda's, per instance (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const PROCESSES_MAX: u32 = 1024;
const DESCRIPTORS_MAX: u64 = 1024;

/// Decides what is mounted and started.
pub(super) async fn prepare(
    context: &Context,
    spec: &Arc<VersionSpec>,
) -> Result<(runtime::Launch, Option<PathBuf>), StartError> {
    // A few path look-ups then, and no file is read: not worth another thread. How many an image wants, and through
    // how many links, is its own choice.
    let is_quick =
        spec.image.is_none() && spec.layer_dirs.len() < 2 && context.runtimes.is_known(&spec.runtime);
    let (layers, compiled) = (context.layers.clone(), context.compiled.clone());
    let (runtimes, spec) = (context.runtimes.clone(), spec.clone());
    let invalid = |message: String| StartError::Refused(InvokeError::InvalidCode(message));
    let work = move || {
        if !spec.code_dir.is_dir() {
            return Err(invalid(format!("the code of {} is not on this machine", spec.function_arn)));
        }
        let variable = |name: &str| spec.environment.get(name).map(String::as_str);
        if let Some(program) = &spec.image {
            let region = spec.region.as_str();
            let launch = runtimes.launch_image(&spec.code_dir, program, variable("PATH"), region);
            let opt = Some(spec.code_dir.join("opt")).filter(|opt| is_directory(opt));
            return launch.map(|launch| (launch, opt)).map_err(cannot_launch);
        }
        let opt_dir = layers.merged(&spec.layer_dirs).map_err(|error| {
            invalid(format!("the layers of {} cannot be merged: {error}", spec.function_arn))
        })?;
        let request = LaunchRequest {
            runtime: &spec.runtime,
            handler: &spec.handler,
            region: spec.region.as_str(),
            memory_mb: spec.memory_mb,
            code_dir: &spec.code_dir,
            opt_dir: opt_dir.as_deref(),
            exec_wrapper: variable("AWS_LAMBDA_EXEC_WRAPPER"),
            java_tool_options: variable("JAVA_TOOL_OPTIONS"),
        };
        let mut launch = runtimes.launch(&request).map_err(cannot_launch)?;
        launch.binds.extend(compiled.of(&spec, &launch).map(|made| (made, COMPILED.into())));
        Ok((launch, opt_dir))
    };
    if is_quick {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(unavailable(&format!("preparing the code failed: {error}"))),
    }
}

fn cannot_launch(error: LaunchError) -> StartError {
    match error {
        LaunchError::Missing(missing) => {
            StartError::Refused(InvokeError::RuntimeMissing(missing.to_string()))
        }
        LaunchError::Entrypoint(reason) => StartError::Code(reason),
    }
}

/// The log of a new instance, with a stream of its own.
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
    Log::new(context.clock.clone(), context.logs.clone(), source, managed, spec.log_format)
}

/// Why its processes are started.
pub(super) fn init_kind(spec: &VersionSpec, purpose: Purpose) -> InitKind {
    match purpose {
        _ if spec.snap_start => InitKind::SnapStart,
        Purpose::OnDemand => InitKind::OnDemand,
        Purpose::Provisioned => InitKind::ProvisionedConcurrency,
    }
}

/// The process's whole environment.
pub(super) fn environment(
    context: &Context,
    spec: &VersionSpec,
    credentials: &Credentials,
    log_stream: &str,
    init: InitKind,
) -> Vec<(String, String)> {
    runtime::environment(&Surroundings {
        runtime: &spec.runtime,
        image: spec.image.as_ref(),
        handler: &spec.handler,
        function_name: spec.function_name.as_str(),
        version: &spec.version,
        region: spec.region.as_str(),
        memory_mb: spec.memory_mb,
        log_group: &spec.log_group,
        log_stream,
        log_format: spec.log_format.as_str(),
        log_level: spec.log_format.application_level().map(ApplicationLevel::as_str),
        init,
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

/// The walls around an instance, or around what may become one; without code and layers.
pub(super) fn sandbox_spec(context: &Context, id: String, base: &Base, size: &Size) -> Spec {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let own_names = ["sandbox", "sandbox.localdomain"].map(str::to_owned);
    let names = own_names.into_iter().chain(context.config.host_names.iter().cloned());
    Spec {
        id,
        root: root(base),
        tmp_bytes: mebibytes(size.tmp_mb),
        memory_bytes: mebibytes(size.memory_mb),
        cpu: size.cpu.clone(),
        pids_max: PROCESSES_MAX,
        nofile: DESCRIPTORS_MAX,
        hostname: "sandbox".to_owned(),
        listen: vec![RUNTIME_API, context.config.endpoint_inside],
        host_names: names.map(|name| (name, loopback)).collect(),
        tun: Some(super::way_out::interface()),
    }
}

/// What every sandbox and template of a runtime shows.
pub(crate) fn root(base: &Base) -> RootSpec {
    if base.image.is_some() {
        return RootSpec { image: base.image.clone(), ..RootSpec::default() };
    }
    RootSpec {
        image: None,
        host_os: true,
        binds: binds(&base.binds),
        directories: vec!["/opt".into(), "/var/task".into(), "/var/runtime".into()],
        symlinks: base.symlinks.clone(),
    }
}

pub(super) fn binds(pairs: &[(PathBuf, PathBuf)]) -> Vec<Bind> {
    pairs.iter().map(|(source, target)| Bind { source: source.clone(), target: target.clone() }).collect()
}

pub(super) fn mebibytes(count: u32) -> u64 {
    u64::from(count) << 20
}

pub(super) fn cpu(context: &Context, memory_mb: u32) -> CpuSpec {
    // 1,769 MB buy one CPU.
    let quota_millis = context.config.cpu_hard_quota.then(|| (memory_mb * 1000 / 1769).max(10));
    CpuSpec { quota_millis, weight_millis: None }
}

/// And no link to one.
fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

/// Names of the external extensions in the layers, in order: at most one more than there may be.
pub(super) fn extensions(opt: &Path) -> Vec<String> {
    let directory = opt.join("extensions");
    // Links of different layers together may lead out of them: here on the host none is followed.
    if !is_directory(&directory) {
        return Vec::new();
    }
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let names = files.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.take(EXTENSIONS_MAX + 1).collect();
    names.sort();
    names
}
