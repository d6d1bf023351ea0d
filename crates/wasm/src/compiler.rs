//! Making machine code of components, in a process of its own: the compiler is given what anybody may upload,
//! and what it takes of time and memory depends on that.

use crate::program::Refusal;
use crate::setup;
use clock::Clock;
use nix::sys::resource::{Resource, setrlimit};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::Semaphore;

/// The first argument of the process that [`compile_main`] is the whole of.
pub const COMPILE_ARGUMENT: &str = "wasm-compile";

/// Of one component. Compiled it has about four times as many.
pub const COMPONENT_BYTES_MAX: u64 = 64 << 20;

const COMPILED_BYTES_MAX: u64 = 1 << 30;
const ADDRESS_BYTES_MAX: u64 = 6 << 30;
const CPU_SECONDS_MAX: u64 = 300;
const COMPILED_WITHIN: Duration = Duration::from_secs(900);
const NICENESS: i32 = 10;

/// How the compiler ends when the component is to blame.
const REFUSED: i32 = 3;

/// Of what a failed compiler says.
const WORDS_BYTES_MAX: u64 = 4 << 10;

/// As many components are compiled at once.
const COMPILING_MAX: usize = 1;

/// As many are compiled or wait for that.
const LINE_MAX: usize = 64;

/// Starts compilers.
pub(crate) struct Compiler {
    /// Ends up in [`compile_main`] when it is called with [`COMPILE_ARGUMENT`].
    program: PathBuf,
    clock: Clock,
    turns: Semaphore,
    line: Semaphore,
}

/// Why there is no machine code.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CompileError {
    /// Trying again is of no use.
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("{0}")]
    Failed(String),
}

impl Compiler {
    pub fn new(program: PathBuf, clock: Clock) -> Self {
        Compiler { program, clock, turns: Semaphore::new(COMPILING_MAX), line: Semaphore::new(LINE_MAX) }
    }

    /// Compiles the component in the file `from` into the file `to`.
    ///
    /// Dropping the future ends the compiler.
    pub async fn compile(&self, from: &Path, to: &Path) -> Result<(), CompileError> {
        let failed =
            |error: std::io::Error| CompileError::Failed(format!("a component cannot be compiled: {error}"));
        let _place = self.line.try_acquire().map_err(|_| {
            CompileError::Failed(format!(
                "{LINE_MAX} other components are to be compiled first: try again later"
            ))
        })?;
        // Never closed, so always granted in the end.
        let _turn = self.turns.acquire().await;
        let input = File::open(from).map_err(failed)?;
        let output = File::create(to).map_err(failed)?;
        let told = output.try_clone().map_err(failed)?;
        let child = Command::new(&self.program)
            .arg(COMPILE_ARGUMENT)
            .env_clear()
            .stdin(input)
            .stdout(output)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let done = self.clock.timeout(COMPILED_WITHIN, child.wait_with_output()).await;
        let done = done.ok_or_else(|| {
            CompileError::Failed(format!(
                "compiling the component took more than {} s",
                COMPILED_WITHIN.as_secs()
            ))
        })?;
        let done = done.map_err(failed)?;
        if done.status.success() {
            return tokio::task::spawn_blocking(move || told.sync_all())
                .await
                .map_err(std::io::Error::other)
                .flatten()
                .map_err(failed);
        }
        let words = String::from_utf8_lossy(&done.stderr);
        let words = match words.trim() {
            "" => format!("the component could not be compiled within the limits ({})", done.status),
            words => words.to_owned(),
        };
        if is_to_blame(done.status) { Err(Refusal(words).into()) } else { Err(CompileError::Failed(words)) }
    }
}

/// Whether it would be the same again. A full disk, or a kernel that kills for lack of memory, says nothing about
/// the component. (Where memory beyond its limit is asked for, the compiler aborts.)
fn is_to_blame(status: ExitStatus) -> bool {
    let by_limit = [libc::SIGXCPU, libc::SIGXFSZ, libc::SIGABRT];
    status.code() == Some(REFUSED) || status.signal().is_some_and(|signal| by_limit.contains(&signal))
}

/// Reads a component from the standard input and writes its machine code to the standard output.
pub fn compile_main() -> ExitCode {
    match compile_within_limits() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let (words, code) = match failure {
                CompileError::Refused(Refusal(words)) => (words, ExitCode::from(REFUSED as u8)),
                CompileError::Failed(words) => (words, ExitCode::FAILURE),
            };
            let words = words.get(..words.floor_char_boundary(WORDS_BYTES_MAX as usize)).unwrap_or_default();
            // Whoever started this has gone if it cannot be told.
            let _ = std::io::stderr().write_all(words.as_bytes());
            code
        }
    }
}

fn compile_within_limits() -> Result<(), CompileError> {
    let failed = CompileError::Failed;
    for (resource, limit, hard) in [
        (Resource::RLIMIT_AS, ADDRESS_BYTES_MAX, ADDRESS_BYTES_MAX),
        // At the hard limit it would be killed without saying why.
        (Resource::RLIMIT_CPU, CPU_SECONDS_MAX, CPU_SECONDS_MAX + 5),
        (Resource::RLIMIT_FSIZE, COMPILED_BYTES_MAX, COMPILED_BYTES_MAX),
        (Resource::RLIMIT_CORE, 0, 0),
    ] {
        setrlimit(resource, limit, hard)
            .map_err(|error| failed(format!("the compiler's limits: {error}")))?;
    }
    // Before the server, which holds what everybody needs; where it cannot be said, the kernel chooses.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    // SAFETY: takes no pointer; the worst it can do is to fail.
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
    let mut component = Vec::new();
    let read = std::io::stdin().take(COMPONENT_BYTES_MAX + 1).read_to_end(&mut component);
    read.map_err(|error| failed(format!("the component cannot be read: {error}")))?;
    check(&component).map_err(Refusal)?;
    let compiled = setup::compiler().and_then(|engine| engine.precompile_component(&component));
    let compiled = compiled.map_err(|error| Refusal(format!("{error:#}")))?;
    let written = std::io::stdout().write_all(&compiled);
    written.map_err(|error| failed(format!("the code cannot be written: {error}")))
}

/// The eight bytes that modules and components begin with
/// (<https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md>).
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

fn check(component: &[u8]) -> Result<(), String> {
    if component.len() as u64 > COMPONENT_BYTES_MAX {
        return Err(format!("the component has more than {COMPONENT_BYTES_MAX} bytes"));
    }
    if component.starts_with(MODULE) {
        return Err("it is a core module, not a component: build it for wasm32-wasip2, or make it one with \
                    `wasm-tools component new --adapt`"
            .to_owned());
    }
    if component.starts_with(COMPONENT) { Ok(()) } else { Err("it is no WebAssembly component".to_owned()) }
}
