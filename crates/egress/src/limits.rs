//! The most that one sandbox can make the server hold or do.
//!
//! Buffers of connections: at most `CONNECTIONS_LARGE * 2 * BUFFER_LARGE + (FLOWS_MAX - CONNECTIONS_LARGE) *
//! 2 * BUFFER_SMALL` = 47 MiB, and [`QUEUED_BYTES_MAX`] of packets on their way.

use std::time::Duration;

/// TCP connections and UDP exchanges at once, as many as a process in a sandbox may have descriptors.
pub const FLOWS_MAX: usize = 1024;
/// UDP exchanges among them: they end by time only.
pub const UDP_FLOWS_MAX: usize = 256;

/// Connections of a sandbox that get large buffers; those beyond get small ones.
pub const CONNECTIONS_LARGE: usize = 32;
/// In bytes, for each direction.
pub const BUFFER_LARGE: usize = 256 * 1024;
/// In bytes, for each direction.
pub const BUFFER_SMALL: usize = 16 * 1024;

/// Packets read and not yet handled: further ones are lost, and sent again by TCP.
pub const QUEUED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The same, for one flow, in packets.
pub const QUEUED_PACKETS_MAX: usize = 256;

/// Beyond it the sandbox's packets wait in its kernel, and are lost there. Reading them costs the server
/// time that no group of the sandbox is charged for.
pub const PACKETS_PER_SECOND: u32 = 100_000;

/// Look-ups under way at once.
pub const LOOKUPS_MAX: usize = 32;

/// As long as AWS's own network keeps an idle connection
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html>).
pub const TCP_IDLE: Duration = Duration::from_secs(350);
pub const UDP_IDLE: Duration = Duration::from_secs(120);

/// For somebody outside to accept a connection.
pub const DIAL: Duration = Duration::from_secs(60);

/// Refusals of one sandbox that are told of; the rest are only counted.
pub const REFUSALS_TOLD: usize = 16;
