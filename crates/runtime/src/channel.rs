//! The private way between the platform and our shims: a connected socket with one frame a message.
//!
//! It says what the Runtime API says, for less: one write and one read an invocation on either side. A
//! [`Channel`] has no task of its own; it reads and writes while somebody waits for something from it, so
//! a process that nobody asked is not heard.

mod frame;
mod words;

pub use frame::{BODY_BYTES_MAX, Body, Decoder, Frame, HEADER_BYTES_MAX, Kind, Malformed, encode};

use crate::api::{
    ErrorReport, Initialised, Invocation, NotIdle, Reply, ResponseStream, StreamEnd, StreamWriter,
};
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use words::Said;

/// The variable that names the descriptor to a process; it is gone before the function's code is loaded.
pub const DESCRIPTOR_VARIABLE: &str = "_ZERUN_CHANNEL_FD";

/// The variable that names to a Python process the descriptor of a sandbox's `Template`, which it then becomes: what
/// it forks waits on its channel, as a process does that was started before there is a function.
pub const TEMPLATE_VARIABLE: &str = "_ZERUN_TEMPLATE_FD";

/// Most names that [`Channel::packages`] gives.
const PACKAGES_MAX: usize = 64;

/// The platform's end of the conversation with one process.
///
/// Everything that waits is cancel-safe. Nothing is trusted: what the process says out of turn is not
/// heard, and what is no frame ends the conversation.
#[derive(Debug)]
pub struct Channel {
    socket: UnixStream,
    decoder: Decoder,
    /// To be written before anything is waited for.
    outgoing: VecDeque<Bytes>,
    state: State,
    packages: Vec<String>,
}

#[derive(Debug)]
enum State {
    /// Starting, or generic.
    Loading,
    /// Told to become a function's process, or born as one.
    Starting,
    Failed(ErrorReport),
    Idle,
    Running {
        request_id: String,
    },
    Streaming {
        request_id: String,
        writer: Option<StreamWriter>,
    },
    Answered,
    Broken,
}

/// The process wrote what is no frame, or none that may come now. It is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the process broke the rules of its channel")]
pub struct Broken;

impl Channel {
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The socket cannot be made non-blocking or registered.
    pub fn new(socket: std::os::unix::net::UnixStream) -> io::Result<Channel> {
        socket.set_nonblocking(true)?;
        Ok(Channel {
            socket: UnixStream::from_std(socket)?,
            decoder: Decoder::default(),
            outgoing: VecDeque::new(),
            state: State::Loading,
            packages: Vec::new(),
        })
    }

    /// Waits until a generic process can be specialised. Never resolves for one that dies before: the
    /// caller watches the time and the process.
    ///
    /// # Errors
    /// [`Broken`]
    pub async fn loaded(&mut self) -> Result<(), Broken> {
        while matches!(self.state, State::Loading) {
            match self.frame().await?.kind {
                Kind::Loaded => self.state = State::Starting,
                _ => return self.broken(),
            }
        }
        Ok(())
    }

    /// Makes a generic process the process of one function: it takes `environment` for its own, and loads
    /// the handler. May be called before it waits for that.
    pub fn specialise(&mut self, environment: &[(String, String)]) {
        let header = words::Specialise { env: environment };
        // The environment is bounded far below a frame's header, and has no maps whose keys could fail.
        let header = serde_json::to_vec(&header).unwrap_or_default();
        self.outgoing.push_back(encode(Kind::Specialise, &header, 0).into());
    }

    /// As [`crate::api::RuntimeApi::initialised`].
    pub async fn initialised(&mut self) -> Result<Initialised, Broken> {
        loop {
            match &self.state {
                State::Loading | State::Starting => {}
                State::Failed(report) => return Ok(Initialised::Failed(report.clone())),
                State::Broken => return Err(Broken),
                _ => return Ok(Initialised::Ready),
            }
            let Frame { kind, header, body } = self.frame().await?;
            match kind {
                Kind::Loaded if matches!(self.state, State::Loading) => self.state = State::Starting,
                Kind::Ready => {
                    self.packages = Said::read(&header).packages;
                    self.packages.truncate(PACKAGES_MAX);
                    self.state = State::Idle;
                }
                Kind::InitError => {
                    self.state = State::Failed(report(&header, body, "Runtime.Unknown"));
                }
                _ => return self.broken(),
            }
        }
    }

    /// Lets a process that was initialised ahead go on; [`Channel::initialised`] then waits for it again.
    ///
    /// # Errors
    /// It is not initialised, or busy.
    pub fn restore(&mut self) -> Result<(), NotIdle> {
        if !matches!(self.state, State::Idle) {
            return Err(NotIdle);
        }
        self.outgoing.push_back(encode(Kind::Restore, b"", 0).into());
        self.state = State::Starting;
        Ok(())
    }

    /// The packages of the runtime pack that the process says it loaded; at most 64, and anything.
    pub fn packages(&self) -> &[String] {
        &self.packages
    }

    /// Hands `invocation` to the process. The returned [`Pending`] resolves with its answer.
    ///
    /// # Errors
    /// The process has not asked for an event: it is still starting, or still busy.
    pub fn invoke(&mut self, invocation: Invocation) -> Result<Pending<'_>, NotIdle> {
        if !matches!(self.state, State::Idle) {
            return Err(NotIdle);
        }
        let header = serde_json::to_vec(&words::Invoke::of(&invocation)).unwrap_or_default();
        self.outgoing.push_back(encode(Kind::Invoke, &header, invocation.payload.len()).into());
        self.outgoing.push_back(invocation.payload);
        self.state = State::Running { request_id: invocation.request_id };
        Ok(Pending(self))
    }

    /// Waits until the process, having answered, asks for the next event. What it streams is passed on
    /// while this waits, no faster than the reader of the stream takes it.
    ///
    /// # Errors
    /// [`Broken`]
    pub async fn idle(&mut self) -> Result<(), Broken> {
        loop {
            if let State::Streaming { writer: Some(writer), .. } = &mut self.state {
                writer.flush().await;
            }
            match &self.state {
                State::Idle => return Ok(()),
                State::Answered | State::Streaming { .. } => {}
                _ => return Err(Broken),
            }
            let frame = self.frame().await?;
            self.after_answer(frame)?;
        }
    }

    fn after_answer(&mut self, Frame { kind, header, body }: Frame) -> Result<(), Broken> {
        let State::Streaming { request_id, writer } = &mut self.state else {
            match kind {
                Kind::Next => self.state = State::Idle,
                // A second answer, or what a streaming process says after it had to stop.
                Kind::Response | Kind::Error | Kind::StreamChunk | Kind::StreamEnd => {}
                _ => return self.broken(),
            }
            return Ok(());
        };
        let end = match (kind, body) {
            (Kind::StreamChunk, Body::Whole(bytes)) => {
                writer.iter_mut().for_each(|writer| writer.take(bytes.clone()));
                return Ok(());
            }
            // About an invocation that is over.
            (Kind::StreamEnd | Kind::Error, _) if Said::read(&header).id != *request_id => return Ok(()),
            (Kind::StreamEnd, Body::Whole(body)) if body.is_empty() => StreamEnd::Complete,
            (Kind::StreamEnd | Kind::Error, body) => {
                StreamEnd::BrokenOff(report(&header, body, "Function.Unknown"))
            }
            _ => return self.broken(),
        };
        if let Some(writer) = writer.take() {
            writer.end(end);
        }
        self.state = State::Answered;
        Ok(())
    }

    async fn reply(&mut self) -> Result<Reply, Broken> {
        loop {
            let Frame { kind, header, body } = self.frame().await?;
            let State::Running { request_id } = &mut self.state else { return self.broken() };
            if !matches!(kind, Kind::Response | Kind::Error | Kind::StreamStart) {
                return self.broken();
            }
            let said = Said::read(&header);
            if said.id != *request_id {
                // About an invocation that is over.
                continue;
            }
            let content_type = said.content_type.filter(|text| is_field_value(text));
            let content_type = content_type.unwrap_or_else(|| "application/json".to_owned());
            if kind == Kind::StreamStart {
                let (writer, stream) = ResponseStream::new(content_type);
                let request_id = std::mem::take(request_id);
                self.state = State::Streaming { request_id, writer: Some(writer) };
                return Ok(Reply::Stream(stream));
            }
            self.state = State::Answered;
            return Ok(match body {
                Body::TooLarge(size) => Reply::TooLarge(size),
                Body::Whole(body) if kind == Kind::Response => Reply::Response { body, content_type },
                body => Reply::Error(report(&header, body, "Function.Unknown")),
            });
        }
    }

    /// Writes what is to be written, then waits for a frame. Never resolves once the process has closed its
    /// end: its exit says more.
    async fn frame(&mut self) -> Result<Frame, Broken> {
        if matches!(self.state, State::Broken) {
            return Err(Broken);
        }
        if self.write().await.is_err() {
            std::future::pending().await
        }
        loop {
            match self.decoder.frame() {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => {}
                Err(Malformed) => return self.broken(),
            }
            // Cancel-safe. One that takes less than there is room for asks no more before there is news.
            match self.socket.read_buf(self.decoder.buffer()).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => std::future::pending().await,
            }
        }
    }

    async fn write(&mut self) -> io::Result<()> {
        while let Some(first) = self.outgoing.front() {
            if first.is_empty() {
                self.outgoing.pop_front();
                continue;
            }
            let second = self.outgoing.get(1).map_or(&[][..], |bytes| bytes);
            match self.socket.try_write_vectored(&[IoSlice::new(first), IoSlice::new(second)]) {
                Ok(written) => self.written(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.socket.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn written(&mut self, mut count: usize) {
        while let Some(first) = self.outgoing.front_mut() {
            let of_first = count.min(first.len());
            first.advance(of_first);
            count -= of_first;
            if !first.is_empty() || count == 0 {
                return;
            }
            self.outgoing.pop_front();
        }
    }

    fn broken<T>(&mut self) -> Result<T, Broken> {
        self.state = State::Broken;
        Err(Broken)
    }
}

/// An invocation on its way. Dropping it gives up waiting; it does not stop the process.
#[derive(Debug)]
pub struct Pending<'a>(&'a mut Channel);

impl Pending<'_> {
    /// The process's answer; to be asked until there is one. Never resolves when the process does not
    /// answer.
    pub async fn reply(&mut self) -> Reply {
        self.0.reply().await.unwrap_or(Reply::Truncated)
    }
}

fn report(header: &[u8], body: Body, unknown: &str) -> ErrorReport {
    match body {
        Body::Whole(body) => ErrorReport::posted(body, Said::read(header).error_type.as_deref(), "", unknown),
        Body::TooLarge(_) => ErrorReport::platform(unknown, "The error document is too large"),
    }
}

/// May stand in a header of HTTP: visible ASCII and spaces, at most 256 bytes.
fn is_field_value(text: &str) -> bool {
    text.len() <= 256 && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests;
