//! The other thing that a process started as `sandbox-init` can become: a program that waits to be forked.

use super::layers::Layers;
use super::{cage, root};
use crate::control::{self, CONTROL_FD, Failure, Setup, TemplateWord};
use crate::{Command, Layer};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask};
use nix::unistd::{chdir, dup2_stderr, dup2_stdout, execve};
use std::convert::Infallible;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Builds the root, keeps few capabilities, and executes the program, whose descriptor 3 is the control socket.
/// Returns only if that fails, having said so.
pub(super) fn become_template(
    control: &OwnedFd,
    setup: &Setup,
    command: &Command,
    descriptors: Vec<OwnedFd>,
) -> io::Result<()> {
    match attempt(setup, command, &descriptors) {
        Err(failure) => control::send(control.as_fd(), &TemplateWord::Failed(failure), &[]),
        Ok(never) => match never {},
    }
}

fn attempt(setup: &Setup, command: &Command, descriptors: &[OwnedFd]) -> Result<Infallible, Failure> {
    let fail = |what: &'static str| move |error: io::Error| Failure::new(what, &error);
    let failed = |what: &'static str| move |error: Errno| Failure::new(what, &error.into());
    let [outputs] = descriptors else {
        return Err(fail("descriptors are missing")(io::ErrorKind::InvalidInput.into()));
    };
    // Nothing of a template is reached from outside, so what it lacks of a sandbox's layers is no loss.
    root::World::build(setup, &mut Layers::new(&Layer::ALL))?;
    cage::keep_only_what_a_template_needs().map_err(fail("cannot drop a template's privileges"))?;
    // Its children may have as much and no more.
    setrlimit(Resource::RLIMIT_CORE, 1, 1).map_err(failed("cannot set resource limits"))?;
    prctl::set_no_new_privs().map_err(failed("cannot set no_new_privs"))?;
    // SAFETY: the default action is no handler of ours.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.map_err(failed("cannot restore signals"))?;
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
        .map_err(failed("cannot restore signals"))?;
    chdir(command.cwd.as_path()).map_err(failed("cannot enter the working directory"))?;
    dup2_stdout(outputs).map_err(failed("cannot set outputs"))?;
    dup2_stderr(outputs).map_err(failed("cannot set outputs"))?;
    let strings = |texts: Vec<String>| {
        let strings: Result<Vec<CString>, _> = texts.into_iter().map(CString::new).collect();
        strings.map_err(|_| failed("NUL in arguments or environment")(Errno::EINVAL))
    };
    let argv = strings(command.argv.clone())?;
    let env = strings(command.env.iter().map(|(name, value)| format!("{name}={value}")).collect())?;
    let program = argv.first().ok_or_else(|| failed("no program")(Errno::EINVAL))?;
    // SAFETY: a plain descriptor, which the program takes over.
    Errno::result(unsafe { libc::fcntl(CONTROL_FD, libc::F_SETFD, 0) })
        .map_err(failed("cannot hand over the control socket"))?;
    // A change of privileges forgets it, so again.
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(failed("cannot set the parent-death signal"))?;
    execve(program, &argv, &env).map_err(failed(super::CANNOT_EXECUTE))
}
