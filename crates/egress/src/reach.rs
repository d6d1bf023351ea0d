//! What kind of place an address is.
//!
//! From IANA's registries of special-purpose addresses
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>): what is not globally reachable is private,
//! and what would come back to this machine or go to more than one is never reached.

use crate::Cidr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Public,
    /// Somebody's own network: only where the operator says so.
    Private,
    /// Loopback, link-local (where clouds keep their metadata), multicast, or no destination at all.
    Never,
}

const NEVER_V4: [Cidr; 5] = [
    Cidr::v4(0, 0, 0, 0, 8),
    Cidr::v4(127, 0, 0, 0, 8),
    Cidr::v4(169, 254, 0, 0, 16),
    Cidr::v4(224, 0, 0, 0, 4),
    Cidr::v4(255, 255, 255, 255, 32),
];

const PRIVATE_V4: [Cidr; 12] = [
    Cidr::v4(10, 0, 0, 0, 8),
    // Carrier-grade NAT; Alibaba's metadata is here, too.
    Cidr::v4(100, 64, 0, 0, 10),
    Cidr::v4(172, 16, 0, 0, 12),
    // Our own addresses inside among them.
    Cidr::v4(192, 0, 0, 0, 24),
    Cidr::v4(192, 0, 2, 0, 24),
    Cidr::v4(192, 88, 99, 0, 24),
    Cidr::v4(192, 168, 0, 0, 16),
    Cidr::v4(198, 18, 0, 0, 15),
    Cidr::v4(198, 51, 100, 0, 24),
    Cidr::v4(203, 0, 113, 0, 24),
    // Azure's metadata and DNS, in the middle of public space.
    Cidr::v4(168, 63, 129, 16, 32),
    Cidr::v4(240, 0, 0, 0, 4),
];

const NEVER_V6: [Cidr; 6] = [
    // Unspecified, loopback, and IPv4-compatible addresses.
    Cidr::v6([0; 8], 96),
    // IPv4-mapped: a socket would take them for IPv4.
    Cidr::v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96),
    // IPv4-translated (SIIT).
    Cidr::v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96),
    Cidr::v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    Cidr::v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
    // Teredo: the address within is scrambled, and nobody routes it any more.
    Cidr::v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32),
];

const PRIVATE_IN_GLOBAL_V6: [Cidr; 3] = [
    // The protocol assignments, apart from what is public in them, which nobody needs.
    Cidr::v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    Cidr::v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    Cidr::v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

const GLOBAL_V6: Cidr = Cidr::v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
const NAT64: Cidr = Cidr::v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);
const SIX_TO_FOUR: Cidr = Cidr::v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16);

pub(crate) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => reach_v6(v6),
    }
}

fn reach_v4(v4: Ipv4Addr) -> Reach {
    let within = |blocks: &[Cidr]| blocks.iter().any(|block| block.contains(v4.into()));
    if within(&NEVER_V4) {
        Reach::Never
    } else if within(&PRIVATE_V4) {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn reach_v6(v6: Ipv6Addr) -> Reach {
    let within = |blocks: &[Cidr]| blocks.iter().any(|block| block.contains(v6.into()));
    let [.., a, b, c, d] = v6.octets();
    let [_, _, e, f, g, h, ..] = v6.octets();
    if within(&NEVER_V6) {
        Reach::Never
    } else if NAT64.contains(v6.into()) {
        as_embedded(Ipv4Addr::new(a, b, c, d))
    } else if SIX_TO_FOUR.contains(v6.into()) {
        as_embedded(Ipv4Addr::new(e, f, g, h))
    } else if GLOBAL_V6.contains(v6.into()) && !within(&PRIVATE_IN_GLOBAL_V6) {
        Reach::Public
    } else {
        Reach::Private
    }
}

/// An IPv4 address that a translator would take out. No block of an operator opens a private one: who means
/// it writes it as IPv4.
fn as_embedded(v4: Ipv4Addr) -> Reach {
    match reach_v4(v4) {
        Reach::Public => Reach::Public,
        Reach::Private | Reach::Never => Reach::Never,
    }
}

/// Some address of the block might be opened by an operator.
pub(crate) fn can_be_opened(block: &Cidr) -> bool {
    !NEVER_V4.iter().chain(&NEVER_V6).any(|never| never.covers(block))
}

/// No address of the block is public.
pub(crate) fn is_wholly_private(block: &Cidr) -> bool {
    let outside = block.is_v6() && !GLOBAL_V6.overlaps(block) && !NAT64.overlaps(block);
    let mut special = PRIVATE_V4.iter().chain(&NEVER_V4).chain(&NEVER_V6).chain(&PRIVATE_IN_GLOBAL_V6);
    outside || special.any(|special| special.covers(block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_address_is_known() {
        let public =
            ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1", "64:ff9b::101:101"];
        let private = [
            "10.0.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.1",
            "198.18.0.1",
            "203.0.113.10",
            "240.0.0.1",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "2001:db8::1",
            "100::1",
            "64:ff9b:1::1",
            "4000::1",
        ];
        let never = [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "224.0.0.251",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "::ffff:0:10.0.0.1",
            "fe80::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "2001:0:1::1",
        ];
        for (addresses, expected) in
            [(&public[..], Reach::Public), (&private[..], Reach::Private), (&never[..], Reach::Never)]
        {
            for address in addresses {
                assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
            }
        }
    }

    #[test]
    fn blocks_are_judged_as_a_whole() {
        for (block, private, opened) in [
            ("10.1.2.0/24", true, true),
            ("127.0.0.0/8", true, false),
            ("169.254.169.254/32", true, false),
            ("0.0.0.0/0", false, true),
            ("8.8.8.0/24", false, true),
            ("fd00::/8", true, true),
            ("::/0", false, true),
            ("fe80::/64", true, false),
        ] {
            let parsed = block.parse().unwrap();
            assert_eq!(is_wholly_private(&parsed), private, "{block}");
            assert_eq!(can_be_opened(&parsed), opened, "{block}");
        }
    }
}
