use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Whether the kernel would deliver to this very machine.
///
/// A connected datagram socket sends nothing, but has the route looked up: to an address of our own the
/// source chosen is that address. Always true to the moment, unlike a list of interfaces.
pub(crate) fn is_own(to: SocketAddr) -> bool {
    let any: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let source = UdpSocket::bind((any, 0)).and_then(|socket| {
        // Port 0 cannot be connected to everywhere.
        socket.connect((to.ip(), to.port().max(1)))?;
        socket.local_addr()
    });
    // No route: nothing will be reached, and dialling says so in better words.
    source.is_ok_and(|source| source.ip() == to.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_machine_itself() {
        assert!(is_own("127.0.0.1:80".parse().unwrap()));
        assert!(!is_own("192.0.2.1:80".parse().unwrap()));
    }
}
