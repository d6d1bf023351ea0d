//! How a process made outside comes in: the host asks for what that takes, a template's child uses it, and is
//! then one of ours like any other.

use super::Init;
use crate::control::{Failure, PASSAGE};
use nix::errno::Errno;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

impl Init {
    /// The plan as a file, our namespaces, and the descriptors that the plan names.
    ///
    /// Whoever has them is as mighty as the host, which has them already: they go to nobody else.
    pub(super) fn passage(&self) -> Result<Vec<OwnedFd>, Failure> {
        let fail = |what: &'static str| move |error: io::Error| Failure::new(what, &error);
        let plan = self.launchers.plan();
        let mut given = vec![plan.to_file().map_err(fail("cannot write the plan"))?];
        for name in PASSAGE.iter().skip(1) {
            given.push(self.namespace(name).map_err(fail("cannot open a namespace"))?);
        }
        for descriptor in plan.descriptors() {
            let copy = descriptor.as_fd().try_clone_to_owned();
            given.push(copy.map_err(fail("cannot copy a descriptor"))?);
        }
        Ok(given)
    }

    fn namespace(&self, name: &str) -> io::Result<OwnedFd> {
        let proc = self.world.proc().ok_or(io::ErrorKind::NotFound)?;
        let path = CString::new(format!("self/ns/{name}")).map_err(io::Error::other)?;
        // SAFETY: a NUL-terminated path below a descriptor of ours; the new one is ours too.
        unsafe {
            let fd = libc::openat(proc.as_raw_fd(), path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
        }
    }
}

/// Whether `pid` is a process of this sandbox that nobody but us waits for; one that has ended, but was not
/// reaped, is.
pub(super) fn check_is_child(pid: i32) -> io::Result<()> {
    let pid = libc::id_t::try_from(pid).map_err(io::Error::other)?;
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    // SAFETY: all zeroes is a valid siginfo, which is valid for writing.
    let result = unsafe {
        let mut found: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_PID, pid, &raw mut found, flags)
    };
    Ok(Errno::result(result).map(drop)?)
}
