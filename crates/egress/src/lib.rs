//! What a sandbox may reach outside: a TCP/IP stack of our own behind its network device, and a policy.
//!
//! A sandbox's only way out is a TUN device in its own network namespace: no bridge, no address translation
//! and no route on the host, so it works the same with and without root. Every packet comes to a task here.
//! A connection is judged before anything of it leaves, dialled with an ordinary socket, and only accepted
//! inside once somebody outside accepted it, so that errors inside are the real ones.
//!
//! ```text
//! program ─ kernel of the namespace ─ TUN ─ reader ┬─ TCP: a task and a small stack each ─ socket
//!                                                  ├─ UDP: a task each ─ connected socket
//!                                                  ├─ DNS: checked by name, asked upstream, addresses pinned
//!                                                  └─ all else: refused at once, with the reason in ICMP
//! ```
//!
//! Knows no function and no sandbox: a descriptor and a [`Policy`] are all it is given. Everything that a
//! sandbox sends is hostile; [`limits`] bounds what it can make us hold.

mod attach;
mod cidr;
mod counters;
mod device;
mod dns;
mod flows;
mod judge;
pub mod limits;
mod own;
mod packet;
mod policy;
mod queue;
mod reach;
mod reader;
mod rule;
mod tcp;
mod tun;
mod udp;

pub use attach::{Attached, Config, Egress};
pub use cidr::Cidr;
pub use counters::Traffic;
pub use policy::{Bounds, Policy, PolicyError};
pub use rule::Rule;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The sandbox's own addresses, each alone in its network, and where its names are resolved.
///
/// IPv4 from the block that RFC 7335 gives to the hosts behind such a stack, so that no network anybody
/// uses is hidden by it; IPv6 a unique local one.
pub const INSIDE_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 2);
pub const INSIDE_V6: Ipv6Addr = Ipv6Addr::new(0xfd7a, 0x6572, 0x756e, 0, 0, 0, 0, 2);
pub const RESOLVER: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 1);

/// Largest packet in bytes: no wire is between the two stacks, and few large packets cost least.
pub const MTU: u16 = 65_535;

const GATEWAY_V6: Ipv6Addr = Ipv6Addr::new(0xfd7a, 0x6572, 0x756e, 0, 0, 0, 0, 1);

/// Whom ICMP messages come from.
fn gateway(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => RESOLVER.into(),
        IpAddr::V6(_) => GATEWAY_V6.into(),
    }
}
