//! The processes of one start: the runtime's, and those of external extensions.

use super::start::exec_reason;
use super::{SIGKILL, exit_of};
use crate::output::{Log, Output};
use clock::Clock;
use runtime::extensions::{EXTENSIONS_MAX, SHUTDOWN_EXTERNAL, SHUTDOWN_INTERNAL, SIGTERM_WITHIN};
use runtime::extensions::{ExtensionFailure, Extensions, Facts, InvokeEvent, ShutdownReason};
use runtime::failure::Exit;
use runtime::report::Event;
use runtime::telemetry::{Generation, Origin, Sockets};
use sandbox::{Command, Process, Sandbox, SandboxError};
use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpStream;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// An end that takes the instance with it.
#[derive(Debug)]
pub(crate) enum Ended {
    Runtime(Exit),
    Extension(ExtensionFailure),
}

pub(super) struct Processes {
    /// `None` where extensions kept it from being started.
    main: Option<Process>,
    externals: Vec<External>,
    extensions: Extensions,
    log: Log,
    telemetry: Generation,
    clock: Clock,
    /// An extension that could not be started.
    failure: Option<ExtensionFailure>,
}

struct External {
    name: String,
    process: Process,
    output: Output,
}

/// A program that reports its failure ends right after; how it ended is waited for this long, which is long
/// for a machine with nothing to do.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Nobody asks when a process that was killed has not ended by then.
const KILLED_WITHIN: Duration = Duration::from_secs(1);

const SIGTERM: i32 = 15;

impl Processes {
    /// Prepares a start in `sandbox`, in which the programs `names` of `/opt/extensions` will run. Nothing
    /// is started yet.
    pub fn new(sandbox: &Sandbox, names: &[String], facts: Facts, log: &Log, clock: &Clock) -> Self {
        let telemetry = log.telemetry().begin(Arc::new(Inside(sandbox.sockets())));
        let extensions = Extensions::new(facts, names, log.telemetry().clone(), clock.clone());
        Processes {
            main: None,
            externals: Vec::new(),
            extensions,
            log: log.clone(),
            telemetry,
            clock: clock.clone(),
            failure: None,
        }
    }

    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Starts the programs `names`, and waits until all have registered, or one has failed.
    ///
    /// # Errors
    /// Of the sandbox. What is the extensions' own fault, [`Processes::wait`] tells.
    pub async fn start_extensions(
        &mut self,
        sandbox: &mut Sandbox,
        names: &[String],
        environment: &[(String, String)],
    ) -> Result<(), SandboxError> {
        if names.len() > EXTENSIONS_MAX {
            self.failure = Some(ExtensionFailure {
                error_type: "Extension.TooManyExtensions",
                reason: format!("{} extensions, of which there may be {EXTENSIONS_MAX}", names.len()),
            });
            return Ok(());
        }
        let environment = runtime::extension_environment(environment);
        for name in names {
            let command = Command {
                argv: vec![format!("/opt/extensions/{name}")],
                env: environment.clone(),
                cwd: PathBuf::from("/"),
                channel: false,
            };
            match sandbox.exec(command).await {
                Ok(mut process) => {
                    let output = Output::start(&mut process, self.log.clone(), Origin::Extension);
                    self.externals.push(External { name: name.clone(), process, output });
                }
                Err(SandboxError::Exec { program, source }) => {
                    let reason = exec_reason(&program, &source);
                    self.failure = Some(self.extensions.not_started(name, &reason));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        if !names.is_empty() {
            let extensions = self.extensions.clone();
            tokio::select! {
                biased;
                ended = self.wait() => drop(ended),
                () = extensions.registered() => {}
            }
        }
        Ok(())
    }

    /// Whether the runtime may be started: no extension has failed.
    pub fn may_run(&self) -> bool {
        self.failure.is_none()
    }

    pub fn run(&mut self, main: Process) {
        self.main = Some(main);
    }

    /// Waits for the first end of any of them, or an extension's report that it cannot go on. Cancel-safe,
    /// and may be asked again.
    pub async fn wait(&mut self) -> Ended {
        if let Some(failure) = &self.failure {
            return Ended::Extension(failure.clone());
        }
        let failure = match self.first_end().await {
            Ok(Ended::Extension(failure)) => failure,
            Ok(ended) => return ended,
            // Reported: how its process ends says more.
            Err(reported) => {
                match Box::pin(self.clock.clone().timeout(LAST_WORDS, self.external_end())).await {
                    Some(failure) => failure,
                    None => reported,
                }
            }
        };
        self.failure = Some(failure.clone());
        Ended::Extension(failure)
    }

    /// `Err`: an extension reported its failure.
    async fn first_end(&mut self) -> Result<Ended, ExtensionFailure> {
        let extensions = self.extensions.clone();
        if self.externals.is_empty() && extensions.is_empty() && extensions.is_closed() {
            return Ok(Ended::Runtime(main_end(&mut self.main).await));
        }
        let Processes { main, externals, extensions, .. } = self;
        tokio::select! {
            biased;
            reported = extensions.failed() => Err(reported),
            exit = main_end(main) => Ok(Ended::Runtime(exit)),
            failure = first_external_end(externals, extensions) => Ok(Ended::Extension(failure)),
        }
    }

    async fn external_end(&mut self) -> ExtensionFailure {
        first_external_end(&mut self.externals, &self.extensions).await
    }

    /// When the runtime is ready: waits until the extensions are. An end of any of them ends the wait too.
    pub async fn ready(&mut self) -> Result<(), Ended> {
        let extensions = self.extensions.clone();
        tokio::select! {
            biased;
            () = extensions.ready() => Ok(()),
            ended = self.wait() => Err(ended),
        }
    }

    /// Tells the log who is there, and ends the time in which subscriptions are taken.
    pub fn tell(&self) {
        let telemetry = self.log.telemetry();
        for subscribed in telemetry.subscribed() {
            let (name, types) = (&subscribed.name, &subscribed.types);
            self.log.tell(&Event::Subscription { api: subscribed.api, name, types });
        }
        for agent in self.extensions.report() {
            self.log.tell(&Event::Extension {
                name: &agent.name,
                state: agent.state,
                events: agent.events,
                error_type: agent.error_type.as_deref(),
            });
        }
        telemetry.close();
    }

    pub fn invoke(&self, event: impl FnOnce() -> InvokeEvent) {
        if !self.extensions.is_empty() {
            self.extensions.invoke(&event());
        }
    }

    /// When the runtime has asked for the next event: waits until the extensions have. An end of any of
    /// them ends the wait too.
    pub async fn idle(&mut self) -> Result<(), Ended> {
        let extensions = self.extensions.clone();
        tokio::select! {
            biased;
            () = extensions.idle() => Ok(()),
            ended = self.wait() => Err(ended),
        }
    }

    /// Ends them in order: the runtime first, then the extensions, within the time that the service gives.
    /// Where nobody registered this does nothing, and the sandbox may be destroyed at once.
    pub async fn wind_down(&mut self, sandbox: &Sandbox, reason: ShutdownReason) {
        let (external, internal) = (!self.externals.is_empty(), self.extensions.has_internal());
        let budget = match (external, internal) {
            (true, _) => SHUTDOWN_EXTERNAL,
            (false, true) => SHUTDOWN_INTERNAL,
            (false, false) => return,
        };
        let since = self.clock.moment();
        let deadline = self.clock.now() + budget;
        let for_runtime = if internal { SHUTDOWN_INTERNAL } else { SIGTERM_WITHIN };
        let telemetry = self.log.telemetry().clone();
        let flushed = self.clock.timeout(for_runtime, telemetry.flush());
        let main = self.main.as_mut();
        let ended = async {
            let Some(main) = main else { return };
            if reason == ShutdownReason::Spindown {
                let _ = sandbox.signal(main, SIGTERM).await;
                self.clock.timeout(for_runtime, main.wait()).await;
            }
            // One that has ended is left in peace.
            let _ = sandbox.signal(main, SIGKILL).await;
            self.clock.timeout(KILLED_WITHIN, main.wait()).await;
        };
        tokio::join!(flushed, ended);
        if external {
            self.extensions.shutdown(reason, deadline);
            for External { name, process, .. } in &self.externals {
                if !self.extensions.wants_shutdown(name) {
                    let _ = sandbox.signal(process, SIGTERM).await;
                }
            }
            let left = budget.saturating_sub(self.clock.since(since));
            let ends = async {
                for External { process, .. } in &mut self.externals {
                    process.wait().await;
                }
            };
            self.clock.timeout(left, ends).await;
        }
        self.flush();
    }

    /// Waits until what the extensions have written has become lines.
    pub fn flush(&self) {
        for External { output, .. } in &self.externals {
            output.flush();
        }
    }
}

impl Drop for Processes {
    /// Deliveries hold a way into the sandbox.
    fn drop(&mut self) {
        self.log.telemetry().end(self.telemetry);
    }
}

async fn main_end(main: &mut Option<Process>) -> Exit {
    match main {
        Some(main) => exit_of(main.wait().await),
        None => std::future::pending().await,
    }
}

async fn first_external_end(externals: &mut [External], extensions: &Extensions) -> ExtensionFailure {
    poll_fn(|context| {
        for External { name, process, .. } in &mut *externals {
            if let Poll::Ready(exit) = pin!(process.wait()).poll(context) {
                let how = ExtensionFailure::exit_text(exit_of(exit));
                return Poll::Ready(extensions.exited(name, &how));
            }
        }
        Poll::Pending
    })
    .await
}

/// The way into a sandbox for telemetry.
struct Inside(sandbox::Sockets);

impl Sockets for Inside {
    fn socket(&self) -> Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + '_>> {
        Box::pin(async { self.0.tcp().await.map_err(io::Error::other) })
    }
}
