//! Process 1 of a sandbox: builds it from the inside, starts what the host asks for, reaps the dead.
//!
//! One thread, one loop. It never runs user code and never reads what user code can write, except exit
//! statuses.

mod cage;
mod etc;
mod image;
mod landlock;
mod launcher;
mod layers;
mod network;
mod passage;
mod plan;
mod root;
mod seccomp;
mod template;
mod tmp;

use crate::control::{self, CONTROL_FD, Event, Failure, MountPoint, Order, Reply, Request};
use crate::{mount, spec};
use launcher::{Launcher, Launchers};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::WaitPidFlag;
use nix::unistd::Pid;
use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What a [`Failure`] says when the program itself is at fault.
pub(crate) const CANNOT_EXECUTE: &str = "cannot execute the program";

/// The whole life of a process started as `<init> sandbox-init`. A server's `main` calls it before anything
/// else when its first argument says so: before threads, before arguments are parsed.
pub fn init_main() -> ! {
    // SAFETY: the spawner put our end of the control socket there; nothing else here uses that number.
    let control = unsafe { OwnedFd::from_raw_fd(CONTROL_FD) };
    match run(&control) {
        Ok(()) => std::process::exit(0),
        // Nobody to tell: the host sees the socket close.
        Err(_) => std::process::exit(1),
    }
}

struct Init {
    launchers: Launchers,
    /// Ready to become the next program.
    next: Option<Launcher>,
    running: HashSet<i32>,
    world: root::World,
    /// cgroup v1 `freezer.state`.
    freezer: Option<OwnedFd>,
}

fn run(control: &OwnedFd) -> io::Result<()> {
    let _ = prctl::set_name(c"zerun-init");
    // Started by hand, without a host: there is no such descriptor.
    nix::fcntl::fcntl(control, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
    // What the server's libraries may have opened without close-on-exec.
    // SAFETY: nothing in this process owns a descriptor above the control socket's yet.
    Errno::result(unsafe { libc::close_range(CONTROL_FD as libc::c_uint + 1, libc::c_uint::MAX, 0) })?;
    prctl::set_dumpable(false)?;
    let mut waited = SigSet::empty();
    waited.add(Signal::SIGCHLD);
    waited.add(Signal::SIGTERM);
    waited.thread_block()?;
    let signals = SignalFd::with_flags(&waited, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;

    let Some((request, descriptors)) = control::receive::<Request>(control.as_fd())? else { return Ok(()) };
    let setup = match request.order {
        Order::Setup(setup) => setup,
        Order::Template(setup, command) => {
            return template::become_template(control, &setup, &command, descriptors);
        }
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let mut init = match Init::set_up(*setup, descriptors) {
        Err(failure) => {
            return control::send(
                control.as_fd(),
                &Event::Reply { id: request.id, result: Err(failure) },
                &[],
            );
        }
        Ok((init, ready, listeners)) => {
            let event = Event::Reply { id: request.id, result: Ok(ready) };
            let listeners: Vec<_> = listeners.iter().map(AsFd::as_fd).collect();
            control::send(control.as_fd(), &event, &listeners)?;
            init
        }
    };
    // Until here there was nothing to end in order, and the spawner's SIGKILL did. From here on the
    // server's death arrives as a signal and as the end of the socket, whichever is first.
    prctl::set_pdeathsig(Signal::SIGTERM)?;
    let result = init.serve(control, &signals);
    init.end();
    result
}

impl Init {
    fn serve(&mut self, control: &OwnedFd, signals: &SignalFd) -> io::Result<()> {
        loop {
            let mut waited = [
                PollFd::new(control.as_fd(), PollFlags::POLLIN),
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut waited, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                result => result?,
            };
            let [from_host, signalled] = waited.map(|fd| fd.any().unwrap_or(true));
            if signalled {
                while let Some(signal) = signals.read_signal()? {
                    if signal.ssi_signo == Signal::SIGTERM as u32 {
                        return Ok(());
                    }
                }
                self.reap(control, WaitPidFlag::WNOHANG)?;
            }
            if from_host {
                let Some((request, descriptors)) = control::receive::<Request>(control.as_fd())? else {
                    return Ok(());
                };
                let mut given = Vec::new();
                let mut give = |descriptors| {
                    given = descriptors;
                    Reply::Done
                };
                let result = match request.order {
                    Order::Socket => network::socket().map(|socket| give(vec![socket])),
                    Order::Passage => self.passage().map(give),
                    order => self.obey(control, order, descriptors),
                };
                let given: Vec<_> = given.iter().map(AsFd::as_fd).collect();
                control::send(control.as_fd(), &Event::Reply { id: request.id, result }, &given)?;
            }
        }
    }

    fn obey(&mut self, control: &OwnedFd, order: Order, descriptors: Vec<OwnedFd>) -> Result<Reply, Failure> {
        match order {
            Order::Setup(_) | Order::Template(..) => {
                Err(Failure::new("the sandbox is set up", &io::ErrorKind::AlreadyExists.into()))
            }
            // Their answers carry descriptors.
            Order::Socket | Order::Passage => {
                Err(Failure::new("not to be obeyed", &io::ErrorKind::InvalidInput.into()))
            }
            Order::Adopt { pid } => {
                passage::check_is_child(pid)
                    .map_err(|error| Failure::new("a forked process did not arrive", &error))?;
                self.running.insert(pid);
                Ok(Reply::Started { pid })
            }
            Order::Exec(command) => {
                // The waiting launcher may have died for lack of memory.
                self.reap(control, WaitPidFlag::WNOHANG)
                    .map_err(|error| Failure::new("cannot reap", &error))?;
                let launcher = match self.next.take() {
                    Some(launcher) => launcher,
                    None => self.launchers.launch(None)?,
                };
                let pid = launcher.execute(&command, &descriptors)?;
                self.running.insert(pid);
                Ok(Reply::Started { pid })
            }
            Order::Bind { points, links } => {
                if points.len() != descriptors.len() {
                    let error = io::ErrorKind::InvalidInput.into();
                    return Err(Failure::new("mounts are missing from the request", &error));
                }
                for (mount, MountPoint { target, directory }) in descriptors.iter().zip(points) {
                    self.bind(mount, target, directory)?;
                }
                for (link, to) in links {
                    self.link(&link, &to)?;
                }
                Ok(Reply::Done)
            }
            Order::Signal { pid, signal } => {
                let signal = Signal::try_from(signal)
                    .map_err(|error| Failure::new("no such signal", &error.into()))?;
                if self.running.contains(&pid) {
                    // Ended, but not reaped yet, is fine.
                    let _ = kill(Pid::from_raw(pid), signal);
                }
                Ok(Reply::Done)
            }
            Order::KillAll => {
                self.kill_all();
                self.next = None;
                self.reap(control, WaitPidFlag::empty())
                    .map_err(|error| Failure::new("cannot reap", &error))?;
                self.next = Some(self.launchers.launch(None)?);
                Ok(Reply::Done)
            }
        }
    }

    fn bind(&mut self, mount: &OwnedFd, target: PathBuf, directory: bool) -> Result<(), Failure> {
        let what = || format!("cannot bind to {}", target.display());
        spec::check_inside_path(&target)
            .map_err(|_| Failure::new(what(), &io::ErrorKind::InvalidInput.into()))?;
        mount::restrict(mount.as_fd(), mount::READ_ONLY, true)
            .map_err(|error| Failure::new("cannot make a bind read-only", &error))?;
        self.world.make_mount_point(&target, directory).map_err(|error| Failure::new(what(), &error))?;
        mount::attach(mount.as_fd(), &target).map_err(|error| Failure::new(what(), &error))
    }

    fn link(&self, link: &Path, to: &Path) -> Result<(), Failure> {
        let what = || format!("cannot make the link {}", link.display());
        spec::check_inside_path(link)
            .map_err(|_| Failure::new(what(), &io::ErrorKind::InvalidInput.into()))?;
        self.world.make_link(link, to).map_err(|error| Failure::new(what(), &error))
    }

    /// Everything but ourselves: that is what -1 means to process 1.
    fn kill_all(&self) {
        // ESRCH: nobody there.
        let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
        if let Some(freezer) = &self.freezer {
            let _ = nix::unistd::write(freezer, b"THAWED");
        }
    }

    /// Collects the dead and tells of those that the host started; without `WNOHANG` until none is left.
    fn reap(&mut self, control: &OwnedFd, flags: WaitPidFlag) -> io::Result<()> {
        loop {
            let mut status = 0;
            // nix's waitpid knows no real-time signals; the raw status goes to the host.
            // SAFETY: `status` is valid for writing.
            let pid = unsafe { libc::waitpid(-1, &raw mut status, flags.bits() | libc::__WALL) };
            match pid {
                0 => return Ok(()),
                -1 if Errno::last() == Errno::EINTR => {}
                -1 if Errno::last() == Errno::ECHILD => return Ok(()),
                -1 => return Err(io::Error::last_os_error()),
                pid if self.running.remove(&pid) => {
                    control::send(control.as_fd(), &Event::Exited { pid, status }, &[])?;
                }
                // An orphan that came to us, or a launcher that was not needed any more.
                pid => {
                    self.next.take_if(|launcher| launcher.pid() == pid);
                }
            }
        }
    }

    /// When we exit the kernel kills everybody else here, waits for them, and lets the namespaces go.
    fn end(&self) {
        self.kill_all();
        self.world.discard_tmp();
    }
}

impl Init {
    fn set_up(
        mut setup: control::Setup,
        mut descriptors: Vec<OwnedFd>,
    ) -> Result<(Init, Reply, Vec<OwnedFd>), Failure> {
        if descriptors.len() != setup.cgroups + usize::from(setup.freezer) {
            return Err(Failure::new("descriptors are missing", &io::ErrorKind::InvalidInput.into()));
        }
        let freezer = if setup.freezer { descriptors.pop() } else { None };
        let mut layers = layers::Layers::new(&setup.may_lack);
        network::set_hostname(&setup.spec.hostname)?;
        network::loopback_up()?;
        let mut listeners = network::listen(&setup.spec.listen)?;
        if let Some(tun) = &setup.spec.tun {
            let device = network::open_tun(tun);
            let detail = "by a TUN device, all packets go through the server";
            match layers.demand(crate::Layer::Egress, "cannot make a TUN device", detail, device)? {
                Some(device) => listeners.push(device),
                None => setup.spec.tun = None,
            }
        }
        layers.enforced(crate::Layer::Namespaces, "pid, mount, network, ipc, uts");
        let world = root::World::build(&setup, &mut layers)?;
        let plan = cage::plan(&setup, descriptors, world.proc_writable()?, &mut layers)?;
        let launchers = Launchers::new(plan, setup.may_lack);
        let next = launchers.launch(Some(&mut layers))?;
        cage::keep_only_what_init_needs(setup.privileged)
            .map_err(|error| Failure::new("cannot drop the init's privileges", &error))?;
        let init = Init { launchers, next: Some(next), running: HashSet::new(), world, freezer };
        Ok((init, Reply::Ready(layers.found), listeners))
    }
}

/// `path` below `/`, as openat(2) and its kin want it.
fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

/// A directory, which an image's root has already.
fn make_unless_there(path: &Path) -> io::Result<()> {
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// All three standard streams, to what is `/dev/null` now.
fn standard_streams_to_null() -> io::Result<()> {
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    for stream in 0..3 {
        // SAFETY: plain descriptors.
        if unsafe { libc::dup2(null.as_raw_fd(), stream) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
