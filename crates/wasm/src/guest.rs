use crate::answer::Answer;
use crate::compiler::CompileError;
use crate::fault::Fault;
use crate::machine::{Event, UnderWay, Works};
use crate::program::{Entry, Program};
use crate::state::{State, store};
use crate::streams::{Kept, Listener};
use crate::usage::{Meter, Metered, Usage};
use bytes::Bytes;
use clock::{Clock, Moment};
use http::Request;
use http_body_util::{BodyExt, Full};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wasmtime::Store;
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::Proxy;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;

/// What a guest finds around itself.
#[derive(Clone)]
pub struct Setting {
    pub environment: Vec<(String, String)>,
    /// The first is the program's name.
    pub arguments: Vec<String>,
    /// On the host, and what the guest calls it; it can read what is below, and nothing beside.
    pub directories: Vec<(PathBuf, String)>,
    /// Of all its memories and tables together.
    pub memory_bytes: usize,
    /// Of its answer.
    pub answer_bytes_max: usize,
    /// Takes what it writes to its standard streams, unless that is its answer.
    pub listener: Listener,
}

/// Called on a guest's thread between its initialisation and its event: whether the event is to follow.
pub type Begins = Box<dyn FnOnce(Moment) -> bool + Send>;

/// A component at work on one event. Dropping it ends it within a slice.
pub struct Guest {
    initialised: oneshot::Receiver<Result<Moment, Fault>>,
    work: JoinHandle<Result<Answer, Fault>>,
    meter: Arc<Meter>,
}

impl Guest {
    pub(crate) fn start(
        works: Result<Arc<Works>, CompileError>,
        program: Arc<Program>,
        setting: Setting,
        event: Event,
        begins: Begins,
        under_way: UnderWay,
        clock: Clock,
    ) -> Guest {
        let meter = Arc::new(Meter::default());
        let (told, initialised) = oneshot::channel();
        let metered = meter.clone();
        let works = works.map_err(|error| Fault::Host(error.to_string()));
        let threads =
            works.as_ref().ok().and_then(|works| works.threads().map(|threads| threads.handle().clone()));
        let work = async move {
            let _under_way = under_way;
            let start = Start { works: works?, program, setting, event, meter: metered, clock };
            start.run(begins, told).await
        };
        let work = Metered::new(work, meter.clone());
        let work = match threads {
            Some(threads) => threads.spawn(work),
            None => tokio::spawn(work),
        };
        Guest { initialised, work, meter }
    }

    /// Waits until its code is in place and its modules' start functions have run, and tells when that was. To be
    /// asked once.
    ///
    /// # Errors
    /// It will not answer.
    pub async fn initialised(&mut self) -> Result<Moment, Fault> {
        match (&mut self.initialised).await {
            Ok(initialised) => initialised,
            // It ended before it could say so.
            Err(_) => match self.answer().await {
                Ok(_) => Err(Fault::Host("a component answered before it was asked".to_owned())),
                Err(fault) => Err(fault),
            },
        }
    }

    /// Waits for its end. To be asked once.
    ///
    /// # Errors
    /// It gave no answer.
    pub async fn answer(&mut self) -> Result<Answer, Fault> {
        match (&mut self.work).await {
            Ok(answer) => answer,
            Err(error) => Err(Fault::Host(format!("a component's host ended early: {error}"))),
        }
    }

    /// Ends it if it has not ended, waits until nothing is left of it, and tells what it used.
    pub async fn end(mut self) -> Usage {
        self.work.abort();
        if !self.work.is_finished() {
            // However it ended, it has.
            let _ = (&mut self.work).await;
        }
        self.meter.read()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.work.abort();
    }
}

struct Start {
    works: Arc<Works>,
    program: Arc<Program>,
    setting: Setting,
    event: Event,
    meter: Arc<Meter>,
    clock: Clock,
}

impl Start {
    async fn run(
        self,
        begins: Begins,
        told: oneshot::Sender<Result<Moment, Fault>>,
    ) -> Result<Answer, Fault> {
        let Start { works, program, setting, event, meter, clock } = self;
        let bytes_max = setting.answer_bytes_max;
        let begun = |started: Result<(), Fault>| {
            let now = clock.moment();
            let goes_on = started.is_ok() && begins(now);
            // Whoever has gone need not know.
            let _ = told.send(started.clone().map(|()| now));
            started?;
            if goes_on {
                Ok(())
            } else {
                Err(Fault::Host("nobody waits for the component's answer".to_owned()))
            }
        };
        let opened = |error: wasmtime::Error| Fault::Host(format!("{error:#}"));
        match (&program.0, event) {
            (Entry::Command(program), Event::Input(input)) => {
                let output = Kept::new(bytes_max);
                let store = store(&works.engine, setting, input, Some(output.clone()), meter, &clock);
                let mut store = store.map_err(opened)?;
                let command = program.instantiate_async(&mut store).await;
                begun(as_started(&command))?;
                command_answer(command.map_err(|error| Fault::of(&error))?, store, &output).await
            }
            (Entry::Http(program), Event::Request(request)) => {
                let store = store(&works.engine, setting, Bytes::new(), None, meter, &clock);
                let mut store = store.map_err(opened)?;
                let proxy = program.instantiate_async(&mut store).await;
                begun(as_started(&proxy))?;
                response(proxy.map_err(|error| Fault::of(&error))?, store, *request, bytes_max).await
            }
            (Entry::Command(_) | Entry::Http(_), _) => {
                Err(Fault::Host("an event of another world".to_owned()))
            }
        }
    }
}

fn as_started<T>(started: &wasmtime::Result<T>) -> Result<(), Fault> {
    started.as_ref().map(|_| ()).map_err(Fault::of)
}

async fn command_answer(command: Command, mut store: Store<State>, output: &Kept) -> Result<Answer, Fault> {
    match command.wasi_cli_run().call_run(&mut store).await {
        Ok(Ok(())) => Ok(Answer::of_output(output)),
        Ok(Err(())) => Err(Fault::Exit(1)),
        Err(error) => match Fault::of(&error) {
            Fault::Exit(0) => Ok(Answer::of_output(output)),
            fault => Err(fault),
        },
    }
}

async fn response(
    proxy: Proxy,
    mut store: Store<State>,
    request: Request<Bytes>,
    bytes_max: usize,
) -> Result<Answer, Fault> {
    let (sender, receiver) = oneshot::channel();
    let scheme = if request.uri().scheme_str() == Some("http") { Scheme::Http } else { Scheme::Https };
    let host = |error: wasmtime::Error| Fault::Host(format!("{error:#}"));
    // A body in memory does not fail.
    let never = |never: Infallible| -> wasmtime_wasi_http::Error { match never {} };
    let request = request.map(|body| Full::new(body).map_err(never));
    let mut view = store.data_mut().http();
    let request = view.new_incoming_request(scheme, request).map_err(host)?;
    let outparam = view.new_response_outparam(sender).map_err(host)?;
    let handled = async {
        let handled = proxy.wasi_http_incoming_handler().call_handle(&mut store, request, outparam).await;
        // What it has not answered by now it never will.
        drop(store);
        handled.map_err(|error| Fault::of(&error))
    };
    let answered = async {
        match receiver.await {
            Ok(Ok(response)) => Answer::of_response(response, bytes_max).await.map_err(Fault::NoAnswer),
            Ok(Err(code)) => Err(Fault::NoAnswer(format!("the component answered with the error {code:?}"))),
            Err(_) => Err(Fault::NoAnswer("the component ended without a response".to_owned())),
        }
    };
    let (handled, answered) = tokio::join!(handled, answered);
    match handled {
        // As a process that answered and then ended itself in good order.
        Err(Fault::Exit(0)) | Ok(()) => answered,
        Err(fault) => Err(fault),
    }
}
