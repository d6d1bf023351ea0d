//! The process that becomes the next program.
//!
//! Joining cgroups, dropping privileges and installing filters take most of a start, and can be done before
//! anybody knows what to run. So a launcher does them ahead of time and waits; executing is then one
//! message and one system call. It holds nothing of the init's but its own socket.

use super::CANNOT_EXECUTE;
use super::layers::Layers;
use super::plan::Plan;
use crate::control::{self, Failure};
use crate::{CHANNEL_FD, Command, Layer};
use nix::errno::Errno;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask};
use nix::unistd::{ForkResult, chdir, dup2_stderr, dup2_stdout, execve, fork};
use serde::{Deserialize, Serialize};
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// Makes launchers.
pub(super) struct Launchers {
    plan: Plan,
    may_lack: Vec<Layer>,
}

/// One that waits.
pub(super) struct Launcher {
    pid: i32,
    socket: OwnedFd,
}

/// What a launcher tells the init: once when ready, and again only if it cannot execute.
#[derive(Serialize, Deserialize)]
enum Word {
    Ready(Vec<crate::LayerReport>),
    Failed(Failure),
}

impl Launchers {
    pub(super) fn new(plan: Plan, may_lack: Vec<Layer>) -> Self {
        Launchers { plan, may_lack }
    }

    /// What every process of the user follows.
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns when it is caged. With `layers`, tells which walls it is behind.
    pub(super) fn launch(&self, layers: Option<&mut Layers>) -> Result<Launcher, Failure> {
        let fail = |what: &str| {
            let what = what.to_owned();
            move |error: io::Error| Failure::new(what, &error)
        };
        let (ours, theirs) = control::pair().map_err(fail("cannot make a socket"))?;
        // SAFETY: the init has one thread, so the child may do anything.
        match unsafe { fork() }.map_err(|error| fail("cannot make a process")(error.into()))? {
            ForkResult::Child => self.be_launcher(theirs),
            ForkResult::Parent { child } => {
                drop(theirs);
                let launcher = Launcher { pid: child.as_raw(), socket: ours };
                let word = control::receive::<Word>(launcher.socket.as_fd());
                match word.map_err(fail("cannot hear a new process"))? {
                    Some((Word::Ready(reports), _)) => {
                        if let Some(layers) = layers {
                            layers.found.extend(reports);
                        }
                        Ok(launcher)
                    }
                    Some((Word::Failed(failure), _)) => Err(failure),
                    None => Err(fail("a new process ended early")(io::ErrorKind::UnexpectedEof.into())),
                }
            }
        }
    }

    fn be_launcher(&self, socket: OwnedFd) -> ! {
        let word = match self.enter_cage() {
            Ok(reports) => Word::Ready(reports),
            Err(failure) => Word::Failed(failure),
        };
        let ready = matches!(word, Word::Ready(_));
        if control::send(socket.as_fd(), &word, &[]).is_ok()
            && ready
            && let Ok(socket) = keep_only(socket)
            && let Ok(Some((command, descriptors))) = control::receive::<Command>(socket.as_fd())
        {
            let failure = become_program(&command, &descriptors);
            let _ = control::send(socket.as_fd(), &Word::Failed(failure), &[]);
        }
        // SAFETY: ends this process without running what the init registered for its own end.
        unsafe { libc::_exit(127) }
    }

    fn enter_cage(&self) -> Result<Vec<crate::LayerReport>, Failure> {
        restore_signals().map_err(|error| Failure::new("cannot restore signals", &error))?;
        let mut layers = Layers::new(&self.may_lack);
        self.plan.carry_out(&mut layers)?;
        Ok(layers.found)
    }
}

impl Launcher {
    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    /// Turns the launcher into `command`; gives its process id.
    pub(super) fn execute(self, command: &Command, descriptors: &[OwnedFd]) -> Result<i32, Failure> {
        let fail = |error: io::Error| Failure::new("cannot reach a new process", &error);
        let descriptors: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
        control::send(self.socket.as_fd(), command, &descriptors).map_err(fail)?;
        // The socket closes by itself when the program is executed.
        match control::receive::<Word>(self.socket.as_fd()).map_err(fail)? {
            None => Ok(self.pid),
            Some((Word::Failed(failure), _)) => Err(failure),
            Some((Word::Ready(_), _)) => Err(fail(io::ErrorKind::InvalidData.into())),
        }
    }
}

/// Closes everything but the standard streams and the socket, which moves out of the channel's way.
fn keep_only(socket: OwnedFd) -> io::Result<OwnedFd> {
    const SOCKET: libc::c_int = CHANNEL_FD + 1;
    // SAFETY: plain descriptors; whoever owned those that are closed here never runs again in this process.
    unsafe {
        if socket.as_raw_fd() != SOCKET && libc::dup3(socket.as_raw_fd(), SOCKET, libc::O_CLOEXEC) < 0 {
            return Err(io::Error::last_os_error());
        }
        if libc::close_range(SOCKET as libc::c_uint + 1, libc::c_uint::MAX, 0) < 0
            || libc::close_range(CHANNEL_FD as libc::c_uint, CHANNEL_FD as libc::c_uint, 0) < 0
        {
            return Err(io::Error::last_os_error());
        }
        std::mem::forget(socket);
        Ok(OwnedFd::from_raw_fd(SOCKET))
    }
}

/// Last of all descriptors: what was received first lies at its number, and is copied by now.
fn set_channel(channel: &OwnedFd) -> nix::Result<()> {
    // SAFETY: plain descriptors. One of ours that is overwritten is used no more, only closed.
    let result = unsafe {
        // dup2 clears close-on-exec, except when both are the same descriptor.
        if channel.as_raw_fd() == CHANNEL_FD {
            libc::fcntl(CHANNEL_FD, libc::F_SETFD, 0)
        } else {
            libc::dup2(channel.as_raw_fd(), CHANNEL_FD)
        }
    };
    Errno::result(result).map(drop)
}

fn restore_signals() -> io::Result<()> {
    // Rust ignores it, and programs would inherit that.
    // SAFETY: the default action is no handler of ours.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    Ok(sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?)
}

/// Returns only if it cannot.
fn become_program(command: &Command, descriptors: &[OwnedFd]) -> Failure {
    let attempt = || -> Result<std::convert::Infallible, Failure> {
        let fail = |what: &'static str| move |error: nix::Error| Failure::new(what, &error.into());
        let (stdout, stderr, channel) = match (descriptors, command.channel) {
            ([stdout, stderr], false) => (stdout, stderr, None),
            ([stdout, stderr, channel], true) => (stdout, stderr, Some(channel)),
            _ => return Err(fail("descriptors are missing")(nix::Error::EBADF)),
        };
        chdir(command.cwd.as_path()).map_err(fail("cannot enter the working directory"))?;
        let strings = |texts: Vec<String>| {
            let strings: Result<Vec<CString>, _> = texts.into_iter().map(CString::new).collect();
            strings.map_err(|_| fail("NUL in arguments or environment")(nix::Error::EINVAL))
        };
        let argv = strings(command.argv.clone())?;
        let env = strings(command.env.iter().map(|(name, value)| format!("{name}={value}")).collect())?;
        let program = argv.first().ok_or_else(|| fail("no program")(nix::Error::EINVAL))?;
        dup2_stdout(stdout).map_err(fail("cannot set outputs"))?;
        dup2_stderr(stderr).map_err(fail("cannot set outputs"))?;
        if let Some(channel) = channel {
            set_channel(channel).map_err(fail("cannot set the channel"))?;
        }
        execve(program, &argv, &env).map_err(fail(CANNOT_EXECUTE))
    };
    match attempt() {
        Err(failure) => failure,
        Ok(never) => match never {},
    }
}
