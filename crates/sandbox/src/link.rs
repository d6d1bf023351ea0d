use crate::cgroup::SandboxGroup;
use crate::control::{self, Event, Failure, Order, Reply, Request};
use crate::create::FIRST_REQUEST;
use crate::{Exit, ExitStatus, SandboxError};
use clock::Clock;
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};
use tokio::sync::{oneshot, watch};

/// An init answers in milliseconds; one that does not within this is stuck.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The conversation with one init: requests out, answers and exits in.
#[derive(Clone)]
pub(crate) struct Link {
    socket: Arc<AsyncFd<Arc<OwnedFd>>>,
    shared: Arc<Shared>,
    clock: Clock,
    gone: watch::Receiver<bool>,
}

struct Shared {
    group: Arc<SandboxGroup>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    next_id: u64,
    closed: bool,
    answers: HashMap<u64, Waiter>,
    exits: HashMap<i32, Run>,
}

struct Waiter {
    answer: oneshot::Sender<Result<Answer, Failure>>,
    /// Only for a start: where the exit of the process is to be told.
    run: Option<Run>,
}

type Answer = (Reply, Vec<OwnedFd>);

struct Run {
    exit: oneshot::Sender<Exit>,
    oom_kills_before: u64,
}

/// A request that is on its way: the init gets it before whatever is asked later.
pub(crate) struct Asked {
    id: u64,
    answered: oneshot::Receiver<Result<Answer, Failure>>,
    link: Link,
}

/// A process that was started.
pub(crate) struct Started {
    pub(crate) pid: i32,
    pub(crate) exit: oneshot::Receiver<Exit>,
}

impl Link {
    /// Must be called within a tokio runtime: a task reads for as long as the init lives.
    pub(crate) fn start(control: Arc<OwnedFd>, group: Arc<SandboxGroup>, clock: Clock) -> io::Result<Self> {
        nix::fcntl::fcntl(&*control, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK))?;
        // SAFETY: an `Arc<OwnedFd>` names the same open descriptor for as long as it lives.
        let socket = Arc::new(unsafe { AsyncFd::register(control) }?);
        let waiting = Mutex::new(Waiting { next_id: FIRST_REQUEST, ..Waiting::default() });
        let shared = Arc::new(Shared { group, waiting });
        let (ended, gone) = watch::channel(false);
        let (reader, listener) = (Arc::clone(&socket), Arc::clone(&shared));
        tokio::spawn(async move {
            listener.listen(&reader).await;
            listener.close();
            ended.send_replace(true);
        });
        Ok(Link { socket, shared, clock, gone })
    }

    pub(crate) async fn ask(
        &self,
        order: Order,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<Reply, SandboxError> {
        self.ask_for(order, descriptors).await.map(|(reply, _)| reply)
    }

    /// With the descriptors that came with the answer.
    pub(crate) async fn ask_for(
        &self,
        order: Order,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<Answer, SandboxError> {
        self.request(order, descriptors, None).await?.map_err(crate::create::refused)
    }

    /// The inner error is the program's that would not start.
    pub(crate) async fn start_process(
        &self,
        order: Order,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<Result<Started, Failure>, SandboxError> {
        let (exit, exited) = oneshot::channel();
        let run = Run { exit, oom_kills_before: self.shared.group.oom_kills() };
        match self.request(order, descriptors, Some(run)).await? {
            Ok((Reply::Started { pid }, _)) => Ok(Ok(Started { pid, exit: exited })),
            Ok(_) => Err(SandboxError::Gone("its init spoke out of turn".into())),
            Err(failure) => Ok(Err(failure)),
        }
    }

    async fn request(
        &self,
        order: Order,
        descriptors: &[BorrowedFd<'_>],
        run: Option<Run>,
    ) -> Result<Result<Answer, Failure>, SandboxError> {
        self.begin(order, descriptors, run).await?.answer().await
    }

    pub(crate) async fn ask_later(
        &self,
        order: Order,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<Asked, SandboxError> {
        self.begin(order, descriptors, None).await
    }

    /// Returns when it is sent.
    async fn begin(
        &self,
        order: Order,
        descriptors: &[BorrowedFd<'_>],
        run: Option<Run>,
    ) -> Result<Asked, SandboxError> {
        let (answer, answered) = oneshot::channel();
        let id = self.shared.expect(Waiter { answer, run }).ok_or_else(ended)?;
        let asked = Asked { id, answered, link: self.clone() };
        let sent = async {
            let bytes = control::encode(&Request { id, order })?;
            loop {
                let mut ready = self.socket.writable().await?;
                let send = |socket: &AsyncFd<Arc<OwnedFd>>| {
                    control::send_bytes(socket.get_ref().as_fd(), &bytes, descriptors)
                };
                if let Ok(result) = ready.try_io(send) {
                    return result;
                }
            }
        };
        let sent: Option<io::Result<()>> = self.clock.timeout(ANSWER_WITHIN, sent).await;
        let error = match sent {
            Some(Ok(())) => return Ok(asked),
            Some(Err(error)) if error.raw_os_error() == Some(libc::E2BIG) => SandboxError::Invalid(format!(
                "arguments and environment take more than {} bytes",
                control::MESSAGE_BYTES_MAX
            )),
            Some(Err(_)) => ended(),
            None => silent(),
        };
        asked.forget();
        Err(error)
    }

    /// Resolves once the init has ended, and with it every process of the sandbox. Cancel-safe.
    pub(crate) async fn gone(&self) {
        // An error means that the task ended without a word: the runtime is shutting down.
        let _ = self.gone.clone().wait_for(|gone| *gone).await;
    }
}

impl Asked {
    async fn answer(mut self) -> Result<Result<Answer, Failure>, SandboxError> {
        let answered = self.link.clock.timeout(ANSWER_WITHIN, &mut self.answered).await;
        match answered {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(_)) => Err(ended()),
            None => {
                self.forget();
                Err(silent())
            }
        }
    }

    /// Waits for the answer.
    pub(crate) async fn done(self) -> Result<Reply, SandboxError> {
        self.answer().await?.map(|(reply, _)| reply).map_err(crate::create::refused)
    }

    fn forget(&self) {
        self.link.shared.waiting().answers.remove(&self.id);
    }
}

fn ended() -> SandboxError {
    SandboxError::Gone("its init has ended".into())
}

fn silent() -> SandboxError {
    SandboxError::Gone("its init does not answer".into())
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, waiter: Waiter) -> Option<u64> {
        let mut waiting = self.waiting();
        if waiting.closed {
            return None;
        }
        let id = waiting.next_id;
        waiting.next_id += 1;
        waiting.answers.insert(id, waiter);
        Some(id)
    }

    async fn listen(&self, socket: &AsyncFd<Arc<OwnedFd>>) {
        loop {
            let Ok(mut ready) = socket.ready(Interest::READABLE).await else { return };
            match control::receive::<Event>(socket.get_ref().as_fd()) {
                Ok(Some((event, descriptors))) => self.take(event, descriptors),
                Ok(None) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready.clear_ready_matching(Ready::READABLE)
                }
                Err(error) => {
                    tracing::error!(%error, "a sandbox init cannot be understood");
                    return;
                }
            }
        }
    }

    fn take(&self, event: Event, descriptors: Vec<OwnedFd>) {
        match event {
            Event::Reply { id, result } => {
                let mut waiting = self.waiting();
                // None: the asker gave up.
                let Some(waiter) = waiting.answers.remove(&id) else { return };
                if let (Ok(Reply::Started { pid }), Some(run)) = (&result, waiter.run) {
                    waiting.exits.insert(*pid, run);
                }
                drop(waiting);
                let _ = waiter.answer.send(result.map(|reply| (reply, descriptors)));
            }
            Event::Exited { pid, status } => {
                let Some(run) = self.waiting().exits.remove(&pid) else { return };
                self.tell_exit(run, status_of(pid, status));
            }
        }
    }

    fn tell_exit(&self, run: Run, status: ExitStatus) {
        let oom_killed = self.group.oom_kills() > run.oom_kills_before;
        // Nobody may be waiting; that is fine.
        let _ = run.exit.send(Exit { status, oom_killed });
    }

    /// When the init ends, the kernel kills all that it had started.
    fn close(&self) {
        let (answers, exits) = {
            let mut waiting = self.waiting();
            waiting.closed = true;
            (std::mem::take(&mut waiting.answers), std::mem::take(&mut waiting.exits))
        };
        drop(answers);
        for run in exits.into_values() {
            self.tell_exit(run, ExitStatus::Signal(libc::SIGKILL));
        }
    }
}

fn status_of(pid: i32, status: i32) -> ExitStatus {
    match WaitStatus::from_raw(Pid::from_raw(pid), status) {
        Ok(WaitStatus::Exited(_, code)) => ExitStatus::Code(code),
        Ok(WaitStatus::Signaled(_, signal, _)) => ExitStatus::Signal(signal as i32),
        // A real-time signal, which nix does not name.
        _ => ExitStatus::Signal(status & 0x7f),
    }
}
