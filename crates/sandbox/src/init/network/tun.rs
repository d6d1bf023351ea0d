//! The interface whose packets the host gets.

use crate::Tun;
use nix::errno::Errno;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// What programs expect an interface to be called.
const NAME: &[u8] = b"eth0";

/// Packets that wait for the host in the kernel; further ones are lost. Nobody is charged for their memory.
const QUEUE_PACKETS: u32 = 64;

const ADDR_GEN_MODE: &str = "/proc/sys/net/ipv6/conf/eth0/addr_gen_mode";
const NO_ADDRESS: &str = "1";

/// `linux/ipv6.h`
#[repr(C)]
struct In6Ifreq {
    address: libc::in6_addr,
    prefix_length: u32,
    index: libc::c_int,
}

/// `linux/ipv6_route.h`
#[repr(C)]
struct In6Rtmsg {
    /// Destination, source, gateway.
    addresses: [libc::in6_addr; 3],
    kind: u32,
    destination_length: u16,
    source_length: u16,
    metric: u32,
    info: libc::c_ulong,
    flags: u32,
    index: libc::c_int,
}

/// Makes the interface in this network namespace, with addresses and the default route; what is written to
/// it can be read from the result, which does not block.
///
/// To be called while the host's `/dev` and `/proc` are there.
pub(in crate::init) fn open(tun: &Tun) -> io::Result<OwnedFd> {
    let device = File::options().read(true).write(true).open("/dev/net/tun")?;
    let mut request = request();
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    ioctl(device.as_raw_fd(), libc::TUNSETIFF as libc::Ioctl, &raw mut request)?;
    // SAFETY: a descriptor of ours, plain numbers.
    Errno::result(unsafe { libc::fcntl(device.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) })?;

    let socket = UdpSocket::bind("0.0.0.0:0")?;
    let configure = |code, fill: &dyn Fn(&mut libc::ifreq)| {
        let mut request = self::request();
        fill(&mut request);
        ioctl(socket.as_raw_fd(), code, &raw mut request)
    };
    let index = index_of(&socket)?;
    shorten_queue(index)?;
    configure(libc::SIOCSIFMTU as libc::Ioctl, &|request| request.ifr_ifru.ifru_mtu = tun.mtu.into())?;
    // Without an address of its own making it asks nobody for routers. Not there without IPv6.
    let _ = std::fs::write(ADDR_GEN_MODE, NO_ADDRESS);
    // Neither neighbours nor groups: nothing is said but what programs say.
    let flags = (libc::IFF_UP | libc::IFF_RUNNING | libc::IFF_NOARP) as libc::c_short;
    configure(libc::SIOCSIFADDR as libc::Ioctl, &|request| request.ifr_ifru.ifru_addr = address(tun.v4))?;
    configure(libc::SIOCSIFNETMASK as libc::Ioctl, &|request| {
        request.ifr_ifru.ifru_netmask = address(Ipv4Addr::BROADCAST);
    })?;
    configure(libc::SIOCSIFFLAGS as libc::Ioctl, &|request| request.ifr_ifru.ifru_flags = flags)?;
    route_v4(socket.as_raw_fd())?;
    match route_v6(tun.v6, index) {
        // A kernel without it, or one told not to use it.
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::EAFNOSUPPORT | libc::EACCES | libc::EPERM | libc::EOPNOTSUPP)
            ) => {}
        result => result?,
    }
    Ok(device.into())
}

fn index_of(socket: &UdpSocket) -> io::Result<libc::c_int> {
    let mut found = request();
    ioctl(socket.as_raw_fd(), libc::SIOCGIFINDEX as libc::Ioctl, &raw mut found)?;
    // SAFETY: the call filled the index.
    Ok(unsafe { found.ifr_ifru.ifru_ifindex })
}

/// By netlink, since the ioctl for it wants a capability in the host's user namespace.
fn shorten_queue(index: libc::c_int) -> io::Result<()> {
    const ACKNOWLEDGED: u16 = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
    // rtnetlink(7): a header, an ifinfomsg, one attribute.
    let mut message = Vec::with_capacity(40);
    message.extend(40u32.to_ne_bytes());
    message.extend(libc::RTM_NEWLINK.to_ne_bytes());
    message.extend(ACKNOWLEDGED.to_ne_bytes());
    message.extend([0; 12]);
    message.extend(index.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(8u16.to_ne_bytes());
    message.extend(libc::IFLA_TXQLEN.to_ne_bytes());
    message.extend(QUEUE_PACKETS.to_ne_bytes());
    let mut answer = [0u8; 256];
    // SAFETY: plain numbers; the descriptor is checked before it is owned; both buffers are valid.
    let length = unsafe {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        let socket = Errno::result(libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE))?;
        let socket = OwnedFd::from_raw_fd(socket);
        Errno::result(libc::send(socket.as_raw_fd(), message.as_ptr().cast(), message.len(), 0))?;
        Errno::result(libc::recv(socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0))?
    };
    // After its header an acknowledgement holds a negative error number, or 0.
    match answer.get(16..20).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).map(i32::from_ne_bytes) {
        Some(0) if length >= 20 => Ok(()),
        Some(error) if length >= 20 => Err(io::Error::from_raw_os_error(-error)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn route_v4(socket: RawFd) -> io::Result<()> {
    let mut name = c_name();
    // SAFETY: all zeroes is a valid rtentry: the route to everywhere.
    let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
    route.rt_dst = address(Ipv4Addr::UNSPECIFIED);
    route.rt_genmask = address(Ipv4Addr::UNSPECIFIED);
    route.rt_flags = libc::RTF_UP;
    route.rt_dev = name.as_mut_ptr();
    ioctl(socket, libc::SIOCADDRT as libc::Ioctl, &raw mut route)
}

fn route_v6(own: Ipv6Addr, index: libc::c_int) -> io::Result<()> {
    // SAFETY: plain numbers; the descriptor is checked before it is owned.
    let socket = unsafe {
        let socket = Errno::result(libc::socket(libc::AF_INET6, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0))?;
        OwnedFd::from_raw_fd(socket)
    };
    let own = libc::in6_addr { s6_addr: own.octets() };
    let mut request = In6Ifreq { address: own, prefix_length: 128, index };
    ioctl(socket.as_raw_fd(), libc::SIOCSIFADDR as libc::Ioctl, &raw mut request)?;
    let mut route = In6Rtmsg {
        // All zeroes and no length: everywhere.
        addresses: [libc::in6_addr { s6_addr: [0; 16] }; 3],
        kind: 0,
        destination_length: 0,
        source_length: 0,
        metric: 1,
        info: 0,
        flags: libc::RTF_UP.into(),
        index,
    };
    ioctl(socket.as_raw_fd(), libc::SIOCADDRT as libc::Ioctl, &raw mut route)
}

fn c_name() -> [libc::c_char; libc::IFNAMSIZ] {
    let mut name = [0; libc::IFNAMSIZ];
    for (to, from) in name.iter_mut().zip(NAME) {
        *to = from.cast_signed();
    }
    name
}

fn request() -> libc::ifreq {
    // SAFETY: all zeroes is a valid ifreq.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name = c_name();
    request
}

fn address(v4: Ipv4Addr) -> libc::sockaddr {
    // SAFETY: all zeroes is a valid sockaddr, and a sockaddr_in fits into it.
    unsafe {
        let mut address: libc::sockaddr = std::mem::zeroed();
        let v4 = libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: 0,
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(v4.octets()) },
            sin_zero: [0; 8],
        };
        (&raw mut address).cast::<libc::sockaddr_in>().write_unaligned(v4);
        address
    }
}

fn ioctl<T>(descriptor: RawFd, code: libc::Ioctl, argument: *mut T) -> io::Result<()> {
    // SAFETY: every caller passes the structure that its code reads or fills.
    Errno::result(unsafe { libc::ioctl(descriptor, code, argument) }).map(drop).map_err(io::Error::from)
}
