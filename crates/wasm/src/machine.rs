use crate::compiled::Compiled;
use crate::compiler::{CompileError, Compiler};
use crate::guest::{Begins, Guest, Setting};
use crate::program::{Program, Refusal};
use crate::programs::Programs;
use crate::setup;
use crate::state::State;
use bytes::Bytes;
use clock::Clock;
use http::Request;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

/// How long a guest that never rests runs before it gives its thread to the next.
const SLICE: Duration = Duration::from_millis(5);

/// Threads for what guests do with files.
const FILE_THREADS_MAX: usize = 4;

#[derive(Debug, Clone)]
pub struct Config {
    /// A directory of the server's own, for machine code; kept from start to start.
    pub directory: PathBuf,
    /// A program whose `main` hands over to [`crate::compile_main`] when its first argument is
    /// [`crate::COMPILE_ARGUMENT`].
    pub compiler: PathBuf,
    /// Guests at once.
    pub guests_max: u32,
}

/// Loads components and starts guests. Cheap to clone.
#[derive(Clone)]
pub struct Machine(Arc<Inner>);

struct Inner {
    config: Config,
    clock: Clock,
    compiled: Compiled,
    programs: Programs,
    /// Made when the first component comes, by whoever holds `making`.
    works: OnceLock<Arc<Works>>,
    making: Mutex<()>,
    /// Guests under way.
    guests: watch::Sender<usize>,
}

/// What it takes to run anything.
pub(crate) struct Works {
    pub engine: Engine,
    linker: Linker<State>,
    fingerprint: String,
    threads: Option<Runtime>,
}

impl Drop for Works {
    fn drop(&mut self) {
        // Whoever drops it may be a task, which must not wait for threads.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

impl Machine {
    /// Must be called inside a tokio runtime. Takes next to nothing until there is a component.
    ///
    /// # Errors
    /// The directory cannot be made or read.
    pub fn new(mut config: Config, clock: Clock) -> io::Result<Machine> {
        config.guests_max = config.guests_max.min(setup::guests_for_descriptors());
        let compiler = Compiler::new(config.compiler.clone(), clock.clone());
        let compiled = Compiled::new(config.directory.clone(), compiler, clock.clone())?;
        let inner = Arc::new(Inner {
            config,
            clock,
            compiled,
            programs: Programs::default(),
            works: OnceLock::new(),
            making: Mutex::default(),
            guests: watch::Sender::new(0),
        });
        tokio::spawn(slice(Arc::downgrade(&inner), inner.guests.subscribe()));
        Ok(Machine(inner))
    }

    /// The program of the component in a file, whose content must never change. The first time it is compiled,
    /// which can take minutes.
    ///
    /// # Errors
    /// [`LoadError`]
    pub async fn program(&self, component: &Path) -> Result<Arc<Program>, LoadError> {
        Ok(self.0.programs.get(component, self.clone().load(component.to_owned())).await?)
    }

    async fn load(self, component: PathBuf) -> Result<Program, CompileError> {
        let inner = self.clone();
        let works = tokio::task::spawn_blocking(move || inner.works()).await;
        let works = works.map_err(|error| CompileError::Failed(error.to_string()))??;
        let code = self.0.compiled.of(&component, &works.fingerprint).await?;
        let load = move || {
            // SAFETY: only our own compiler's output gets a name in this directory, which nobody else may write
            // to; another version's or another machine's has another name.
            let component = unsafe { Component::deserialize_file(&works.engine, code) };
            let component = component.map_err(|error| CompileError::Failed(format!("{error:#}")))?;
            Ok(Program::of(&component, &works.linker)?)
        };
        tokio::task::spawn_blocking(load).await.map_err(|error| CompileError::Failed(error.to_string()))?
    }

    /// Starts a guest for an event: its answer is asked for with [`Guest::answer`].
    pub fn start(&self, program: &Arc<Program>, setting: Setting, event: Event, begins: Begins) -> Guest {
        let (under_way, clock) = (self.under_way(), self.0.clock.clone());
        Guest::start(self.works(), program.clone(), setting, event, begins, under_way, clock)
    }

    fn under_way(&self) -> UnderWay {
        self.0.guests.send_modify(|count| *count += 1);
        UnderWay(self.0.guests.clone())
    }

    fn works(&self) -> Result<Arc<Works>, CompileError> {
        if let Some(works) = self.0.works.get() {
            return Ok(works.clone());
        }
        let _making = self.0.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(works) = self.0.works.get() {
            return Ok(works.clone());
        }
        let made = Works::new(&self.0.config).map_err(|error| {
            CompileError::Failed(format!("this machine cannot run WebAssembly components: {error:#}"))
        })?;
        Ok(self.0.works.get_or_init(|| Arc::new(made)).clone())
    }
}

/// What a program is started for; of its own world.
#[derive(Debug)]
pub enum Event {
    /// For the standard input.
    Input(Bytes),
    Request(Box<Request<Bytes>>),
}

/// Why there is no program.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadError {
    /// The component is to blame.
    #[error(transparent)]
    Refused(Refusal),
    /// Trying later can succeed.
    #[error("{0}")]
    Failed(String),
}

impl From<CompileError> for LoadError {
    fn from(error: CompileError) -> Self {
        match error {
            CompileError::Refused(refusal) => LoadError::Refused(refusal),
            CompileError::Failed(words) => LoadError::Failed(words),
        }
    }
}

impl Works {
    fn new(config: &Config) -> wasmtime::Result<Works> {
        let engine = setup::runner(config.guests_max)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        let threads = Builder::new_multi_thread()
            .thread_name("wasm")
            .max_blocking_threads(FILE_THREADS_MAX)
            .enable_all()
            .build()?;
        let fingerprint = setup::fingerprint(&engine);
        Ok(Works { engine, linker, fingerprint, threads: Some(threads) })
    }

    /// Where guests run: apart from everything else, which they could hold up.
    pub fn threads(&self) -> Option<&Runtime> {
        self.threads.as_ref()
    }
}

/// One guest, until dropped.
pub(crate) struct UnderWay(watch::Sender<usize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// Ends every guest's slice in time, while there are any. Not on the guests' own threads, which may all be busy.
async fn slice(machine: Weak<Inner>, mut guests: watch::Receiver<usize>) {
    while guests.wait_for(|guests| *guests > 0).await.is_ok() {
        let Some(inner) = machine.upgrade() else { return };
        if let Some(works) = inner.works.get() {
            works.engine.increment_epoch();
        }
        let clock = inner.clock.clone();
        drop(inner);
        clock.sleep(SLICE).await;
    }
}
