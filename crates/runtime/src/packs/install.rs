mod java;

use super::{MOUNT_POINT, directory};
use crate::{Interpreter, Kind};
use serde::Serialize;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The packages of the Python pack. botocore, s3transfer, jmespath, dateutil and urllib3 come with it.
const PYTHON_PACKAGES: [&str; 1] = ["boto3"];

/// The packages of the Node pack: a client for each service that Zerun speaks or plans to, those that
/// deploy tools' own functions load unbundled, and the libraries beside them.
const NODE_PACKAGES: [&str; 36] = [
    "@aws-sdk/client-api-gateway",
    "@aws-sdk/client-apigatewaymanagementapi",
    "@aws-sdk/client-apigatewayv2",
    "@aws-sdk/client-cloudformation",
    "@aws-sdk/client-cloudwatch",
    "@aws-sdk/client-cloudwatch-logs",
    "@aws-sdk/client-cognito-identity",
    "@aws-sdk/client-cognito-identity-provider",
    "@aws-sdk/client-dynamodb",
    "@aws-sdk/client-dynamodb-streams",
    "@aws-sdk/client-eventbridge",
    "@aws-sdk/client-firehose",
    "@aws-sdk/client-iam",
    "@aws-sdk/client-kinesis",
    "@aws-sdk/client-kms",
    "@aws-sdk/client-lambda",
    "@aws-sdk/client-s3",
    "@aws-sdk/client-scheduler",
    "@aws-sdk/client-secrets-manager",
    "@aws-sdk/client-ses",
    "@aws-sdk/client-sesv2",
    "@aws-sdk/client-sfn",
    "@aws-sdk/client-sns",
    "@aws-sdk/client-sqs",
    "@aws-sdk/client-ssm",
    "@aws-sdk/client-sts",
    "@aws-sdk/credential-providers",
    "@aws-sdk/lib-dynamodb",
    "@aws-sdk/lib-storage",
    "@aws-sdk/s3-presigned-post",
    "@aws-sdk/s3-request-presigner",
    "@aws-sdk/util-dynamodb",
    "@smithy/node-http-handler",
    "@smithy/protocol-http",
    "@smithy/signature-v4",
    "@smithy/util-stream",
];

/// Lines of a package client's output that are kept to explain its failure.
const OUTPUT_LINES_MAX: usize = 40;

/// A pack that was installed.
#[derive(Debug, Clone, Serialize)]
pub struct Installed {
    pub path: PathBuf,
    pub packages: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("no {0} interpreter was found on this machine; install one, or name it in runtimes.toml")]
    NoInterpreter(&'static str),
    #[error("there is no pack for {0}")]
    NoPack(&'static str),
    #[error("{program} could not be run: {error}")]
    NoClient { program: String, error: std::io::Error },
    #[error("{program} failed:\n{output}")]
    Client { program: String, output: String },
    #[error("{library}: {problem}")]
    Library { library: PathBuf, problem: String },
    #[error("{path}: {error}")]
    Disk { path: PathBuf, error: std::io::Error },
}

/// Installs the pack of `kind` by the ordinary package client and makes it the current one, all or
/// nothing. Takes minutes and the network; `progress` gets a line for each step and for what the client
/// says. `interpreters` are those found on this machine.
///
/// # Errors
/// See [`InstallError`]; the pack in use stays as it was.
pub fn install(
    packs_dir: &Path,
    kind: Kind,
    interpreters: &[Interpreter],
    progress: &mut dyn FnMut(&str),
) -> Result<Installed, InstallError> {
    let parent = directory(packs_dir, kind);
    std::fs::create_dir_all(&parent).map_err(disk(&parent))?;
    let stamp = format!("{}-{}", kind.as_str(), std::process::id());
    let staging = parent.join(format!(".{stamp}"));
    remove(&staging)?;
    std::fs::create_dir(&staging).map_err(disk(&staging))?;
    let result = fill(kind, interpreters, &staging, progress)
        .and_then(|packages| publish(&parent, &staging).map(|path| Installed { path, packages }));
    if result.is_err() {
        // The first failure is the one to tell.
        let _ = remove(&staging);
    }
    result
}

/// Whether `path` is being written by a process that lives.
pub(super) fn is_busy(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let pid = name.strip_prefix('.').and_then(|name| name.rsplit('-').next());
    pid.is_some_and(|pid| Path::new("/proc").join(pid).exists())
}

fn fill(
    kind: Kind,
    interpreters: &[Interpreter],
    staging: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<String>, InstallError> {
    let mut of_kind: Vec<&Interpreter> = interpreters.iter().filter(|found| found.kind == kind).collect();
    of_kind.sort_by_key(|found| found.family());
    match kind {
        Kind::Node => fill_node(&of_kind, staging, progress)?,
        Kind::Python => fill_python(&of_kind, staging, progress)?,
        Kind::Java => java::fill(&of_kind, staging, progress)?,
        Kind::Ruby => return Err(InstallError::NoPack("Ruby")),
    }
    let mount_point = staging.join(MOUNT_POINT);
    std::fs::create_dir(&mount_point).map_err(disk(&mount_point))?;
    make_readable(staging).map_err(disk(staging))?;
    let packages: &[&str] = match kind {
        Kind::Node => &NODE_PACKAGES,
        Kind::Python => &PYTHON_PACKAGES,
        Kind::Java => &java::PACKAGES,
        Kind::Ruby => &[],
    };
    Ok(packages.iter().map(|name| (*name).to_owned()).collect())
}

fn fill_node(
    interpreters: &[&Interpreter],
    staging: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<(), InstallError> {
    let Some(node) = interpreters.last() else { return Err(InstallError::NoInterpreter("Node")) };
    // The npm that belongs to this Node, if it has one.
    let beside = node.executable.with_file_name("npm");
    let npm = if beside.exists() { beside } else { PathBuf::from("npm") };
    progress(&format!("npm installs {} packages for Node {}", NODE_PACKAGES.len(), node.version));
    let mut command = Command::new(npm);
    command.args([
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--omit=dev",
        "--no-package-lock",
    ]);
    command.arg("--prefix").arg(staging).args(NODE_PACKAGES.map(|name| format!("{name}@3")).map(|spec| {
        // The `@smithy` packages count their own versions.
        spec.strip_prefix("@smithy/")
            .map_or(spec.clone(), |rest| format!("@smithy/{}", rest.trim_end_matches("@3")))
    }));
    run(command, progress)
}

fn fill_python(
    interpreters: &[&Interpreter],
    staging: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<(), InstallError> {
    let minor = |found: &Interpreter| match found.family() {
        Some(crate::Family::Python { minor }) => minor,
        _ => 0,
    };
    // One pack serves all of them, so it must suit the oldest one that boto3 still supports.
    let supported = |found: &&&Interpreter| minor(found) >= PYTHON_MINOR_MIN;
    let oldest = interpreters
        .iter()
        .filter(supported)
        .min_by_key(|found| minor(found))
        .or_else(|| interpreters.iter().max_by_key(|found| minor(found)))
        .ok_or(InstallError::NoInterpreter("Python"))?;
    // The newest: an old pip misreads what today's packages say about the versions they need.
    let pip =
        interpreters.iter().rev().find(|found| has_pip(found)).ok_or_else(|| InstallError::NoClient {
            program: "pip".to_owned(),
            error: std::io::Error::other("none of the interpreters found has the module pip"),
        })?;
    progress(&format!(
        "pip installs {} for Python 3.{} and later",
        PYTHON_PACKAGES.join(", "),
        minor(oldest)
    ));
    let mut command = Command::new(&pip.executable);
    command.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--progress-bar=off",
        "--no-compile",
        "--no-input",
        "--only-binary=:all:",
        "--upgrade",
    ]);
    command.arg("--disable-pip-version-check").env("PIP_ROOT_USER_ACTION", "ignore");
    command.args(["--python-version", &format!("3.{}", minor(oldest))]);
    command.arg("--target").arg(staging).args(PYTHON_PACKAGES);
    run(command, progress)?;
    // Sandboxes see it read-only: what is not compiled now would be compiled at every cold start.
    for found in interpreters.iter().filter(|found| minor(found) >= minor(oldest)) {
        progress(&format!("compiling for Python {}", found.version));
        let mut command = Command::new(&found.executable);
        command.args(["-I", "-m", "compileall", "-q", "-j", "2"]).arg(staging);
        run(command, progress)?;
    }
    Ok(())
}

/// The oldest Python that current boto3 supports.
const PYTHON_MINOR_MIN: u16 = 10;

fn has_pip(python: &Interpreter) -> bool {
    let mut command = Command::new(&python.executable);
    command.args(["-m", "pip", "--version"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn run(mut command: Command, progress: &mut dyn FnMut(&str)) -> Result<(), InstallError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let no_client = |error| InstallError::NoClient { program: program.clone(), error };
    let (reader, writer) = std::io::pipe().map_err(no_client)?;
    let errors = writer.try_clone().map_err(no_client)?;
    let mut child = command.stdin(Stdio::null()).stdout(writer).stderr(errors).spawn().map_err(no_client)?;
    // Its copies of the pipe's end must close, or reading would never end.
    drop(command);
    let mut last = std::collections::VecDeque::new();
    for line in BufReader::new(reader).lines() {
        let Ok(line) = line else { break };
        progress(&line);
        if last.len() == OUTPUT_LINES_MAX {
            last.pop_front();
        }
        last.push_back(line);
    }
    let status = child.wait().map_err(no_client)?;
    if status.success() {
        Ok(())
    } else {
        Err(InstallError::Client { program, output: Vec::from(last).join("\n") })
    }
}

/// Gives the filled directory its name and points `current` at it.
fn publish(parent: &Path, staging: &Path) -> Result<PathBuf, InstallError> {
    // Names count up; the first free one is ours, because renaming onto a filled directory fails.
    let mut number = 1;
    let path = loop {
        let path = parent.join(format!("{number}"));
        if !path.exists() {
            match std::fs::rename(staging, &path) {
                Ok(()) => break path,
                Err(_) if path.exists() => {}
                Err(error) => return Err(disk(&path)(error)),
            }
        }
        number += 1;
    };
    let link = parent.join(format!(".current-{}", std::process::id()));
    remove(&link)?;
    std::os::unix::fs::symlink(number.to_string(), &link).map_err(disk(&link))?;
    let current = parent.join("current");
    std::fs::rename(&link, &current).map_err(disk(&current))?;
    Ok(path)
}

/// Sandboxed processes own nothing of it, so everybody must be able to read it, whatever the umask was.
fn make_readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = path.symlink_metadata()?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let mode = metadata.permissions().mode();
    let wanted = if metadata.is_dir() { mode | 0o755 } else { mode | 0o444 };
    if wanted != mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(wanted))?;
    }
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path)? {
            make_readable(&entry?.path())?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), InstallError> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(_) => Ok(()),
    };
    removed.map_err(disk(path))
}

fn disk(path: &Path) -> impl FnOnce(std::io::Error) -> InstallError {
    let path = path.to_owned();
    move |error| InstallError::Disk { path, error }
}
