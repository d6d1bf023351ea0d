mod image;
pub(crate) mod java;

pub use image::ImageProgram;
pub(crate) use image::PATH as IMAGE_PATH;

use crate::runtimes::Runner;
use crate::{Family, Interpreter, Kind, RuntimeId, RuntimeMissing, Runtimes};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What to start a function's process with.
#[derive(Debug)]
pub struct LaunchRequest<'a> {
    pub runtime: &'a RuntimeId,
    pub handler: &'a str,
    pub region: &'a str,
    pub memory_mb: u32,
    /// The unpacked code on the host.
    pub code_dir: &'a Path,
    /// The merged layers on the host.
    pub opt_dir: Option<&'a Path>,
    /// The value of `AWS_LAMBDA_EXEC_WRAPPER`, honoured for managed runtimes only.
    pub exec_wrapper: Option<&'a str>,
    /// The value of `JAVA_TOOL_OPTIONS`.
    pub java_tool_options: Option<&'a str>,
}

/// How to start it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The first is an absolute path inside the sandbox.
    pub argv: Vec<String>,
    /// Where it is started.
    pub cwd: PathBuf,
    /// The program speaks by a channel ([`crate::channel`]) when it gets one, rather than by the Runtime API.
    pub speaks_channel: bool,
    /// What every function of this runtime finds.
    pub base: Base,
    /// Code and layers: host path and path inside, read-only, in this order, after those of `base`.
    pub binds: Vec<(PathBuf, PathBuf)>,
    /// Path inside and what it points to, beside those of `base`.
    pub symlinks: Vec<(PathBuf, PathBuf)>,
    /// For the INIT_START line: `node:20.20.2`, or the identifier where the code brings its own.
    pub runtime_version: String,
    pub runtime_arn: String,
}

/// What is mounted for a runtime, whatever the function: interpreter, shim and pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base {
    /// Host path of an image's tree, which is all that there is then, instead of the host's system.
    pub image: Option<PathBuf>,
    /// Host path and path inside, read-only, in this order.
    pub binds: Vec<(PathBuf, PathBuf)>,
    /// Path inside and what it points to.
    pub symlinks: Vec<(PathBuf, PathBuf)>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    #[error(transparent)]
    Missing(#[from] RuntimeMissing),
    /// There is nothing that can be started: `Runtime.InvalidEntrypoint`.
    #[error("{0}")]
    Entrypoint(String),
}

pub(crate) const TASK: &str = "/var/task";
const OPT: &str = "/opt";
const LANG: &str = "/var/lang";
const RUNTIME: &str = "/var/runtime";
pub(crate) const SHIM: &str = "/var/runtime/zerun_runtime";

impl Runtimes {
    /// Decides program, arguments and mounts. Blocks like [`Runtimes::check`], and reads the disk.
    ///
    /// # Errors
    /// See [`LaunchError`].
    pub fn launch(&self, request: &LaunchRequest) -> Result<Launch, LaunchError> {
        let mut launch = Launch {
            argv: Vec::new(),
            cwd: TASK.into(),
            speaks_channel: false,
            base: Base::default(),
            binds: vec![(request.code_dir.to_owned(), TASK.into())],
            symlinks: Vec::new(),
            runtime_version: String::new(),
            runtime_arn: self.version_arn(request.region),
        };
        if let Some(opt) = request.opt_dir {
            launch.binds.push((opt.to_owned(), OPT.into()));
        }
        match self.runner(request.runtime)? {
            Runner::Bootstrap => {
                launch.argv = vec![bootstrap(request)?];
                launch.runtime_version = request.runtime.to_string();
            }
            Runner::Interpreter(found) => {
                launch.base = self.base_of(found);
                self.add_interpreter(&mut launch, request, found)?;
                launch.runtime_version = format!("{}:{}", found.kind.as_str(), found.version);
            }
        }
        Ok(launch)
    }

    /// What is mounted for every function of a runtime. Blocks like [`Runtimes::check`].
    ///
    /// # Errors
    /// [`RuntimeMissing`]
    pub fn base(&self, runtime: &RuntimeId) -> Result<Base, RuntimeMissing> {
        Ok(match self.runner(runtime)? {
            Runner::Bootstrap => Base::default(),
            Runner::Interpreter(found) => self.base_of(found),
        })
    }

    pub(crate) fn base_of(&self, found: &Interpreter) -> Base {
        let shim = match found.kind {
            Kind::Node => Some(self.shims().node()),
            Kind::Python => Some(self.shims().python()),
            Kind::Ruby => Some(self.shims().ruby()),
            Kind::Java => None,
        };
        let pack = self.pack(found.kind).unwrap_or_else(|| self.shims().bare());
        let mut base = runtime_base(found, pack, shim);
        if found.kind == Kind::Node {
            // ES modules know no NODE_PATH: they look for `node_modules` in every directory above the
            // importing file. Above `/var/task` there are two, and they are made to show the SDK and the
            // layers' packages, as NODE_PATH does.
            base.symlinks.push(("/node_modules".into(), format!("{RUNTIME}/node_modules").into()));
        }
        base
    }

    fn add_interpreter(
        &self,
        launch: &mut Launch,
        request: &LaunchRequest,
        found: &Interpreter,
    ) -> Result<(), LaunchError> {
        launch.argv.extend(request.exec_wrapper.map(str::to_owned));
        match (shim(found, request.memory_mb), found.kind) {
            (Some(program), _) => {
                launch.argv.extend(program);
                // A wrapper may do with descriptors as it likes, and may speak to the Runtime API itself.
                launch.speaks_channel = request.exec_wrapper.is_none();
            }
            (None, Kind::Ruby) => {
                let ruby = found.path_inside().to_string_lossy().into_owned();
                launch.argv.extend([ruby, format!("{SHIM}/bootstrap.rb")]);
            }
            (None, _) => {
                let pack = self.pack(found.kind);
                launch.argv.extend(java::arguments(request, found, pack.as_deref())?);
            }
        }
        launch.symlinks.extend(layer_link(request));
        Ok(())
    }
}

/// The interpreter with a pack and perhaps a shim.
pub(crate) fn runtime_base(found: &Interpreter, pack: PathBuf, shim: Option<PathBuf>) -> Base {
    let mut binds = vec![(pack, RUNTIME.into())];
    binds.extend(shim.map(|shim| (shim, SHIM.into())));
    if !found.is_in_host_os() {
        binds.push((found.prefix.clone(), LANG.into()));
    }
    Base { binds, ..Base::default() }
}

/// The interpreter running a shim of ours that speaks by a channel; `None` where what runs functions asks the Runtime API.
pub(crate) fn shim(found: &Interpreter, memory_mb: u32) -> Option<Vec<String>> {
    let mut argv = vec![found.path_inside().to_string_lossy().into_owned()];
    match found.kind {
        Kind::Node => {
            argv.extend(heap_options(memory_mb));
            argv.push(format!("{SHIM}/index.js"));
        }
        // Without `site`: what is installed for the host's own interpreter is not the function's.
        Kind::Python => argv.extend(["-S".to_owned(), format!("{SHIM}/bootstrap.py")]),
        Kind::Java | Kind::Ruby => return None,
    }
    Some(argv)
}

/// The heap grows to nine tenths of the memory, so that a function that needs more hears it from its own
/// engine, with a stack, rather than from the kernel.
fn heap_options(memory_mb: u32) -> [String; 2] {
    [
        format!("--max-semi-space-size={}", (memory_mb * 5 / 100).max(1)),
        format!("--max-old-space-size={}", (memory_mb * 90 / 100).max(1)),
    ]
}

/// Where ES modules find the layers' packages, before the SDK's.
fn layer_link(request: &LaunchRequest) -> Option<(PathBuf, PathBuf)> {
    let Family::Node { major } = request.runtime.family() else { return None };
    let in_layers = [format!("nodejs/node{major}/node_modules"), "nodejs/node_modules".to_owned()];
    let opt = request.opt_dir?;
    let below = in_layers.iter().find(|below| opt.join(below).is_dir())?;
    Some(("/var/node_modules".into(), Path::new(OPT).join(below)))
}

/// The first `bootstrap` of the code or the layers, as a path inside.
fn bootstrap(request: &LaunchRequest) -> Result<String, LaunchError> {
    let places = [(Some(request.code_dir), TASK), (request.opt_dir, OPT)];
    for (host, inside) in places {
        let Some(host) = host else { continue };
        let inside = format!("{inside}/bootstrap");
        match std::fs::metadata(host.join("bootstrap")) {
            Ok(found) if found.is_file() && found.permissions().mode() & 0o111 != 0 => return Ok(inside),
            Ok(_) => {
                return Err(LaunchError::Entrypoint(format!("fork/exec {inside}: permission denied")));
            }
            Err(_) => {}
        }
    }
    Err(LaunchError::Entrypoint(format!(
        "Couldn't find valid bootstrap(s): [{TASK}/bootstrap {OPT}/bootstrap]"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bootstrap_is_looked_for_in_code_and_layers() {
        let dir = tempfile::tempdir().unwrap();
        let runtimes = Runtimes::open(dir.path()).unwrap();
        let (code, opt) = (dir.path().join("code"), dir.path().join("opt"));
        std::fs::create_dir(&code).unwrap();
        std::fs::create_dir(&opt).unwrap();
        let runtime = RuntimeId::parse("provided.al2023").unwrap();
        let launch = || {
            let request = LaunchRequest {
                runtime: &runtime,
                handler: "h",
                region: "us-east-1",
                memory_mb: 128,
                code_dir: &code,
                opt_dir: Some(&opt),
                exec_wrapper: Some("/opt/ignored"),
                java_tool_options: None,
            };
            runtimes.launch(&request).map(|launch| launch.argv).map_err(|error| error.to_string())
        };
        assert_eq!(
            launch(),
            Err("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".to_owned())
        );
        std::fs::write(opt.join("bootstrap"), "#!/bin/sh\n").unwrap();
        assert_eq!(launch(), Err("fork/exec /opt/bootstrap: permission denied".to_owned()));
        std::fs::set_permissions(opt.join("bootstrap"), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(launch(), Ok(vec!["/opt/bootstrap".to_owned()]));
        std::fs::write(code.join("bootstrap"), "").unwrap();
        std::fs::set_permissions(code.join("bootstrap"), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(launch(), Ok(vec!["/var/task/bootstrap".to_owned()]));
    }
}
