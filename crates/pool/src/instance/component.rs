//! Instances without a process: a WebAssembly component, new for each event and gone after it.

mod begin;
mod setting;

use super::answer::{AfterAnswer, End, answer};
use super::conclude::Concluding;
use super::invoke::{fail_without_process, new_trace_id};
use super::prepare::{extensions, init_kind, new_log};
use super::processes::Ended;
use super::start::{Context, StartError, unavailable};
use crate::output::Log;
use crate::registry::{Phase, Registration};
use crate::{InvokeError, InvokeRequest, Metering, Outcome, ThrottleReason, VersionSpec};
use begin::Begin;
use clock::Moment;
use runtime::api::{ErrorReport, Invocation, RESPONSE_BYTES_MAX, Reply};
use runtime::component;
use runtime::failure::Exit;
use runtime::report::{self, Event, Init, InitPhase, RuntimeDone, Status};
use setting::{Heard, setting};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use wasm::{Answer, Fault, Guest, LoadError, Program, World};

/// How long an invocation waits for its component to be compiled, which is nobody's time but the platform's.
const COMPILED_WITHIN: Duration = Duration::from_secs(120);

const SIGKILL: i32 = 9;

/// What a component is started from.
pub(crate) struct Component {
    program: Arc<Program>,
    opt_dir: Option<PathBuf>,
}

impl Component {
    /// Loads the component in the file `component`, compiled if need be.
    pub async fn load(
        context: &Context,
        spec: &Arc<VersionSpec>,
        component: &Path,
    ) -> Result<Component, StartError> {
        let opt_dir = opt_dir(context, spec).await?;
        let load = context.components.program(component);
        match context.clock.timeout(COMPILED_WITHIN, load).await {
            Some(Ok(program)) => Ok(Component { program, opt_dir }),
            Some(Err(LoadError::Refused(refusal))) => {
                Err(StartError::Code(format!("{}: {refusal}", component::COMPONENT)))
            }
            Some(Err(LoadError::Failed(words))) => Err(unavailable(&words)),
            None => Err(unavailable("the function's component is still being compiled")),
        }
    }

    /// Runs one event to its end.
    ///
    /// # Errors
    /// This machine is to blame.
    pub async fn invoke(
        self,
        context: &Context,
        spec: &VersionSpec,
        request: &InvokeRequest,
        registration: Registration,
    ) -> Result<Outcome, InvokeError> {
        let invocation = invocation(context, spec, request);
        let log = new_log(context, spec);
        let running =
            Running { context, spec, invocation: &invocation, log: &log, since: context.clock.moment() };
        running.run(self, registration).await
    }
}

/// As with a process that cannot be started.
pub(crate) fn fail(
    context: &Context,
    spec: &VersionSpec,
    request: &InvokeRequest,
    error: StartError,
) -> Result<Outcome, InvokeError> {
    match error {
        StartError::Code(reason) => Ok(fail_without_process(context, spec, request, &reason)),
        StartError::Refused(error) => Err(error),
    }
}

/// The layers, unless they hold what only a sandbox could run.
async fn opt_dir(context: &Context, spec: &Arc<VersionSpec>) -> Result<Option<PathBuf>, StartError> {
    if spec.layer_dirs.is_empty() {
        return Ok(None);
    }
    let (layers, spec) = (context.layers.clone(), spec.clone());
    let work = move || {
        let opt_dir = layers.merged(&spec.layer_dirs).map_err(|error| {
            unavailable(&format!("the layers of {} cannot be merged: {error}", spec.function_arn))
        })?;
        if opt_dir.as_deref().is_some_and(|opt| !extensions(opt).is_empty()) {
            return Err(StartError::Code(format!(
                "{}: a WebAssembly component runs without processes, and so without the extensions in its layers",
                component::COMPONENT
            )));
        }
        Ok(opt_dir)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(opt_dir) => opt_dir,
        Err(error) => Err(unavailable(&format!("preparing the layers failed: {error}"))),
    }
}

fn invocation(context: &Context, spec: &VersionSpec, request: &InvokeRequest) -> Invocation {
    Invocation {
        request_id: request.request_id.clone(),
        payload: request.payload.clone(),
        deadline: context.clock.now() + spec.timeout,
        invoked_arn: request.invoked_arn.clone(),
        trace_id: request.trace_id.clone().unwrap_or_else(|| new_trace_id(&context.clock)),
        client_context: request.client_context.clone(),
        cognito_identity: request.cognito_identity.clone(),
        takes_stream: false,
    }
}

/// One event on its way. Initialisation and answer share the function's timeout.
struct Running<'a> {
    context: &'a Context,
    spec: &'a VersionSpec,
    invocation: &'a Invocation,
    log: &'a Log,
    since: Moment,
}

impl Running<'_> {
    async fn run(&self, component: Component, registration: Registration) -> Result<Outcome, InvokeError> {
        let Running { context, spec, invocation, log, .. } = *self;
        let clock = &context.clock;
        let init = Init { kind: init_kind(spec, registration.purpose()), phase: InitPhase::Init };
        log.tell(&Event::InitStart {
            init,
            runtime_version: spec.runtime.as_str(),
            runtime_arn: &context.runtimes.version_arn(spec.region.as_str()),
            function_name: spec.function_name.as_str(),
            function_version: &spec.version,
            instance_id: registration.id(),
            memory_mb: spec.memory_mb,
        });
        let Component { program, opt_dir } = component;
        let (event, is_web) = match program.world() {
            World::Command => (wasm::Event::Input(invocation.payload.clone()), false),
            World::Http => {
                let asked = component::request(invocation);
                (wasm::Event::Request(Box::new(asked.request)), asked.is_web)
            }
        };
        let heard = Heard::new(log);
        let setting = setting(context, spec, invocation, opt_dir, init.kind, &heard);
        let begin = Begin::new(self, init);
        let told = begin.clone();
        let begins = Box::new(move |now| told.begin(now, Status::Success, None));
        let mut guest = context.components.start(&program, setting, event, begins);
        let initialised = clock.timeout(self.time_left(), guest.initialised()).await;
        let started = initialised.as_ref().and_then(|initialised| initialised.as_ref().ok());
        let started = started.copied().unwrap_or_else(|| clock.moment());
        // What went well has been told on the guest's own thread.
        match &initialised {
            Some(Ok(_)) => {}
            // Nobody has been told of an event yet: the caller may try again.
            Some(Err(Fault::Busy)) => return Err(InvokeError::Throttled(ThrottleReason::MachineMemory)),
            Some(Err(Fault::Host(words))) => return Err(InvokeError::Unavailable(words.clone())),
            Some(Err(_)) => drop(begin.begin(started, Status::Failure, Some("Runtime.ExitError"))),
            None => drop(begin.begin(started, Status::Timeout, None)),
        }
        registration.set_phase(Phase::Busy);
        let answered = match initialised {
            Some(Ok(_)) => clock.timeout(self.time_left(), guest.answer()).await,
            Some(Err(fault)) => Some(Err(fault)),
            None => None,
        };
        let init_duration = started.since(self.since);
        let outcome = self.end(guest, answered, &heard, started, init_duration, is_web).await;
        drop(registration);
        Ok(outcome)
    }

    /// `answered`: `None` when its time was up.
    async fn end(
        &self,
        guest: Guest,
        answered: Option<Result<Answer, Fault>>,
        heard: &Heard,
        started: Moment,
        init: Duration,
        is_web: bool,
    ) -> Outcome {
        let Running { context, spec, invocation, log, .. } = *self;
        let clock = &context.clock;
        let duration = clock.since(started);
        // Its memory is in use until it is gone.
        let usage = guest.end().await;
        heard.flush();
        let timed_out = answered.is_none();
        let end = answered.map_or(End::TimedOut, |answered| self.answered(answered, is_web));
        let (status, error_type, produced_bytes) = end.of_runtime();
        log.tell(&Event::RuntimeDone(RuntimeDone {
            request_id: &invocation.request_id,
            status,
            error_type,
            duration,
            produced_bytes,
            spans: &[],
            trace_id: &invocation.trace_id,
        }));
        let duration = if timed_out { spec.timeout } else { duration.min(spec.timeout) };
        let metering = Metering {
            duration,
            billed: report::billed(duration + init),
            init: Some(init),
            cpu: Some(usage.cpu),
            max_memory_bytes: usage.memory_bytes,
            cold: true,
            ..Metering::default()
        };
        let concluding = Concluding {
            log,
            clock,
            spec,
            request_id: &invocation.request_id,
            trace_id: &invocation.trace_id,
            timed_out,
            restore: None,
        };
        concluding.conclude(answer(&end, &invocation.request_id, spec.timeout), metering).0
    }

    /// What a process would have done in the component's place.
    fn answered(&self, answered: Result<Answer, Fault>, is_web: bool) -> End {
        let reply = match answered {
            Ok(Answer::Output(output)) => component::output(output),
            Ok(Answer::Response(response)) => component::response(response, is_web),
            Ok(Answer::TooLarge(bytes)) => Reply::TooLarge(bytes),
            Err(Fault::Exit(code)) => return End::Ended(Ended::Runtime(Exit::Code(code))),
            Err(Fault::Memory) => return End::Ended(Ended::Runtime(Exit::Signal(SIGKILL))),
            Err(Fault::Trap { signal, words }) => {
                self.log.tell(&Event::Fault { text: &words });
                return End::Ended(Ended::Runtime(Exit::Signal(signal)));
            }
            Err(fault @ (Fault::NoAnswer(_) | Fault::Busy | Fault::Host(_))) => {
                let id = &self.invocation.request_id;
                let message = format!("RequestId: {id} Error: {fault}");
                return End::Failed(ErrorReport::platform("Runtime.Unknown", &message));
            }
        };
        End::Answered { reply, next: AfterAnswer::Exited }
    }

    fn time_left(&self) -> Duration {
        self.spec.timeout.saturating_sub(self.context.clock.since(self.since))
    }
}

/// Of an answer; a response of a URL is a little larger in the end.
const ANSWER_BYTES_MAX: usize = RESPONSE_BYTES_MAX;
