mod tun;

pub(super) use tun::open as open_tun;

use crate::control::Failure;
use nix::sys::socket::{self, AddressFamily, SockFlag, SockType};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};

pub(super) fn set_hostname(name: &str) -> Result<(), Failure> {
    nix::unistd::sethostname(name).map_err(|error| Failure::new("cannot set the host name", &error.into()))
}

/// The only interface of the namespace; 127.0.0.0/8 and ::1 come with it.
pub(super) fn loopback_up() -> Result<(), Failure> {
    let up = || -> io::Result<()> {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
        // SAFETY: all zeroes is a valid ifreq.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
            *to = from.cast_signed();
        }
        // SAFETY: the request is valid for both calls, and the kernel fills the flags in the first.
        unsafe {
            if libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS as libc::Ioctl, &raw mut request) < 0 {
                return Err(io::Error::last_os_error());
            }
            request.ifr_ifru.ifru_flags |= libc::IFF_UP as libc::c_short;
            if libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as libc::Ioctl, &raw mut request) < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    };
    up().map_err(|error| Failure::new("cannot bring the loopback interface up", &error))
}

/// Not connected: a connection that nobody takes would hold up process 1.
pub(super) fn socket() -> Result<OwnedFd, Failure> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    socket::socket(AddressFamily::Inet, SockType::Stream, flags, None)
        .map_err(|error| Failure::new("cannot make a socket in the sandbox", &error.into()))
}

pub(super) fn listen(addresses: &[SocketAddr]) -> Result<Vec<OwnedFd>, Failure> {
    let listen = |address: &SocketAddr| {
        TcpListener::bind(address)
            .map(OwnedFd::from)
            .map_err(|error| Failure::new(format!("cannot listen on {address} in the sandbox"), &error))
    };
    addresses.iter().map(listen).collect()
}
