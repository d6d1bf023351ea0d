use crate::cgroup::CpuLimits;
use crate::control::{BINDS_MAX, MountPoint, Order};
use crate::create::{self, Created};
use crate::link::{Asked, Link};
use crate::process::Process;
use crate::streams::Streams;
use crate::teardown::Guard;
use crate::{
    Bind, Command, CpuSpec, Host, Layer, LayerReport, SandboxError, Sockets, Spec, Stats, Template, Usage,
    mount, spec,
};
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// One isolated process tree: made without a user process, then given any number of them.
///
/// Dropped without [`Sandbox::destroy`], it is ended in the background.
pub struct Sandbox {
    link: Link,
    host: Host,
    id: String,
    pid: i32,
    uid: u32,
    layers: Vec<LayerReport>,
    listeners: Vec<TcpListener>,
    tun: Option<OwnedFd>,
    frozen: AtomicBool,
    group: Arc<crate::cgroup::SandboxGroup>,
    guard: Guard,
}

/// cgroup v1 tells nobody when a group is frozen, so we look again after this long.
const FREEZE_LOOK: Duration = Duration::from_micros(200);
/// A process that sleeps uninterruptibly in the kernel holds up a freeze.
const FREEZE_WITHIN: Duration = Duration::from_secs(5);

impl Sandbox {
    /// Namespaces, limits, mounts and listeners are ready when this returns; no user code has run.
    ///
    /// Cancelled, it removes what it made, in the background.
    ///
    /// # Errors
    /// `Invalid`; `LayerMissing` for a layer that [`HostOptions::may_lack`](crate::HostOptions::may_lack)
    /// does not name; `Bind` when a path to bind is not there; `Full`; `Host`; `Gone`.
    pub async fn create(host: &Host, spec: Spec) -> Result<Sandbox, SandboxError> {
        let owner = host.clone();
        let id = spec.id.clone();
        let making = tokio::task::spawn_blocking(move || owner.create(&spec, &owner.0.options.may_lack));
        let failed = SandboxError::host("cannot make a sandbox");
        let created = making.await.map_err(|error| failed(io::Error::other(error)))??;
        let Created { pid, uid, control, listeners, tun, layers, group, guard } = created;
        let link = Link::start(control, Arc::clone(&group), host.0.options.clock.clone())
            .map_err(SandboxError::host("cannot listen to a sandbox"))?;
        let frozen = AtomicBool::new(false);
        Ok(Sandbox { link, host: host.clone(), id, pid, uid, layers, listeners, tun, frozen, group, guard })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Host process id of the sandbox's init.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// User and group id of every process inside, as the host sees it. Without privileges: our own.
    pub fn uid(&self) -> u32 {
        if self.host.0.privileged { self.uid } else { nix::unistd::geteuid().as_raw() }
    }

    /// What encloses this sandbox: a layer that may be lacked is `Missing` here if it is.
    pub fn layers(&self) -> &[LayerReport] {
        &self.layers
    }

    /// The sockets asked for by [`Spec::listen`], in that order; the second call gives none. They accept
    /// connections from inside the sandbox only. Blocking mode: set non-blocking before tokio takes them.
    ///
    /// They keep the network namespace alive: drop them with the sandbox.
    pub fn take_listeners(&mut self) -> Vec<TcpListener> {
        std::mem::take(&mut self.listeners)
    }

    /// Makes sockets that connect to what listens inside.
    pub fn sockets(&self) -> Sockets {
        Sockets(self.link.clone())
    }

    /// The device asked for by [`Spec::tun`]: whole IP packets, one with each read and write, non-blocking.
    /// Nothing gets out before somebody reads it. The second call gives none, and so does a host that lacks
    /// [`Layer::Egress`].
    ///
    /// It keeps the network namespace alive: drop it with the sandbox.
    pub fn take_tun(&mut self) -> Option<OwnedFd> {
        self.tun.take()
    }

    /// Makes `source` (a directory or a file of the host) visible at `target`, read-only, while the sandbox
    /// lives; also while it is frozen. A target that is not there is made, unless it lies in another bind.
    ///
    /// # Errors
    /// `Invalid` target; `Bind` when the source is not there or the target cannot be; `LayerMissing`
    /// (`LateBind`) without privileges; `Gone`.
    pub async fn bind(&mut self, source: &Path, target: &Path) -> Result<(), SandboxError> {
        let bind = Bind { source: source.to_owned(), target: target.to_owned() };
        self.bind_all(&[bind], &[]).await
    }

    /// [`Sandbox::bind`] for all of `binds`, in this order, then makes `links` (link path and what it points
    /// to), in one message; at most 16 of each. A link that is there already is left if it points there.
    ///
    /// After an error some may be in place: the sandbox is fit for nothing but to be destroyed.
    ///
    /// # Errors
    /// As [`Sandbox::bind`]; `Host` for what would not go into the sandbox.
    pub async fn bind_all(
        &mut self,
        binds: &[Bind],
        links: &[(PathBuf, PathBuf)],
    ) -> Result<(), SandboxError> {
        self.begin_bind_all(binds, links).await?.done().await
    }

    /// [`Sandbox::bind_all`] that returns when the order is on its way. What is asked of the sandbox later, as to
    /// execute a program, happens after it; whoever reaches a process by another way waits for
    /// [`Binding::done`], which tells also whether it has failed.
    ///
    /// # Errors
    /// `Invalid`; `Bind` when a source is not there; `LayerMissing`; `Gone`.
    pub async fn begin_bind_all(
        &mut self,
        binds: &[Bind],
        links: &[(PathBuf, PathBuf)],
    ) -> Result<Binding, SandboxError> {
        if binds.len() > BINDS_MAX || links.len() > BINDS_MAX {
            return Err(SandboxError::Invalid(format!("more than {BINDS_MAX} binds or links at once")));
        }
        let links: Vec<_> = links.to_vec();
        links.iter().try_for_each(|(link, _)| spec::check_inside_path(link))?;
        let mut points = Vec::with_capacity(binds.len());
        let mut mounts = Vec::with_capacity(binds.len());
        for Bind { source, target } in binds {
            spec::check_inside_path(target)?;
            let (mount, directory) = take_tree(source)?;
            points.push(MountPoint { target: target.clone(), directory });
            mounts.push(mount);
        }
        let mounts: Vec<_> = mounts.iter().map(AsFd::as_fd).collect();
        let asked = self.link.ask_later(Order::Bind { points, links }, &mounts).await?;
        let only = match binds {
            [bind] => Some(bind.source.clone()),
            _ => None,
        };
        Ok(Binding { asked, only })
    }

    /// Starts a program as the sandbox's unprivileged user, in a session of its own, with nothing on its
    /// standard input and pipes on its outputs.
    ///
    /// Cancelled after the request was sent, the process may run without anybody to hear of it:
    /// [`Sandbox::kill_all`] ends it.
    ///
    /// # Errors
    /// `Invalid`, `Frozen`, `Exec`, `Gone`; `Host` when pipes or a process cannot be had.
    pub async fn exec(&mut self, command: Command) -> Result<Process, SandboxError> {
        command.check()?;
        if self.frozen.load(Ordering::Acquire) {
            return Err(SandboxError::Frozen);
        }
        let program = command.argv.first().cloned().unwrap_or_default();
        let owner = self.host.0.privileged.then_some(self.uid);
        let streams = Streams::make(owner, command.channel)
            .map_err(SandboxError::host("cannot make the streams of a process"))?;
        let started = self.link.start_process(Order::Exec(command), &streams.theirs()).await?;
        let started = started.map_err(|failure| match failure.layer {
            None if failure.what == crate::init::CANNOT_EXECUTE => {
                SandboxError::Exec { program, source: failure.source() }
            }
            _ => create::refused(failure),
        })?;
        Ok(Process::new(started, streams.ours))
    }

    /// Has `template` fork itself into this sandbox: the new process is as enclosed as one that
    /// [`Sandbox::exec`] starts, and is told of, signalled and killed like one. It has a channel, always.
    ///
    /// The sandbox's root must show what the template's shows: the new process has files of it open, and looks
    /// for others where the template would. Cancelled, it comes to nothing.
    ///
    /// # Errors
    /// `Frozen`; `Template` when the template has ended or does not do as it is told: make another one; `Gone`;
    /// `LayerMissing` without privileges; `Host`.
    pub async fn fork_from(&mut self, template: &Template) -> Result<Process, SandboxError> {
        if self.frozen.load(Ordering::Acquire) {
            return Err(SandboxError::Frozen);
        }
        let (_, passage) = self.link.ask_for(Order::Passage, &[]).await?;
        let owner = self.host.0.privileged.then_some(self.uid);
        let streams =
            Streams::make(owner, true).map_err(SandboxError::host("cannot make the streams of a process"))?;
        let arrival = template.fork(&streams.theirs(), &passage).await?;
        let adopted = self.link.start_process(Order::Adopt { pid: arrival.pid }, &[]).await?;
        let adopted = adopted.map_err(create::refused)?;
        arrival.run().await?;
        Ok(Process::new(adopted, streams.ours))
    }

    /// Sends a signal to a process that [`Sandbox::exec`] started; one that has ended is left in peace.
    ///
    /// # Errors
    /// `Gone`; `Host` for a signal that does not exist.
    pub async fn signal(&self, process: &Process, signal: i32) -> Result<(), SandboxError> {
        self.link.ask(Order::Signal { pid: process.pid(), signal }, &[]).await.map(drop)
    }

    /// Kills every user process, all descendants included, and waits until they are gone. The sandbox, its
    /// `/tmp` and its listeners stay; a frozen sandbox is thawed by it.
    ///
    /// # Errors
    /// `Gone`, also when a process does not end within ten seconds: then destroy the sandbox.
    pub async fn kill_all(&mut self) -> Result<(), SandboxError> {
        self.link.ask(Order::KillAll, &[]).await?;
        self.frozen.store(false, Ordering::Release);
        Ok(())
    }

    /// Stops every user process where it stands; returns once all stand still.
    ///
    /// # Errors
    /// `LayerMissing` without a cgroup freezer; `Host` when it does not come about within five seconds,
    /// the sandbox being thawed again.
    pub async fn freeze(&self) -> Result<(), SandboxError> {
        self.begin_freezing()?;
        let clock = &self.host.0.options.clock;
        let reached = clock.timeout(FREEZE_WITHIN, async {
            while !self.group.is_frozen()? {
                clock.sleep(FREEZE_LOOK).await;
            }
            io::Result::Ok(())
        });
        let source = match reached.await {
            Some(Ok(())) => return Ok(()),
            Some(Err(error)) => error,
            None => io::ErrorKind::TimedOut.into(),
        };
        self.thaw().await?;
        Err(SandboxError::Host { what: "the sandbox does not freeze".into(), source })
    }

    /// As [`Sandbox::freeze`], without waiting until all stand still: what is in the kernel's hands goes on until it
    /// comes back from there.
    ///
    /// # Errors
    /// `LayerMissing` without a cgroup freezer.
    pub fn begin_freezing(&self) -> Result<(), SandboxError> {
        self.set_frozen(true)?;
        // An exec from now on would hang.
        self.frozen.store(true, Ordering::Release);
        Ok(())
    }

    /// Lets them go on. Without effect on a sandbox that is not frozen.
    ///
    /// # Errors
    /// As [`Sandbox::freeze`].
    pub async fn thaw(&self) -> Result<(), SandboxError> {
        self.set_frozen(false)?;
        self.frozen.store(false, Ordering::Release);
        Ok(())
    }

    fn set_frozen(&self, frozen: bool) -> Result<(), SandboxError> {
        self.group
            .set_frozen(frozen)
            .map_err(|error| SandboxError::LayerMissing { layer: Layer::Freezer, detail: error.to_string() })
    }

    /// Other limits than those of the [`Spec`], at once and for all that runs. Writes a few kernel files;
    /// blocks for longer only where memory in use must be given back first.
    ///
    /// The size of `/dev/shm` stays: it is half of the first limit, at most 64 MiB, so the same for every first
    /// limit from 128 MiB up.
    ///
    /// # Errors
    /// `Invalid`; `Host` when the host gives no such limits, or more memory is in use than the new limit
    /// allows (`ResourceBusy`): then the former limit holds.
    pub fn set_limits(&self, memory_bytes: u64, cpu: &CpuSpec) -> Result<(), SandboxError> {
        spec::check_limits(memory_bytes, cpu)?;
        let failed = SandboxError::host("cannot set the sandbox's limits");
        self.group.set_limits(memory_bytes, &CpuLimits::of(cpu, memory_bytes)).map_err(failed)
    }

    pub fn usage(&self) -> Usage {
        self.group.usage()
    }

    pub fn stats(&self) -> Stats {
        self.group.stats()
    }

    /// From now on [`Stats::memory_peak_bytes`] counts anew.
    ///
    /// # Errors
    /// `Host` where the kernel cannot (cgroup v2).
    pub fn reset_memory_peak(&self) -> Result<(), SandboxError> {
        self.group.reset_memory_peak().map_err(SandboxError::host("cannot reset the memory peak"))
    }

    /// Resolves when the sandbox has ended without being asked to. Cancel-safe.
    pub async fn gone(&self) {
        self.link.gone().await;
    }

    /// Ends everything inside and removes every trace on the host; returns when that is done.
    ///
    /// # Errors
    /// `Host` when something would not go; a later [`Host::sweep`] tries again.
    pub async fn destroy(self) -> Result<(), SandboxError> {
        let guard = self.guard;
        let result = tokio::task::spawn_blocking(|| guard.run()).await;
        let failed = SandboxError::host("cannot remove a sandbox");
        result.map_err(io::Error::other).and_then(|result| result).map_err(failed)
    }
}

/// Binds that are on their way into a sandbox.
pub struct Binding {
    asked: Asked,
    /// The source, where there is but one.
    only: Option<PathBuf>,
}

impl Binding {
    /// Waits until they are in place.
    ///
    /// # Errors
    /// As [`Sandbox::bind_all`] has for what would not go into the sandbox; `Gone`.
    pub async fn done(self) -> Result<(), SandboxError> {
        match (self.asked.done().await, self.only) {
            (Err(SandboxError::Host { source, .. }), Some(path)) => Err(SandboxError::Bind { path, source }),
            (result, _) => result.map(drop),
        }
    }
}

/// A copy of what the host has at `source`, and whether it is a directory.
fn take_tree(source: &Path) -> Result<(OwnedFd, bool), SandboxError> {
    let failed = |source_error| SandboxError::Bind { path: source.to_owned(), source: source_error };
    // Path look-ups only, no file is read: not worth another thread.
    let directory = fs::metadata(source).map_err(failed)?.is_dir();
    let mount = mount::clone_tree(source, true).map_err(|error| match error.raw_os_error() {
        Some(libc::EPERM) => SandboxError::LayerMissing {
            layer: Layer::LateBind,
            detail: "binding into a running sandbox needs privileges on the host".into(),
        },
        _ => failed(error),
    })?;
    Ok((mount, directory))
}
