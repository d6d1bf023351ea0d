use crate::control::{self, Failure, Order, Request, Setup, TemplateOrder, TemplateWord, TmpPlan};
use crate::slots::Reservation;
use crate::spawner::{self, Spawned};
use crate::{Command, CpuSpec, Host, Layer, RootSpec, SandboxError, Spec, teardown};
use clock::Clock;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::unix::pipe;

/// A process that waits to be forked into sandboxes ([`Sandbox::fork_from`](crate::Sandbox::fork_from)).
///
/// It is trusted: it runs outside of any sandbox, as root, with five capabilities, and must never run a
/// function's code. It sees a root like a sandbox's and no network, has no secret to keep, and ends with the
/// server. Its children in the sandboxes share its memory until they write to it, and its random layout: a
/// template is to be replaced by another after so many forks ([`Template::forks`]).
///
/// ```text
///   template ──fork──► a child, in the sandbox's namespaces ──fork──► the process, which follows the plan
///   (host's PIDs)      ends at once, so that init adopts  ─┘          and says so on its report socket
/// ```
///
/// What the program must do (Python: `crates/runtime/shims/python/zerun_shim/zygote.py`): say `"ready"` on
/// descriptor 3, a sequenced-packet socket, and end when that closes. For each order there, join the namespaces
/// it came with, fork twice, make every system call of the plan, take the streams as descriptors 0 to 3, close
/// all others, and send `{"started": <process id>}` on the order's report socket, or `{"failed": …}`; then wait there
/// for `"run"`, and end if the socket closes instead.
///
/// Dropped, it is ended; what it forked lives on.
pub struct Template {
    socket: AsyncFd<OwnedFd>,
    process: AsyncFd<Arc<OwnedFd>>,
    pid: i32,
    forks: AtomicU64,
    clock: Clock,
    _ending: Ending,
}

/// What a template is made of.
#[derive(Debug, Clone)]
pub struct TemplateSpec {
    /// As the roots of the sandboxes into which it will be forked.
    pub root: RootSpec,
    /// The program. Its `channel` must be `false`: descriptor 3 is the orders' socket.
    pub command: Command,
}

/// A template imports everything that its children may want before it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// A fork takes milliseconds; a template that takes longer than this is stuck, or the host is.
/// An invocation may wait for it.
const FORK_WITHIN: Duration = Duration::from_secs(2);

/// A template keeps nothing in its `/tmp`.
const TMP_BYTES: u64 = 1 << 20;
/// Bytes of what a failing template printed that are told.
const OUTPUT_BYTES_MAX: usize = 2048;

impl Host {
    /// Starts a template and waits until it is ready. Cancelled, it is ended in the background.
    ///
    /// # Errors
    /// `LayerMissing` without privileges; `Invalid`; `Template` when the program fails before it is ready, with
    /// the end of what it printed; `Host`.
    pub async fn template(&self, spec: TemplateSpec) -> Result<Template, SandboxError> {
        if !self.0.privileged {
            return Err(SandboxError::LayerMissing {
                layer: Layer::OwnUid,
                detail: "a template needs root on the host".into(),
            });
        }
        let TemplateSpec { root, command } = spec;
        command.check()?;
        if command.channel {
            return Err(SandboxError::Invalid("a template has no channel".into()));
        }
        let setup = self.template_setup(root)?;
        let template = self.start_template(self.reserve(&setup.spec.id)?).await?;
        let no_pipe = || SandboxError::host("cannot make a pipe");
        let (outputs, outputs_in) =
            nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|error| no_pipe()(error.into()))?;
        let printed = tokio::spawn(follow(pipe::Receiver::from_owned_fd(outputs).map_err(no_pipe())?));
        let request = Request { id: 0, order: Order::Template(Box::new(setup), Box::new(command)) };
        send(&template.socket, &request, &[outputs_in.as_fd()]).await?;
        drop(outputs_in);
        let clock = &self.0.options.clock;
        match clock.timeout(READY_WITHIN, receive(&template.socket)).await {
            Some(Ok(Some(TemplateWord::Ready))) => Ok(template),
            Some(Ok(Some(TemplateWord::Failed(failure)))) => Err(failed(&failure)),
            Some(Ok(None)) => {
                let printed = clock.timeout(READY_WITHIN, printed).await;
                let printed = printed.and_then(Result::ok).unwrap_or_default();
                Err(SandboxError::Template(format!("it ended before it was ready: {}", printed.trim())))
            }
            Some(Ok(Some(TemplateWord::Started(_)))) => Err(out_of_turn()),
            Some(Err(error)) => Err(SandboxError::Template(error.to_string())),
            None => Err(SandboxError::Template("it does not become ready".into())),
        }
    }

    fn template_setup(&self, root: RootSpec) -> Result<Setup, SandboxError> {
        let spec = Spec {
            id: format!("template-{}", self.0.options.clock.random_token(12)),
            root,
            tmp_bytes: TMP_BYTES,
            memory_bytes: 256 << 20,
            cpu: CpuSpec::default(),
            pids_max: 1,
            nofile: 1024,
            hostname: "template".into(),
            listen: Vec::new(),
            tun: None,
            host_names: Vec::new(),
        };
        spec.check()?;
        Ok(Setup {
            spec,
            uid: 0,
            privileged: true,
            own_pids: false,
            staging: self.0.staging.clone(),
            tmp: TmpPlan::Memory { because: "a template keeps nothing there".into() },
            may_lack: Vec::new(),
            cgroups: 0,
            freezer: false,
            cgroup_views: Vec::new(),
        })
    }

    async fn start_template(&self, reservation: Reservation) -> Result<Template, SandboxError> {
        let host = self.clone();
        let starting = tokio::task::spawn_blocking(move || {
            let Spawned { pid, pidfd, control } = host.0.spawner.spawn(spawner::TEMPLATE)?;
            // From here on it is ended when this is dropped.
            let process = Ending { pidfd: Arc::new(pidfd), host, reservation: Some(reservation) };
            process.host.0.group.adopt_init(pid)?;
            fcntl(&control, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
            Ok((pid, process, control))
        });
        let start = || SandboxError::host("cannot start a template");
        let (pid, ending, control) =
            starting.await.map_err(|error| start()(io::Error::other(error)))?.map_err(start())?;
        Ok(Template {
            socket: register(control, Interest::READABLE | Interest::WRITABLE).map_err(start())?,
            process: register(Arc::clone(&ending.pidfd), Interest::READABLE).map_err(start())?,
            pid,
            forks: AtomicU64::new(0),
            clock: self.0.options.clock.clone(),
            _ending: ending,
        })
    }
}

impl Template {
    /// Host process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// How often it was told to fork.
    pub fn forks(&self) -> u64 {
        self.forks.load(Ordering::Relaxed)
    }

    /// As [`Template::gone`] tells.
    pub fn has_ended(&self) -> bool {
        teardown::has_ended(self.process.get_ref().as_fd())
    }

    /// Memory that it has written to, whether or not its children share it still; `None` when it has ended.
    pub fn memory_bytes(&self) -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
    }

    /// Resolves when it has ended without being asked to. Cancel-safe.
    pub async fn gone(&self) {
        // An error means that the runtime is shutting down.
        let _ = self.process.readable().await;
    }

    /// `streams` and `passage` as [`TemplateOrder::Fork`] has them.
    pub(crate) async fn fork(
        &self,
        streams: &[BorrowedFd<'_>],
        passage: &[OwnedFd],
    ) -> Result<Arrival, SandboxError> {
        self.forks.fetch_add(1, Ordering::Relaxed);
        let failed_socket = || SandboxError::host("cannot make a socket");
        let (ours, theirs) = control::pair().map_err(failed_socket())?;
        fcntl(&ours, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(|error| failed_socket()(error.into()))?;
        let report = register(ours, Interest::READABLE | Interest::WRITABLE).map_err(failed_socket())?;
        let talk = async {
            let mut descriptors = vec![theirs.as_fd()];
            descriptors.extend_from_slice(streams);
            descriptors.extend(passage.iter().map(AsFd::as_fd));
            send(&self.socket, &TemplateOrder::Fork, &descriptors).await
        };
        let late = || SandboxError::Template("it does not fork".into());
        let clock = &self.clock;
        clock.timeout(FORK_WITHIN, talk).await.ok_or_else(late)??;
        // Else its end would never come.
        drop(theirs);
        let answer = async {
            let word = receive(&report).await;
            match word.map_err(|error| SandboxError::Template(error.to_string()))? {
                Some(TemplateWord::Started(pid)) => Ok(pid),
                Some(TemplateWord::Failed(failure)) => Err(failed(&failure)),
                Some(TemplateWord::Ready) => Err(out_of_turn()),
                None => Err(SandboxError::Template("it, or what it forked, ended early".into())),
            }
        };
        let pid = clock.timeout(FORK_WITHIN, answer).await.ok_or_else(late)??;
        Ok(Arrival { pid, report })
    }
}

/// A process that is enclosed in its sandbox, and waits. Dropped, it ends.
pub(crate) struct Arrival {
    /// Its id, inside.
    pub(crate) pid: i32,
    report: AsyncFd<OwnedFd>,
}

impl Arrival {
    pub(crate) async fn run(self) -> Result<(), SandboxError> {
        send(&self.report, &TemplateOrder::Run, &[]).await
    }
}

async fn send(
    socket: &AsyncFd<OwnedFd>,
    message: &impl serde::Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> Result<(), SandboxError> {
    let ended = |error: io::Error| SandboxError::Template(format!("it has ended: {error}"));
    let bytes = control::encode(message).map_err(ended)?;
    let sent = socket
        .async_io(Interest::WRITABLE, |socket| control::send_bytes(socket.as_fd(), &bytes, descriptors));
    sent.await.map_err(ended)
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("pid", &self.pid).field("forks", &self.forks()).finish()
    }
}

fn failed(failure: &Failure) -> SandboxError {
    SandboxError::Template(format!("{}: {}", failure.what, failure.source()))
}

fn out_of_turn() -> SandboxError {
    SandboxError::Template("it spoke out of turn".into())
}

fn register<T: AsFd + AsRawFd>(descriptor: T, interest: Interest) -> io::Result<AsyncFd<T>> {
    // SAFETY: called for owned descriptors only, which name the same open file for as long as they live.
    unsafe { AsyncFd::register_with_interest(descriptor, interest) }.map_err(io::Error::from)
}

/// `None` when the other end is closed.
async fn receive(socket: &AsyncFd<OwnedFd>) -> io::Result<Option<TemplateWord>> {
    let read = |socket: &OwnedFd| control::receive::<TemplateWord>(socket.as_fd());
    Ok(socket.async_io(Interest::READABLE, read).await?.map(|(word, _)| word))
}

/// Reads what a template prints for as long as it lives; gives the end of it.
async fn follow(mut outputs: pipe::Receiver) -> String {
    let mut tail = Vec::new();
    let mut part = [0; OUTPUT_BYTES_MAX];
    while let Ok(length @ 1..) = outputs.read(&mut part).await {
        let printed = part.get(..length).unwrap_or_default();
        tracing::debug!(output = %String::from_utf8_lossy(printed).trim_end(), "a template printed");
        tail.extend_from_slice(printed);
        tail.drain(..tail.len().saturating_sub(OUTPUT_BYTES_MAX));
    }
    String::from_utf8_lossy(&tail).into_owned()
}

/// Ends the process when dropped, in the background.
struct Ending {
    pidfd: Arc<OwnedFd>,
    host: Host,
    /// Keeps a sweep from taking the process for one that a predecessor left.
    reservation: Option<Reservation>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let (pidfd, reservation) = (Arc::clone(&self.pidfd), self.reservation.take());
        self.host.0.reaper.bury(move || {
            let ended = teardown::end(pidfd.as_fd());
            drop(reservation);
            ended
        });
    }
}
