use crate::cgroup::SandboxGroup;
use crate::slots::Reservation;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{Shutdown, shutdown};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::{Arc, mpsc};

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
        let ended = self.ends_within(GRACE_MS)? || {
            self.kill()?;
            if let Some(group) = &self.group {
                // cgroup v1: what is frozen does not die.
                let _ = group.set_frozen(false);
            }
            self.ends_within(KILL_MS)?
        };
        if !ended {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "a sandbox does not end though killed"));
        }
        match waitid(Id::PIDFd(self.pidfd.as_fd()), WaitPidFlag::WEXITED) {
            Ok(_) | Err(Errno::ECHILD) => {}
            Err(error) => return Err(error.into()),
        }
        self.group.as_ref().map_or(Ok(()), |group| group.remove())
    }

    fn ends_within(&self, ms: u16) -> io::Result<bool> {
        let mut waited = [PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
        loop {
            match poll(&mut waited, PollTimeout::from(ms)) {
                Err(Errno::EINTR) => {}
                ready => return Ok(ready? > 0),
            }
        }
    }

    fn kill(&self) -> io::Result<()> {
        // SAFETY: plain numbers and a null pointer, as pidfd_send_signal(2) allows.
        let result = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.pidfd.as_raw_fd(),
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
}

/// Holds a sandbox's [`Teardown`]; dropped with it, it hands it to the reaper.
pub(crate) struct Guard {
    teardown: Option<Teardown>,
    reaper: mpsc::Sender<Teardown>,
}

impl Guard {
    pub(crate) fn new(teardown: Teardown, reaper: mpsc::Sender<Teardown>) -> Self {
        Guard { teardown: Some(teardown), reaper }
    }

    /// Blocks, see [`Teardown::run`].
    pub(crate) fn run(mut self) -> io::Result<()> {
        self.teardown.take().map_or(Ok(()), Teardown::run)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(teardown) = self.teardown.take() {
            // Fails only when the reaper is gone; closing the socket ends the sandbox all the same.
            let _ = self.reaper.send(teardown);
        }
    }
}

/// A thread for sandboxes that were dropped rather than destroyed. Its queue is bounded by
/// [`SANDBOXES_MAX`](crate::SANDBOXES_MAX); it ends when its sender is dropped.
pub(crate) fn start_reaper() -> io::Result<mpsc::Sender<Teardown>> {
    let (sender, queue) = mpsc::channel::<Teardown>();
    std::thread::Builder::new().name("sandbox-reaper".into()).spawn(move || {
        while let Ok(teardown) = queue.recv() {
            if let Err(error) = teardown.run() {
                tracing::error!(%error, "a dropped sandbox could not be removed");
            }
        }
    })?;
    Ok(sender)
}
