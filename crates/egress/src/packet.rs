//! IP packets as bytes: what came in, and the few that we write without a connection behind them.
//!
//! Reading never trusts a length field, and writing never fails: `smoltcp`'s wire types check and emit.

use crate::MTU;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    IPV4_HEADER_LEN, IPV6_HEADER_LEN, Icmpv4DstUnreachable, Icmpv4Packet, Icmpv4Repr, Icmpv6DstUnreachable,
    Icmpv6Packet, Icmpv6Repr, IpAddress, IpProtocol, IpRepr, Ipv4Packet, Ipv4Repr, Ipv6Packet, Ipv6Repr,
    TcpControl, TcpPacket, TcpRepr, UDP_HEADER_LEN, UdpPacket, UdpRepr,
};
use std::net::{IpAddr, SocketAddr};

/// One packet that the sandbox sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) body: Body<'a>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    Tcp {
        /// Opens a connection.
        syn: bool,
        reset: bool,
    },
    Udp(&'a [u8]),
    /// An error message of the sandbox's kernel, which nobody answers.
    IcmpError,
    /// Neither TCP nor UDP; ports are 0.
    Other,
}

/// `None` for what is no whole IP packet with a whole header of its protocol, and for fragments: the device
/// takes the largest datagrams whole.
pub(crate) fn read(bytes: &[u8]) -> Option<Packet<'_>> {
    let (from, to, protocol, payload) = match bytes.first()? >> 4 {
        4 => {
            let packet = Ipv4Packet::new_checked(bytes).ok()?;
            if packet.more_frags() || packet.frag_offset() != 0 {
                return None;
            }
            let (from, to) = (IpAddr::V4(packet.src_addr()), IpAddr::V4(packet.dst_addr()));
            (from, to, packet.next_header(), packet.payload())
        }
        6 => {
            let packet = Ipv6Packet::new_checked(bytes).ok()?;
            let (from, to) = (IpAddr::V6(packet.src_addr()), IpAddr::V6(packet.dst_addr()));
            (from, to, packet.next_header(), packet.payload())
        }
        _ => return None,
    };
    let of = |from_port, to_port, body| {
        Some(Packet { from: SocketAddr::new(from, from_port), to: SocketAddr::new(to, to_port), body })
    };
    match protocol {
        IpProtocol::Tcp => {
            let tcp = TcpPacket::new_checked(payload).ok()?;
            let body =
                Body::Tcp { syn: tcp.syn() && !tcp.ack() && !tcp.rst() && !tcp.fin(), reset: tcp.rst() };
            of(tcp.src_port(), tcp.dst_port(), body)
        }
        IpProtocol::Udp => {
            let udp = UdpPacket::new_checked(payload).ok()?;
            let whole = usize::from(udp.len()).saturating_sub(UDP_HEADER_LEN);
            let data = payload.get(UDP_HEADER_LEN..UDP_HEADER_LEN + whole)?;
            of(udp.src_port(), udp.dst_port(), Body::Udp(data))
        }
        // Echo and its kind are questions; all else tells of errors or neighbours.
        IpProtocol::Icmp if payload.first() != Some(&8) => of(0, 0, Body::IcmpError),
        IpProtocol::Icmpv6 if payload.first() != Some(&128) => of(0, 0, Body::IcmpError),
        _ => of(0, 0, Body::Other),
    }
}

/// What an ICMP message says of a packet that goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// A policy forbids it: `EHOSTUNREACH` to a program on IPv4, `EACCES` on IPv6.
    Prohibited,
    /// `ENETUNREACH`, of which on IPv4 only "unknown" is heard on a datagram socket.
    Net,
    /// `EHOSTUNREACH`.
    Host,
    /// `ECONNREFUSED`.
    Port,
}

/// The ICMP answer to `original`, which [`read`] took; `None` if it cannot be quoted.
pub(crate) fn unreachable(original: &[u8], what: Unreachable, gateway: IpAddr) -> Option<Vec<u8>> {
    let checksums = ChecksumCapabilities::default();
    match (original.first()? >> 4, gateway) {
        (4, IpAddr::V4(gateway)) => {
            let packet = Ipv4Packet::new_checked(original).ok()?;
            let header = Ipv4Repr::parse(&packet, &ChecksumCapabilities::ignored()).ok()?;
            let reason = match what {
                Unreachable::Prohibited => Icmpv4DstUnreachable::CommProhibited,
                Unreachable::Net => Icmpv4DstUnreachable::DstNetUnknown,
                Unreachable::Host => Icmpv4DstUnreachable::HostUnreachable,
                Unreachable::Port => Icmpv4DstUnreachable::PortUnreachable,
            };
            let data = packet.payload();
            let icmp =
                Icmpv4Repr::DstUnreachable { reason, header, data: data.get(..QUOTED.min(data.len()))? };
            let ip = IpRepr::new(
                gateway.into(),
                header.src_addr.into(),
                IpProtocol::Icmp,
                icmp.buffer_len(),
                HOP_LIMIT,
            );
            Some(emit(&ip, |body| icmp.emit(&mut Icmpv4Packet::new_unchecked(body), &checksums)))
        }
        (6, IpAddr::V6(gateway)) => {
            let packet = Ipv6Packet::new_checked(original).ok()?;
            let header = Ipv6Repr::parse(&packet).ok()?;
            let reason = match what {
                Unreachable::Prohibited => Icmpv6DstUnreachable::AdminProhibit,
                Unreachable::Net => Icmpv6DstUnreachable::NoRoute,
                Unreachable::Host => Icmpv6DstUnreachable::AddrUnreachable,
                Unreachable::Port => Icmpv6DstUnreachable::PortUnreachable,
            };
            let data = packet.payload();
            let icmp =
                Icmpv6Repr::DstUnreachable { reason, header, data: data.get(..QUOTED.min(data.len()))? };
            let ip = IpRepr::new(
                gateway.into(),
                header.src_addr.into(),
                IpProtocol::Icmpv6,
                icmp.buffer_len(),
                HOP_LIMIT,
            );
            let (from, to) = (gateway, header.src_addr);
            Some(emit(&ip, |body| {
                icmp.emit(&from, &to, &mut Icmpv6Packet::new_unchecked(body), &checksums);
            }))
        }
        _ => None,
    }
}

/// Enough of the original for its sender to know it: the ports.
const QUOTED: usize = 8;
const HOP_LIMIT: u8 = 64;

/// The reset that refuses a TCP packet (RFC 9293, 3.10.7.1); `None` if it is none.
pub(crate) fn reset(original: &[u8]) -> Option<Vec<u8>> {
    let (from, to, payload): (IpAddress, IpAddress, &[u8]) = match original.first()? >> 4 {
        4 => {
            let packet = Ipv4Packet::new_checked(original).ok()?;
            (packet.src_addr().into(), packet.dst_addr().into(), packet.payload())
        }
        _ => {
            let packet = Ipv6Packet::new_checked(original).ok()?;
            (packet.src_addr().into(), packet.dst_addr().into(), packet.payload())
        }
    };
    let tcp = TcpPacket::new_checked(payload).ok()?;
    let answered = tcp.seq_number() + tcp.segment_len();
    let repr = TcpRepr {
        src_port: tcp.dst_port(),
        dst_port: tcp.src_port(),
        control: TcpControl::Rst,
        seq_number: if tcp.ack() { tcp.ack_number() } else { smoltcp::wire::TcpSeqNumber(0) },
        ack_number: (!tcp.ack()).then_some(answered),
        window_len: 0,
        window_scale: None,
        max_seg_size: None,
        sack_permitted: false,
        sack_ranges: [None, None, None],
        timestamp: None,
        payload: &[],
    };
    if repr.src_port == 0 || repr.dst_port == 0 {
        return None;
    }
    let ip = IpRepr::new(to, from, IpProtocol::Tcp, repr.buffer_len(), HOP_LIMIT);
    Some(emit(&ip, |body| {
        repr.emit(&mut TcpPacket::new_unchecked(body), &to, &from, &ChecksumCapabilities::default());
    }))
}

/// A datagram for the sandbox; `None` if it would not fit a packet.
pub(crate) fn datagram(from: SocketAddr, to: SocketAddr, data: &[u8]) -> Option<Vec<u8>> {
    let repr = UdpRepr { src_port: from.port(), dst_port: to.port() };
    let length = UDP_HEADER_LEN + data.len();
    let header = if to.is_ipv4() { IPV4_HEADER_LEN } else { IPV6_HEADER_LEN };
    if from.is_ipv4() != to.is_ipv4() || header + length > usize::from(MTU) {
        return None;
    }
    let (from, to) = (IpAddress::from(from.ip()), IpAddress::from(to.ip()));
    let ip = IpRepr::new(from, to, IpProtocol::Udp, length, HOP_LIMIT);
    Some(emit(&ip, |body| {
        let mut packet = UdpPacket::new_unchecked(body);
        let checksums = ChecksumCapabilities::default();
        repr.emit(&mut packet, &from, &to, data.len(), |room| room.copy_from_slice(data), &checksums);
    }))
}

fn emit(ip: &IpRepr, body: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = vec![0; ip.buffer_len()];
    ip.emit(&mut bytes, &ChecksumCapabilities::default());
    if let Some(room) = bytes.get_mut(ip.header_len()..) {
        body(room);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_datagram_is_read_as_it_was_written() {
        for (from, to) in [("10.0.0.1:53", "192.0.0.2:4000"), ("[2606:4700::1]:53", "[fd00::2]:4000")] {
            let (from, to) = (address(from), address(to));
            let bytes = datagram(from, to, b"hello").unwrap();
            assert_eq!(read(&bytes), Some(Packet { from, to, body: Body::Udp(b"hello") }));
            assert!(datagram(from, to, &vec![0; 65_536]).is_none());
        }
        assert!(datagram(address("10.0.0.1:1"), address("[::1]:1"), b"").is_none());
    }

    #[test]
    fn an_unreachable_quotes_what_it_is_about() {
        for (from, to, gateway, protocol) in [
            ("192.0.0.2:4000", "10.0.0.1:53", "192.0.0.1", 1),
            ("[fd00::2]:4000", "[2606:4700::1]:53", "fd00::1", 58),
        ] {
            let original = datagram(address(from), address(to), b"hello, world").unwrap();
            let bytes = unreachable(&original, Unreachable::Prohibited, gateway.parse().unwrap()).unwrap();
            let answer = read(&bytes).unwrap();
            assert_eq!((answer.from.ip(), answer.to.ip()), (gateway.parse().unwrap(), address(from).ip()));
            assert_eq!(answer.body, Body::IcmpError, "protocol {protocol}");
            assert!(bytes.windows(2).any(|pair| pair == 53u16.to_be_bytes()));
        }
    }

    #[test]
    fn fragments_and_rubbish_are_nothing() {
        let mut bytes = datagram(address("10.0.0.1:53"), address("192.0.0.2:4000"), b"hello").unwrap();
        bytes[6] |= 0x20;
        assert_eq!(read(&bytes), None);
        for rubbish in [&[][..], &[0x45], &[0x60; 39], &[0xff; 64], &[0x45; 64], &[0x60; 64]] {
            let _ = read(rubbish);
            let _ = reset(rubbish);
            let _ = unreachable(rubbish, Unreachable::Net, "192.0.0.1".parse().unwrap());
        }
    }
}
