use crate::cgroup::{Limits, SandboxGroup};
use crate::control::{self, Event, Failure, Order, Reply, Request, Setup};
use crate::teardown::{Guard, Teardown};
use crate::{Host, Layer, LayerReport, LayerState, SandboxError, Spec, spawner};
use caps::{CapSet, Capability};
use nix::sys::socket::{setsockopt, sockopt::ReceiveTimeout};
use nix::sys::time::TimeVal;
use std::collections::BTreeSet;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// An init that says nothing for this long is stuck.
const READY_SECONDS: i64 = 10;

/// The id that the first request after the setup may use.
pub(crate) const FIRST_REQUEST: u64 = 1;

pub(crate) struct Created {
    pub(crate) pid: i32,
    pub(crate) uid: u32,
    pub(crate) control: Arc<OwnedFd>,
    pub(crate) listeners: Vec<TcpListener>,
    pub(crate) tun: Option<OwnedFd>,
    pub(crate) layers: Vec<LayerReport>,
    pub(crate) group: Arc<SandboxGroup>,
    pub(crate) guard: Guard,
}

/// All that namespaces, mounts, ids and cgroups need; otherwise we go the way of an ordinary user.
pub(crate) fn is_privileged() -> bool {
    let needed = [
        Capability::CAP_SYS_ADMIN,
        Capability::CAP_SETUID,
        Capability::CAP_SETGID,
        Capability::CAP_SETPCAP,
        Capability::CAP_NET_ADMIN,
        Capability::CAP_CHOWN,
        Capability::CAP_KILL,
    ];
    needed.iter().all(|capability| caps::has_cap(None, CapSet::Effective, *capability).unwrap_or(false))
}

/// Blocks until the sandbox is ready for its first process. On failure nothing is left.
pub(crate) fn create(host: &Host, spec: &Spec, may_lack: &BTreeSet<Layer>) -> Result<Created, SandboxError> {
    spec.check()?;
    for source in spec.root.binds.iter().map(|bind| &bind.source).chain(&spec.root.image) {
        let there = std::fs::metadata(source).map(drop);
        there.map_err(|error| SandboxError::Bind { path: source.clone(), source: error })?;
    }
    let inner = &host.0;
    let reservation = host.reserve(&spec.id)?;
    let spawned = inner.spawner.spawn(spawner::SANDBOX).map_err(|error| match error.raw_os_error() {
        Some(libc::EPERM | libc::EINVAL | libc::ENOSPC | libc::ENOSYS) => SandboxError::LayerMissing {
            layer: Layer::Namespaces,
            detail: format!("new namespaces are refused ({error}){}", rootless_hint(inner.privileged)),
        },
        _ => SandboxError::Host { what: "cannot start a sandbox".into(), source: error },
    })?;
    let control = Arc::new(spawned.control);
    let mut teardown =
        Teardown { control: Arc::clone(&control), pidfd: spawned.pidfd, group: None, reservation };
    let uid = teardown.reservation.uid;
    let result = (|| {
        inner.group.adopt_init(spawned.pid).map_err(SandboxError::host("cannot place the sandbox init"))?;
        let (group, limits) = inner
            .group
            .sandbox(&spec.id, &Limits::of(spec))
            .map_err(SandboxError::host("cannot make the sandbox's cgroup"))?;
        let group = Arc::new(group);
        teardown.group = Some(Arc::clone(&group));
        let mut layers = Vec::with_capacity(Layer::ALL.len());
        for (layer, result) in limits {
            layers.push(judge(layer, result.map_err(|error| error.to_string()), may_lack)?);
        }
        let (found, listeners, tun) = set_up(host, &control, spec, uid, &group, may_lack)?;
        layers.extend(found);
        layers.sort_by_key(|report| report.layer);
        Ok((group, layers, listeners, tun))
    })();
    match result {
        Ok((group, layers, listeners, tun)) => {
            let guard = Guard::new(teardown, host.clone());
            Ok(Created { pid: spawned.pid, uid, control, listeners, tun, layers, group, guard })
        }
        Err(error) => {
            if let Err(error) = teardown.run() {
                tracing::error!(%error, "a sandbox that could not be made could not be removed");
            }
            Err(error)
        }
    }
}

/// What was found, the listeners, and the device.
type Prepared = (Vec<LayerReport>, Vec<TcpListener>, Option<OwnedFd>);

fn set_up(
    host: &Host,
    control: &Arc<OwnedFd>,
    spec: &Spec,
    uid: u32,
    group: &SandboxGroup,
    may_lack: &BTreeSet<Layer>,
) -> Result<Prepared, SandboxError> {
    let inner = &host.0;
    let entrances = group.entrances().map_err(SandboxError::host("cannot open the sandbox's cgroup"))?;
    let freezer = group.freezer_file().map_err(SandboxError::host("cannot open the sandbox's freezer"))?;
    let setup = Setup {
        spec: spec.clone(),
        uid,
        privileged: inner.privileged,
        own_pids: true,
        staging: inner.staging.clone(),
        tmp: inner.images.plan(spec.tmp_bytes),
        may_lack: may_lack.iter().copied().collect(),
        cgroups: entrances.len(),
        freezer: freezer.is_some(),
        cgroup_views: group.views(),
    };
    let descriptors: Vec<BorrowedFd<'_>> = entrances.iter().chain(&freezer).map(AsFd::as_fd).collect();
    let request = Request { id: 0, order: Order::Setup(Box::new(setup)) };
    let talk = || SandboxError::host("cannot talk to the sandbox init");
    setsockopt(control, ReceiveTimeout, &TimeVal::new(READY_SECONDS, 0))
        .map_err(|error| talk()(error.into()))?;
    control::send(control.as_fd(), &request, &descriptors).map_err(talk())?;
    let (event, descriptors) =
        control::receive::<Event>(control.as_fd()).map_err(talk())?.ok_or_else(|| {
            SandboxError::Gone("its init ended during setup; is the init executable the right one?".into())
        })?;
    match event {
        Event::Reply { result: Ok(Reply::Ready(layers)), .. } => {
            let mut descriptors = descriptors.into_iter();
            let listeners = descriptors.by_ref().take(spec.listen.len()).map(TcpListener::from).collect();
            Ok((layers, listeners, descriptors.next()))
        }
        Event::Reply { result: Err(failure), .. } => Err(refused(failure)),
        _ => Err(SandboxError::Gone("its init spoke out of turn".into())),
    }
}

pub(crate) fn refused(failure: Failure) -> SandboxError {
    let source = failure.source();
    match failure.layer {
        Some(layer) => SandboxError::LayerMissing { layer, detail: format!("{}: {source}", failure.what) },
        None => SandboxError::Host { what: failure.what, source },
    }
}

/// A missing layer is an error unless it may be lacked.
pub(crate) fn judge(
    layer: Layer,
    result: Result<String, String>,
    may_lack: &BTreeSet<Layer>,
) -> Result<LayerReport, SandboxError> {
    match result {
        Ok(detail) => Ok(LayerReport { layer, state: LayerState::Enforced, detail }),
        Err(detail) if may_lack.contains(&layer) => {
            Ok(LayerReport { layer, state: LayerState::Missing, detail })
        }
        Err(detail) => Err(SandboxError::LayerMissing { layer, detail }),
    }
}

fn rootless_hint(privileged: bool) -> &'static str {
    if privileged {
        return "";
    }
    "; without root this needs user namespaces: see kernel.unprivileged_userns_clone, \
     user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns"
}

/// One blocking request on a sandbox that has no [`Link`](crate::link::Link) yet.
pub(crate) fn ask(control: &OwnedFd, order: Order, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    control::send(control.as_fd(), &Request { id: FIRST_REQUEST, order }, descriptors)?;
    match control::receive::<Event>(control.as_fd())? {
        Some((Event::Reply { result: Ok(_), .. }, _)) => Ok(()),
        Some((Event::Reply { result: Err(failure), .. }, _)) => {
            Err(io::Error::new(failure.source().kind(), format!("{}: {}", failure.what, failure.source())))
        }
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
