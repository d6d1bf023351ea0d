//! Giving up privileges, for good.

use crate::Layer;
use crate::control::Setup;
use caps::{CapSet, Capability, CapsHashSet};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use std::io;

/// What process 1 goes on needing: to bind mounts, to make and to kill processes of the user.
const INIT_NEEDS: [Capability; 5] = [
    Capability::CAP_SYS_ADMIN,
    Capability::CAP_SETUID,
    Capability::CAP_SETGID,
    Capability::CAP_SETPCAP,
    Capability::CAP_KILL,
];

pub(super) fn keep_only_what_init_needs(privileged: bool) -> io::Result<()> {
    let held = caps::read(None, CapSet::Permitted).map_err(io::Error::other)?;
    let kept: CapsHashSet = INIT_NEEDS.into_iter().filter(|needed| held.contains(needed)).collect();
    drop_bounding(|index| kept.iter().any(|capability| capability.index() == index))?;
    for set in [CapSet::Effective, CapSet::Permitted] {
        caps::set(None, set, &kept).map_err(io::Error::other)?;
    }
    if privileged && kept.len() < INIT_NEEDS.len() {
        return Err(Errno::EPERM.into());
    }
    Ok(())
}

/// The limits of one process; the cgroup's bound the sandbox as a whole.
pub(super) fn limit_resources(setup: &Setup) -> io::Result<()> {
    setrlimit(Resource::RLIMIT_NOFILE, setup.spec.nofile, setup.spec.nofile)?;
    // One byte rather than none: where the host hands dumps to a program, which it runs as root, none would
    // still run it (core(5)).
    setrlimit(Resource::RLIMIT_CORE, 1, 1)?;
    lower(Resource::RLIMIT_MEMLOCK, LOCKED_BYTES_MAX)?;
    setrlimit(Resource::RLIMIT_NICE, 0, 0)?;
    setrlimit(Resource::RLIMIT_RTPRIO, 0, 0)?;
    setrlimit(Resource::RLIMIT_MSGQUEUE, 0, 0)?;
    // Counted per uid, so only where the uid is the sandbox's own.
    if setup.privileged {
        let pids = u64::from(setup.spec.pids_max);
        setrlimit(Resource::RLIMIT_NPROC, pids, pids)?;
    }
    Ok(())
}

/// Memory of one process that cannot be reclaimed. As the kernel's own default.
const LOCKED_BYTES_MAX: u64 = 8 << 20;

/// Where it is lower already it stays so: raising it may take a privilege.
fn lower(resource: Resource, limit: u64) -> io::Result<()> {
    let limit = limit.min(getrlimit(resource)?.1);
    Ok(setrlimit(resource, limit, limit)?)
}

/// Becomes the sandbox's own user, without any capability and without a way to get one.
///
/// Without privileges the uid stays that of whoever runs the server (0 in the namespace): gives `false`.
pub(super) fn become_user(setup: &Setup) -> io::Result<bool> {
    const NOROOT: libc::c_int = 1 << 0;
    const NOROOT_LOCKED: libc::c_int = 1 << 1;
    const NO_AMBIENT_RAISE: libc::c_int = 1 << 6;
    const NO_AMBIENT_RAISE_LOCKED: libc::c_int = 1 << 7;
    let bits = NOROOT | NOROOT_LOCKED | NO_AMBIENT_RAISE | NO_AMBIENT_RAISE_LOCKED;
    // SAFETY: plain numbers.
    Errno::result(unsafe { libc::prctl(libc::PR_SET_SECUREBITS, bits, 0, 0, 0) })?;
    drop_bounding(|_| false)?;
    if setup.privileged {
        let (uid, gid) = (Uid::from_raw(setup.uid), Gid::from_raw(setup.uid));
        setgroups(&[])?;
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)?;
    }
    for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set).map_err(io::Error::other)?;
    }
    prctl::set_no_new_privs()?;
    Ok(setup.privileged)
}

fn drop_bounding(keep: impl Fn(u8) -> bool) -> io::Result<()> {
    for index in (0..64).filter(|index| !keep(*index)) {
        // SAFETY: plain numbers.
        match Errno::result(unsafe {
            libc::prctl(libc::PR_CAPBSET_DROP, libc::c_ulong::from(index), 0, 0, 0)
        }) {
            // Past the last that this kernel knows.
            Err(Errno::EINVAL) => break,
            result => result?,
        };
    }
    Ok(())
}

pub(super) const WITHOUT_PRIVILEGES: (Layer, &str) =
    (Layer::OwnUid, "an unprivileged server has only its own uid to give");
