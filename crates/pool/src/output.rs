mod lines;

pub(crate) use lines::Lines;

use crate::LogFormat;
use clock::Clock;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use runtime::log::{ApplicationLevel, LogLine, LogSink, LogSource, Tail};
use runtime::report::{self, Event};
use runtime::telemetry::{Origin, Telemetry};
use sandbox::Process;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::unix::pipe::Receiver;
use tokio::task::JoinHandle;

/// One read of a pipe.
const READ_BYTES: usize = 16 << 10;

/// How much a process may write before it has to wait for a pause: 1 MiB every 50 ms.
const BURST_BYTES: usize = 1 << 20;
const PAUSE: Duration = Duration::from_millis(50);

/// One instance's log: what its processes write and what the platform says about them.
#[derive(Clone)]
pub(crate) struct Log(Arc<Shared>);

struct Shared {
    clock: Clock,
    sink: LogSink,
    source: Arc<LogSource>,
    /// Managed runtimes mark line breaks inside an entry as CR.
    joins_lines: bool,
    format: LogFormat,
    telemetry: Telemetry,
    current: Mutex<Current>,
    /// Somebody waits for this invocation's tail, or the next one's.
    wants_tail: AtomicBool,
}

#[derive(Default)]
struct Current {
    request_id: Option<Arc<str>>,
    tail: Tail,
    /// Lines of this invocation that the sink had no room for.
    dropped: u64,
    dropped_bytes: u64,
}

/// Why lines are missing, in the words of the service.
const FELL_BEHIND: &str = "they came faster than they are kept";

impl Log {
    pub fn new(clock: Clock, sink: LogSink, source: LogSource, joins_lines: bool, format: LogFormat) -> Self {
        let source = Arc::new(source);
        let telemetry = Telemetry::new(clock.clone());
        let current = Mutex::default();
        let wants_tail = AtomicBool::new(true);
        Log(Arc::new(Shared { clock, sink, source, joins_lines, format, telemetry, current, wants_tail }))
    }

    /// Who else is told.
    pub fn telemetry(&self) -> &Telemetry {
        &self.0.telemetry
    }

    pub fn stream(&self) -> &str {
        &self.0.source.log_stream
    }

    /// From now on lines belong to this invocation.
    pub fn begin(&self, request_id: &str, wants_tail: bool) {
        self.0.wants_tail.store(wants_tail, Ordering::Relaxed);
        self.current().request_id = Some(request_id.into());
    }

    /// The invocation's tail. Lines from now on belong to none.
    pub fn finish(&self) -> String {
        let (records, bytes) = {
            let mut current = self.current();
            (std::mem::take(&mut current.dropped), std::mem::take(&mut current.dropped_bytes))
        };
        if records > 0 {
            self.write(&Event::LogsDropped { reason: FELL_BEHIND, records, bytes });
        }
        let mut current = self.current();
        current.request_id = None;
        self.0.wants_tail.store(true, Ordering::Relaxed);
        current.tail.take()
    }

    /// Whether anybody would read what is told: lines that nobody reads are not made.
    pub fn is_read(&self) -> bool {
        self.wants_lines() || self.telemetry().is_listening()
    }

    fn wants_lines(&self) -> bool {
        self.0.wants_tail.load(Ordering::Relaxed) || self.0.sink.is_heard()
    }

    /// What the platform says, in the form and from the level on that the function asked for.
    pub fn tell(&self, event: &Event) {
        if self.telemetry().is_listening() {
            self.0.telemetry.tell(self.0.clock.now(), event);
        }
        self.write(event);
    }

    fn write(&self, event: &Event) {
        if !self.wants_lines() {
            return;
        }
        match (self.0.format, event) {
            // JSON logs have no word for them.
            (LogFormat::Json { .. }, Event::End { .. }) => {}
            (LogFormat::Text, _) | (_, Event::Fault { .. }) => {
                if let Some(line) = event.line() {
                    self.line(line);
                }
            }
            (LogFormat::Json { system, .. }, _) => {
                if event.level() >= system {
                    self.line(report::document(self.0.clock.now(), event.kind(), &event.record()));
                }
            }
        }
    }

    fn line(&self, text: String) {
        let request_id = {
            let mut current = self.current();
            current.tail.push(&text);
            current.request_id.clone()
        };
        if !self.0.sink.is_heard() {
            return;
        }
        let bytes = text.len();
        let line = LogLine { at: self.0.clock.now(), source: self.0.source.clone(), request_id, text };
        if !self.0.sink.write(line) {
            let mut current = self.current();
            current.dropped += 1;
            current.dropped_bytes += bytes as u64;
        }
    }

    fn written(&self, origin: Origin, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let text = if self.0.joins_lines { text.replace('\r', "\n") } else { text.into_owned() };
        let is_json = self.0.format != LogFormat::Text;
        self.0.telemetry.line(self.0.clock.now(), origin, &text, is_json);
        if self.wants_lines() && !self.is_filtered(&text) {
            self.line(text);
        }
    }

    /// Whether the code itself marks the line as less important than what is to be kept.
    fn is_filtered(&self, text: &str) -> bool {
        match self.0.format {
            LogFormat::Text => false,
            LogFormat::Json { application, .. } => {
                ApplicationLevel::of_line(text).is_some_and(|level| level < application)
            }
        }
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads what one process writes. Dropping it stops reading.
pub(crate) struct Output {
    /// Of standard output and standard error. Whoever knows that there is something to read reads it: the pump,
    /// or who waits for all that was written.
    streams: Arc<[Mutex<Stream>; 2]>,
    pipes: [Pipe; 2],
    task: JoinHandle<()>,
}

impl Output {
    pub fn start(process: &mut Process, log: Log, origin: Origin) -> Self {
        let clock = log.0.clock.clone();
        let pipes = [process.stdout.take(), process.stderr.take()];
        let pipes = pipes.map(|pipe| pipe.map(Arc::new));
        let streams = pipes.clone().map(|pipe| Mutex::new(Stream::new(pipe, log.clone(), origin)));
        let streams = Arc::new(streams);
        let task = tokio::spawn(pump(pipes.clone(), streams.clone(), clock));
        Output { streams, pipes, task }
    }

    /// Of a process that was not started.
    pub fn none(log: &Log) -> Self {
        let streams = [(); 2].map(|()| Mutex::new(Stream::new(None, log.clone(), Origin::Function)));
        Output { streams: Arc::new(streams), pipes: [None, None], task: tokio::spawn(async {}) }
    }

    /// Everything that is in the pipes becomes lines.
    pub fn flush(&self) {
        let have = self.have_bytes();
        for (stream, has_bytes) in self.streams.iter().zip(have) {
            let mut stream = lock(stream);
            if has_bytes {
                stream.read_all();
            }
            stream.lines.end_line();
        }
    }
}

impl Output {
    /// Most invocations write nothing: the kernel is asked once for both.
    fn have_bytes(&self) -> [bool; 2] {
        let [Some(out), Some(err)] = &self.pipes else { return [false; 2] };
        let mut asked = [out, err].map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
        match nix::poll::poll(&mut asked, PollTimeout::ZERO) {
            Ok(0) => [false; 2],
            // An error shows again when reading.
            _ => asked.map(|asked| asked.any() != Some(false)),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Pipe = Option<Arc<Receiver>>;

async fn pump(pipes: [Pipe; 2], streams: Arc<[Mutex<Stream>; 2]>, clock: Clock) {
    let mut since_pause = 0;
    let [mut out, mut err] = pipes;
    let [stdout, stderr] = &*streams;
    while out.is_some() || err.is_some() {
        let (stream, pipe) = tokio::select! {
            () = readable(&out) => (stdout, &mut out),
            () = readable(&err) => (stderr, &mut err),
        };
        match lock(stream).read() {
            Some(read) => since_pause += read,
            None => *pipe = None,
        }
        if since_pause > BURST_BYTES {
            since_pause = 0;
            clock.sleep(PAUSE).await;
        }
    }
}

/// Never resolves once the pipe has ended.
async fn readable(pipe: &Pipe) {
    match pipe {
        Some(pipe) => {
            // An error shows again when reading.
            let _ = pipe.readable().await;
        }
        None => std::future::pending().await,
    }
}

fn lock(stream: &Mutex<Stream>) -> MutexGuard<'_, Stream> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One pipe and the line that is not finished yet.
struct Stream {
    /// `None` once it has ended.
    pipe: Pipe,
    lines: Lines,
}

impl Stream {
    fn new(pipe: Pipe, log: Log, origin: Origin) -> Self {
        Stream { pipe, lines: Lines::new(log, origin) }
    }

    /// Reads once, when tokio knows of something; how much, in bytes. `None` when there is nothing ever again.
    fn read(&mut self) -> Option<usize> {
        let mut buffer = [0; READ_BYTES];
        let result = self.pipe.as_ref()?.try_read(&mut buffer);
        self.took(&buffer, result)
    }

    /// Reads whatever there is, whether tokio has heard of it or not: news of an answer or of a process's end
    /// may overtake the news of what was written before.
    fn read_all(&mut self) {
        // What is in a pipe is at most 64 KiB (1 MiB where the process enlarged it); whoever writes on is not
        // waited for.
        let mut taken = 0;
        while taken < BURST_BYTES {
            let mut buffer = [0; READ_BYTES];
            let Some(pipe) = &self.pipe else { return };
            let result = nix::unistd::read(pipe, &mut buffer).map_err(io::Error::from);
            match self.took(&buffer, result) {
                Some(read @ 1..) => taken += read,
                _ => return,
            }
        }
    }

    /// How much was read, in bytes; none now, or (`None`) never again.
    fn took(&mut self, buffer: &[u8], result: io::Result<usize>) -> Option<usize> {
        match result {
            Ok(read @ 1..) => {
                self.lines.take(buffer.get(..read).unwrap_or_default());
                Some(read)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Some(0),
            Ok(0) | Err(_) => {
                self.pipe = None;
                self.lines.end_line();
                None
            }
        }
    }
}
