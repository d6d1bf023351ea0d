//! Giving up privileges, for good.

use super::layers::Layers;
use super::plan::{Argument, Plan};
use super::{landlock, seccomp};
use crate::Layer;
use crate::control::{Failure, Setup};
use caps::{CapSet, Capability, CapsHashSet};
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};
use std::io;
use std::os::fd::OwnedFd;

/// What process 1 goes on needing: to bind mounts, to make and to kill processes of the user.
const INIT_NEEDS: [Capability; 5] = [
    Capability::CAP_SYS_ADMIN,
    Capability::CAP_SETUID,
    Capability::CAP_SETGID,
    Capability::CAP_SETPCAP,
    Capability::CAP_KILL,
];

/// What a template goes on needing: to send its children into a sandbox and enclose them there.
const TEMPLATE_NEEDS: [Capability; 5] = [
    Capability::CAP_SYS_ADMIN,
    Capability::CAP_SYS_CHROOT,
    Capability::CAP_SETUID,
    Capability::CAP_SETGID,
    Capability::CAP_SETPCAP,
];

pub(super) fn keep_only_what_init_needs(privileged: bool) -> io::Result<()> {
    keep_only(&INIT_NEEDS, privileged)
}

pub(super) fn keep_only_what_a_template_needs() -> io::Result<()> {
    keep_only(&TEMPLATE_NEEDS, true)
}

fn keep_only(needs: &[Capability], privileged: bool) -> io::Result<()> {
    let held = caps::read(None, CapSet::Permitted).map_err(io::Error::other)?;
    let kept: CapsHashSet = needs.iter().copied().filter(|needed| held.contains(needed)).collect();
    for index in known_capabilities() {
        if !kept.iter().any(|capability| capability.index() == index) {
            // SAFETY: plain numbers.
            Errno::result(unsafe {
                libc::prctl(libc::PR_CAPBSET_DROP, libc::c_ulong::from(index), 0, 0, 0)
            })?;
        }
    }
    for set in [CapSet::Effective, CapSet::Permitted] {
        caps::set(None, set, &kept).map_err(io::Error::other)?;
    }
    if privileged && kept.len() < needs.len() {
        return Err(Errno::EPERM.into());
    }
    Ok(())
}

/// Those of this kernel, by number.
fn known_capabilities() -> impl Iterator<Item = u8> {
    // SAFETY: plain numbers; past the last that the kernel knows it refuses.
    (0..64).take_while(|index| unsafe {
        libc::prctl(libc::PR_CAPBSET_READ, libc::c_ulong::from(*index), 0, 0, 0) >= 0
    })
}

/// How a process that is in all other namespaces of the sandbox becomes the user's: it joins the cgroups through
/// `entrances`, becomes the sandbox's own user without any capability and without a way to get one, and may touch
/// only what the lists allow. `proc` is a `/proc` that can be written.
pub(super) fn plan(
    setup: &Setup,
    entrances: Vec<OwnedFd>,
    proc: Option<OwnedFd>,
    layers: &mut Layers,
) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    plan.add("cannot make a session", libc::SYS_setsid, []);
    for entrance in entrances {
        let entrance = plan.keep(entrance);
        let zero = Argument::Bytes(b"0".into());
        plan.add("cannot join the sandbox's cgroup", libc::SYS_write, [entrance, zero, 1.into()]);
    }
    let own = (Layer::CgroupNamespace, &*layers);
    plan.add_lackable(
        own,
        "cannot have a cgroup namespace",
        libc::SYS_unshare,
        [libc::CLONE_NEWCGROUP.into()],
    );
    plan.promise(Layer::CgroupNamespace, "own");
    if let Some(proc) = proc {
        be_first_to_die(&mut plan, proc);
    }
    limit_resources(&mut plan, setup)?;
    plan.add("cannot set the umask", libc::SYS_umask, [0o022.into()]);
    give_up_capabilities(&mut plan, setup, layers)?;
    landlock::restrict(&mut plan, !setup.privileged, layers)?;
    // Last: what comes before is not on the lists.
    seccomp::filter(&mut plan, layers)?;
    Ok(plan)
}

/// When the whole host lacks memory, sandboxes go before the server.
fn be_first_to_die(plan: &mut Plan, proc: OwnedFd) {
    let what = "cannot set the out-of-memory score";
    let proc = plan.keep(proc);
    let path = Argument::Bytes(c"self/oom_score_adj".to_bytes_with_nul().into());
    plan.add(what, libc::SYS_openat, [proc, path, (libc::O_WRONLY | libc::O_CLOEXEC).into()]);
    let score = b"500";
    let length = score.len() as i64;
    plan.add(what, libc::SYS_write, [Argument::Previous, Argument::Bytes(score.into()), length.into()]);
}

/// Memory of one process that cannot be reclaimed. As the kernel's own default.
const LOCKED_BYTES_MAX: u64 = 8 << 20;

fn hard_limit(resource: Resource) -> Result<u64, Failure> {
    let limits = getrlimit(resource);
    limits.map(|(_, hard)| hard).map_err(|error| Failure::new("cannot read resource limits", &error.into()))
}

/// The limits of one process; the cgroup's bound the sandbox as a whole.
fn limit_resources(plan: &mut Plan, setup: &Setup) -> Result<(), Failure> {
    let mut limits = vec![
        (libc::RLIMIT_NOFILE, setup.spec.nofile),
        // One byte rather than none: where the host hands dumps to a program, which it runs as root, none would
        // still run it (core(5)).
        (libc::RLIMIT_CORE, 1),
        // Where it is lower already it stays so: raising it may take a privilege.
        (libc::RLIMIT_MEMLOCK, LOCKED_BYTES_MAX.min(hard_limit(Resource::RLIMIT_MEMLOCK)?)),
        (libc::RLIMIT_NICE, 0),
        (libc::RLIMIT_RTPRIO, 0),
        (libc::RLIMIT_MSGQUEUE, 0),
    ];
    // Counted per uid, so only where the uid is the sandbox's own.
    if setup.privileged {
        limits.push((libc::RLIMIT_NPROC, setup.spec.pids_max.into()));
    }
    for (resource, limit) in limits {
        let soft_and_hard = Argument::Bytes([limit.to_ne_bytes(), limit.to_ne_bytes()].concat());
        let (this_process, nothing_back) = (0.into(), 0.into());
        let arguments = [this_process, resource.into(), soft_and_hard, nothing_back];
        plan.add("cannot set resource limits", libc::SYS_prlimit64, arguments);
    }
    Ok(())
}

/// Without privileges the uid stays that of whoever runs the server (0 in the namespace).
fn give_up_capabilities(plan: &mut Plan, setup: &Setup, layers: &mut Layers) -> Result<(), Failure> {
    const NOROOT: i32 = 1 << 0;
    const NOROOT_LOCKED: i32 = 1 << 1;
    const NO_AMBIENT_RAISE: i32 = 1 << 6;
    const NO_AMBIENT_RAISE_LOCKED: i32 = 1 << 7;
    /// From <linux/capability.h>; the process itself.
    const CAPABILITY_VERSION_3: [u32; 2] = [0x2008_0522, 0];
    /// Effective, permitted and inheritable, twice 32 bits each.
    const NO_CAPABILITIES: [u8; 24] = [0; 24];

    let (layer, what) = (Layer::NoCapabilities, "cannot give up privileges");
    let bits = NOROOT | NOROOT_LOCKED | NO_AMBIENT_RAISE | NO_AMBIENT_RAISE_LOCKED;
    let prctl = |plan: &mut Plan, operation: i32, argument: i32| {
        plan.add_wall(layer, what, libc::SYS_prctl, [operation.into(), argument.into()]);
    };
    prctl(plan, libc::PR_SET_SECUREBITS, bits);
    for index in known_capabilities() {
        prctl(plan, libc::PR_CAPBSET_DROP, index.into());
    }
    if setup.privileged {
        let id = || Argument::from(setup.uid);
        plan.add_wall(layer, what, libc::SYS_setgroups, []);
        plan.add_wall(layer, what, libc::SYS_setresgid, [id(), id(), id()]);
        plan.add_wall(layer, what, libc::SYS_setresuid, [id(), id(), id()]);
    }
    prctl(plan, libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL);
    let header = Argument::Bytes(CAPABILITY_VERSION_3.map(u32::to_ne_bytes).concat());
    let sets = Argument::Bytes(NO_CAPABILITIES.into());
    plan.add_wall(layer, what, libc::SYS_capset, [header, sets]);
    prctl(plan, libc::PR_SET_NO_NEW_PRIVS, 1);
    plan.promise(Layer::NoCapabilities, "all sets empty, no_new_privs");
    if setup.privileged {
        plan.promise(Layer::OwnUid, "a uid of its own, from 0x70000000 up");
        return Ok(());
    }
    let why = io::Error::other("an unprivileged server has only its own uid to give");
    layers.missing(Layer::OwnUid, "no uid of its own".into(), &why)
}
