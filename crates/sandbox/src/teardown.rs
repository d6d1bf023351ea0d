use crate::Host;
use crate::cgroup::SandboxGroup;
use crate::slots::Reservation;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{Shutdown, shutdown};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, mpsc};
use std::thread;

/// What an init is given to end its sandbox by itself.
const GRACE_MS: u16 = 3000;
/// What the kernel is given to end a killed PID namespace; a process stuck in the kernel may take longer.
const KILL_MS: u16 = 10_000;

/// Everything that a sandbox holds on the host. Dropping it unused leaves the sandbox running.
pub(crate) struct Teardown {
    /// Init's end of life: closing our end tells it to end itself.
    pub(crate) control: Arc<OwnedFd>,
    pub(crate) pidfd: OwnedFd,
    pub(crate) group: Option<Arc<SandboxGroup>>,
    /// Freed last: nobody else may get the uid before the last process is gone.
    pub(crate) reservation: Reservation,
}

impl Teardown {
    /// Ends every process of the sandbox, waits for that and removes its cgroup. Blocks.
    ///
    /// # Errors
    /// When a process would not end or the group could not be removed; a later sweep tries again.
    pub(crate) fn run(self) -> io::Result<()> {
        // An init that is gone already has closed it for us.
        let _ = shutdown(self.control.as_raw_fd(), Shutdown::Both);
        let ended = ends_within(self.pidfd.as_fd(), GRACE_MS)? || {
            kill(self.pidfd.as_fd())?;
            if let Some(group) = &self.group {
                // cgroup v1: what is frozen does not die.
                let _ = group.set_frozen(false);
            }
            ends_within(self.pidfd.as_fd(), KILL_MS)?
        };
        if !ended {
            // What still lives keeps its uid to itself, for as long as this server runs.
            std::mem::forget(self.reservation);
            return Err(io::Error::new(io::ErrorKind::TimedOut, "a sandbox does not end though killed"));
        }
        reap(self.pidfd.as_fd())?;
        self.group.as_ref().map_or(Ok(()), |group| group.remove())
    }
}

/// Ends a process that has nothing to put in order. Blocks until it is gone.
pub(crate) fn end(pidfd: BorrowedFd<'_>) -> io::Result<()> {
    kill(pidfd)?;
    if !ends_within(pidfd, KILL_MS)? {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "a process does not end though killed"));
    }
    reap(pidfd)
}

/// Whether it is dead, reaped or not.
pub(crate) fn has_ended(pidfd: BorrowedFd<'_>) -> bool {
    ends_within(pidfd, 0).unwrap_or(true)
}

fn ends_within(pidfd: BorrowedFd<'_>, ms: u16) -> io::Result<bool> {
    let mut waited = [PollFd::new(pidfd, PollFlags::POLLIN)];
    loop {
        match poll(&mut waited, PollTimeout::from(ms)) {
            Err(Errno::EINTR) => {}
            ready => return Ok(ready? > 0),
        }
    }
}

fn kill(pidfd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: plain numbers and a null pointer, as pidfd_send_signal(2) allows.
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            libc::SIGKILL,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    match Errno::result(result) {
        Ok(_) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn reap(pidfd: BorrowedFd<'_>) -> io::Result<()> {
    match waitid(Id::PIDFd(pidfd), WaitPidFlag::WEXITED) {
        Ok(_) | Err(Errno::ECHILD) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Holds a sandbox's [`Teardown`]; dropped with it, it hands it to the reaper.
pub(crate) struct Guard {
    teardown: Option<Teardown>,
    host: Host,
}

impl Guard {
    pub(crate) fn new(teardown: Teardown, host: Host) -> Self {
        Guard { teardown: Some(teardown), host }
    }

    /// Blocks, see [`Teardown::run`].
    pub(crate) fn run(mut self) -> io::Result<()> {
        self.teardown.take().map_or(Ok(()), Teardown::run)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(teardown) = self.teardown.take() {
            self.host.0.reaper.bury(|| teardown.run());
        }
    }
}

type Burial = Box<dyn FnOnce() -> io::Result<()> + Send>;

/// A thread for sandboxes that were dropped rather than destroyed. Dropped, it finishes what it was given.
pub(crate) struct Reaper {
    /// Bounded by [`SANDBOXES_MAX`](crate::SANDBOXES_MAX).
    queue: Option<mpsc::Sender<Burial>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Reaper {
    pub(crate) fn start() -> io::Result<Self> {
        let (sender, queue) = mpsc::channel::<Burial>();
        let thread = thread::Builder::new().name("sandbox-reaper".into()).spawn(move || {
            while let Ok(burial) = queue.recv() {
                if let Err(error) = burial() {
                    tracing::error!(%error, "what was dropped could not be removed");
                }
            }
        })?;
        Ok(Reaper { queue: Some(sender), thread: Some(thread) })
    }

    /// `burial` ends a process of ours and waits for that: it may block.
    pub(crate) fn bury(&self, burial: impl FnOnce() -> io::Result<()> + Send + 'static) {
        if let Some(queue) = &self.queue {
            // Fails only if the thread panicked; the socket closes all the same, and ends the sandbox.
            let _ = queue.send(Box::new(burial));
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
