use super::answer::{AfterAnswer, Blame, End, answer, of_reply};
use super::conclude::Concluding;
use super::delivery::Delivery;
use super::prepare::new_log;
use super::processes::Ended;
use super::spans::Spans;
use super::start::{Context, InitFailure, exec_reason};
use super::{Instance, Running};
use crate::{AnswerSink, FunctionError, InvokeRequest, Metering, Outcome, VersionSpec};
use bytes::Bytes;
use clock::{Clock, Moment};
use runtime::api::{ErrorReport, Invocation, Reply};
use runtime::extensions::{InvokeEvent, ShutdownReason};
use runtime::failure;
use runtime::report::{self, Event, Failure, Report, RuntimeDone};
use runtime::{Conversation, Pending};
use sandbox::SandboxError;
use std::time::Duration;

/// What became of one invocation, and whether its instance may be used again.
pub(crate) struct Finished {
    pub outcome: Outcome,
    pub reusable: bool,
}

/// An answer leaves before the end of its invocation when that is not there so soon after: mostly it is, and
/// whoever sends the next event right away then finds the instance free.
const GRACE: Duration = Duration::from_millis(2);

/// The same for a runtime that asks for its next event: one that is only slow to do so should not have its caller,
/// who may come back at once, find it still busy.
const ASKS_WITHIN: Duration = Duration::from_millis(50);

/// A process that has ended may have answered just before; what is under way is waited for this long.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(50);

impl Instance {
    /// Hands `request` to the process and waits for its answer and its next question, at most the
    /// function's timeout. `initialised` is how the start went, if there was one for this invocation. A
    /// streamed answer goes to `sink`, if there is one.
    pub async fn invoke(
        &mut self,
        request: &InvokeRequest,
        initialised: Option<Result<Duration, InitFailure>>,
        sink: Option<AnswerSink>,
    ) -> Finished {
        let started = self.clock.moment();
        let cold = initialised.is_some();
        let init = initialised.as_ref().and_then(|initialised| initialised.as_ref().ok().copied());
        let trace_id = request.trace_id.clone().unwrap_or_else(|| new_trace_id(&self.clock));
        self.log.begin(&request.request_id, request.wants_tail);
        self.log.tell(&Event::Start {
            request_id: &request.request_id,
            version: &self.spec.version,
            trace_id: &trace_id,
        });
        let mut delivery = Delivery::Waiting(sink);
        let mut spans = Spans::new(self.clock.now());
        let mut end = None;
        if let Some(Err(_)) = initialised {
            // Once more, within the time of the invocation.
            end = Box::pin(self.initialise_again(request, started)).await;
        }
        let end = match end {
            Some(end) => end,
            // In a box: each caller would otherwise move the room for it once more.
            None => Box::pin(self.hand_over(request, started, &trace_id, &mut delivery, &mut spans)).await,
        };
        self.running.output.flush();
        self.tell_runtime_done(request, started, &trace_id, &end, &spans);
        let end = match self.running.process.extensions().is_empty() {
            true => end,
            false => Box::pin(self.wait_for_extensions(request, started, end, &mut delivery)).await,
        };
        let (mut finished, blame) = self.finish(request, started, &trace_id, init, cold, end);
        let payload = &mut finished.outcome.payload;
        let report =
            |blame: &Blame| ErrorReport { body: payload.clone(), error_type: blame.error_type().to_owned() };
        if delivery.finish(blame.as_ref().map(report)) {
            *payload = Bytes::new();
        }
        finished
    }

    async fn initialise_again(&mut self, request: &InvokeRequest, started: Moment) -> Option<End> {
        let entrypoint = |reason: &str| End::Failed(failure::invalid_entrypoint(&request.request_id, reason));
        let left = self.time_left(started);
        match self.restart(left).await {
            Ok(()) => {}
            Err(SandboxError::Exec { program, source }) => {
                return Some(entrypoint(&exec_reason(&program, &source)));
            }
            Err(error) => return Some(entrypoint(&error.to_string())),
        }
        let failure = match self.initialised(left).await {
            Ok(_) if self.awaits_restore() => self.go_on().await.err(),
            initialised => initialised.err(),
        };
        Some(match failure? {
            InitFailure::TimedOut => End::TimedOut,
            InitFailure::Ended(ended) => End::Ended(ended),
            InitFailure::Reported(report) => End::Failed(report),
        })
    }

    async fn hand_over(
        &mut self,
        request: &InvokeRequest,
        started: Moment,
        trace_id: &str,
        delivery: &mut Delivery,
        spans: &mut Spans,
    ) -> End {
        let left = self.time_left(started);
        let invocation = Invocation {
            request_id: request.request_id.clone(),
            payload: request.payload.clone(),
            deadline: self.clock.now() + left,
            invoked_arn: request.invoked_arn.clone(),
            trace_id: trace_id.to_owned(),
            client_context: request.client_context.clone(),
            cognito_identity: request.cognito_identity.clone(),
            takes_stream: delivery.takes_stream(),
        };
        let Running { process, api, channel, .. } = &mut self.running;
        let mut conversation = Conversation::of(api, channel.as_mut());
        process.invoke(|| InvokeEvent {
            request_id: invocation.request_id.clone(),
            deadline: invocation.deadline,
            invoked_arn: invocation.invoked_arn.clone(),
            trace_id: invocation.trace_id.clone(),
        });
        let Ok(mut pending) = conversation.invoke(invocation) else {
            // It asked once; what it does now is its fault, and it is of no use.
            let message = "Runtime stopped asking for events";
            return End::Failed(failure::invalid_entrypoint(&request.request_id, message));
        };
        let mut time_out = std::pin::pin!(self.clock.sleep(left));
        let reply = tokio::select! {
            biased;
            reply = pending.reply() => reply,
            ended = process.wait() => match Box::pin(last_words(&self.clock, &mut pending)).await {
                None | Some(Reply::Stream(_)) => return End::Ended(ended),
                Some(reply) => return End::Answered { reply, next: AfterAnswer::Exited },
            },
            () = &mut time_out => return End::TimedOut,
        };
        spans.replied(self.clock.since(started));
        let reply = match reply {
            Reply::Stream(stream) => {
                *delivery =
                    std::mem::replace(delivery, Delivery::Waiting(None)).begin(stream, &self.spec.version);
                None
            }
            reply => Some(reply),
        };
        let through = async {
            tokio::select! {
                biased;
                idle = conversation.idle() => match idle {
                    Ok(()) => (AfterAnswer::Idle, None),
                    Err(_) => (AfterAnswer::Exited, None),
                },
                ended = process.wait() => (AfterAnswer::Exited, Some(ended)),
                () = time_out => (AfterAnswer::TimedOut, None),
            }
        };
        let mut through = std::pin::pin!(through);
        if let Some(reply) = reply {
            let found = match delivery.takes_early() {
                true => self.clock.timeout(ASKS_WITHIN, &mut through).await,
                false => None,
            };
            let (next, _) = match found {
                Some(found) => found,
                None => {
                    delivery.early(of_reply(&reply, &request.request_id).early(&self.spec.version));
                    through.await
                }
            };
            spans.through(self.clock.since(started));
            return End::Answered { reply, next };
        }
        let (next, ended) = through.await;
        spans.streamed(self.clock.since(started));
        // What ends a stream comes before the process is idle; after its end, nothing may come at all.
        match (Box::pin(delivery.streamed(&self.clock, LAST_WORDS)).await, next) {
            (Some(streamed), next) => End::Streamed { streamed, next },
            (None, AfterAnswer::TimedOut) => End::TimedOut,
            (None, next) => match ended {
                Some(ended) => End::Ended(ended),
                None => End::Answered { reply: Reply::Truncated, next },
            },
        }
    }

    /// The runtime is done; the invocation ends when the extensions are, or its time is up.
    async fn wait_for_extensions(
        &mut self,
        request: &InvokeRequest,
        started: Moment,
        mut end: End,
        delivery: &mut Delivery,
    ) -> End {
        let left = self.time_left(started);
        let process = &mut self.running.process;
        if !matches!(end.next(), Some(AfterAnswer::Idle)) {
            return end;
        }
        let found = {
            let mut idle = std::pin::pin!(self.clock.timeout(left, process.idle()));
            let early = match delivery.takes_early() {
                true => self.clock.timeout(GRACE, &mut idle).await,
                false => None,
            };
            match early {
                Some(found) => found,
                None => {
                    let answer = answer(&end, &request.request_id, self.spec.timeout);
                    delivery.early(answer.early(&self.spec.version));
                    idle.await
                }
            }
        };
        let Some(next) = end.next_mut() else { return end };
        match found {
            Some(Ok(())) => {}
            Some(Err(ended)) => {
                *next = AfterAnswer::Exited;
                if let Ended::Extension(failure) = ended {
                    let (id, reason, kind) = (&request.request_id, failure.reason, failure.error_type);
                    let text = format!("RequestId: {id} Error: {reason}\n{kind}");
                    self.log.tell(&Event::Fault { text: &text });
                }
            }
            None => *next = AfterAnswer::TimedOut,
        }
        self.running.process.flush();
        end
    }

    fn tell_runtime_done(
        &self,
        request: &InvokeRequest,
        started: Moment,
        trace_id: &str,
        end: &End,
        spans: &Spans,
    ) {
        if !self.log.is_read() {
            return;
        }
        let (status, error_type, produced_bytes) = end.of_runtime();
        self.log.tell(&Event::RuntimeDone(RuntimeDone {
            request_id: &request.request_id,
            status,
            error_type,
            duration: self.clock.since(started),
            produced_bytes,
            spans: &spans.told(),
            trace_id,
        }));
    }

    fn time_left(&self, started: Moment) -> Duration {
        self.spec.timeout.saturating_sub(self.clock.since(started))
    }

    fn finish(
        &mut self,
        request: &InvokeRequest,
        started: Moment,
        trace_id: &str,
        init: Option<Duration>,
        cold: bool,
        end: End,
    ) -> (Finished, Option<Blame>) {
        let id = &request.request_id;
        let timeout = self.spec.timeout;
        let next = end.next();
        let (usage, cpu) = self.usage();
        // Where the kernel has killed once for lack of memory, nobody knows what is missing.
        let reusable = matches!(next, Some(AfterAnswer::Idle)) && usage.oom_kills.unwrap_or_default() == 0;
        let timed_out = matches!(&end, End::TimedOut) || matches!(next, Some(AfterAnswer::TimedOut));
        if !reusable {
            let timed_out = timed_out.then_some(ShutdownReason::Timeout);
            self.end_reason = timed_out.unwrap_or(ShutdownReason::Failure);
        }
        let streamed_bytes = end.streamed_bytes();
        let answer = answer(&end, id, timeout);
        let duration = if timed_out { timeout } else { self.clock.since(started).min(timeout) };
        let restore = self.restored.take();
        let billed_restore = restore.map(|restore| restore.billed).unwrap_or_default();
        let metering = Metering {
            duration,
            billed: report::billed(duration + init.unwrap_or_default() + billed_restore),
            init,
            cpu,
            max_memory_bytes: usage.memory_peak_bytes.unwrap_or_default(),
            streamed_bytes,
            cold,
            ..Metering::default()
        };
        let concluding = Concluding {
            log: &self.log,
            clock: &self.clock,
            spec: &self.spec,
            request_id: id,
            trace_id,
            timed_out,
            restore,
        };
        let (outcome, blame) = concluding.conclude(answer, metering);
        (Finished { outcome, reusable }, blame)
    }
}

/// The outcome of an invocation for which no process could be started.
pub(crate) fn fail_without_process(
    context: &Context,
    spec: &VersionSpec,
    request: &InvokeRequest,
    reason: &str,
) -> Outcome {
    let id = &request.request_id;
    let trace_id = request.trace_id.as_deref().unwrap_or_default();
    let document = failure::invalid_entrypoint(id, reason);
    let billed = report::billed(Duration::ZERO);
    let report = Report {
        request_id: id,
        duration: Duration::ZERO,
        billed,
        memory_mb: spec.memory_mb,
        max_memory_bytes: 0,
        init: None,
        restore: None,
        failure: Some(Failure::Error { error_type: &document.error_type }),
        trace_id,
    };
    let log = new_log(context, spec);
    log.begin(id, request.wants_tail);
    log.tell(&Event::Start { request_id: id, version: &spec.version, trace_id });
    if let Some(image) = &spec.image {
        log.tell(&Event::Fault { text: &format!("IMAGE\tLaunch error: {reason}\t{image}") });
    }
    let text = format!("RequestId: {id} Error: {reason}\n{}", document.error_type);
    log.tell(&Event::Fault { text: &text });
    log.tell(&Event::End { request_id: id });
    log.tell(&Event::Report(report));
    Outcome {
        payload: document.body,
        content_type: "application/json".to_owned(),
        streamed: false,
        function_error: Some(FunctionError::Unhandled),
        log_tail: log.finish(),
        executed_version: spec.version.clone(),
        metering: Metering { billed, cold: true, ..Metering::default() },
    }
}

async fn last_words(clock: &Clock, pending: &mut Pending<'_>) -> Option<Reply> {
    match clock.timeout(LAST_WORDS, pending.reply()).await {
        // Cut short by the process's end, which says more.
        Some(Reply::Truncated) | None => None,
        Some(reply) => Some(reply),
    }
}

/// A new, unsampled trace: `Root=1-<seconds>-<96 bits>;Parent=<64 bits>;Sampled=0`.
pub(super) fn new_trace_id(clock: &Clock) -> String {
    let mut bytes = [0; 16];
    clock.fill_random(&mut bytes);
    let root = u128::from_be_bytes(bytes) >> 32;
    let parent = clock.random_u64();
    format!("Root=1-{:08x}-{root:024x};Parent={parent:016x};Sampled=0", clock.now().as_seconds())
}
