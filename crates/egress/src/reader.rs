//! Reads a sandbox's packets and gives each to the task of its flow.

use crate::attach::Shared;
use crate::flows::{Flows, Key, Protocol, Ticket};
use crate::limits::PACKETS_PER_SECOND;
use crate::packet::{self, Body, Packet, Unreachable};
use crate::{INSIDE_V4, INSIDE_V6, MTU, RESOLVER, dns, gateway, queue, tcp, udp};
use clock::Moment;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Packets in a row before other tasks of this thread get their turn.
const BATCH: u32 = 64;
const DNS_PORT: u16 = 53;

/// Returns when the device is gone.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut reader = Reader {
        flows: Flows::new(shared.flows.clone()),
        tasks: JoinSet::new(),
        pace: Pace { since: shared.clock.moment(), packets: 0 },
        shared,
    };
    // Until its first packet a sandbox costs no buffer.
    if reader.shared.tun.readable().await.is_err() {
        return;
    }
    let mut buffer = vec![0; usize::from(MTU)];
    loop {
        let shared = reader.shared.clone();
        tokio::select! {
            read = shared.tun.read(&mut buffer) => match read {
                Ok(length) => reader.take_batch(&mut buffer, length).await,
                Err(error) => {
                    tracing::debug!(%error, "a sandbox's network device is gone");
                    return;
                }
            },
            Some(ended) = reader.tasks.join_next() => reader.ended(ended),
        }
        while let Some(ended) = reader.tasks.try_join_next() {
            reader.ended(ended);
        }
    }
}

struct Reader {
    shared: Arc<Shared>,
    flows: Flows,
    /// Dropped with us, and every flow with them.
    tasks: JoinSet<Option<Ticket>>,
    pace: Pace,
}

impl Reader {
    async fn take_batch(&mut self, buffer: &mut [u8], length: usize) {
        let mut length = length;
        for _ in 0..BATCH {
            self.pace.packets += 1;
            if let Some(bytes) = buffer.get(..length) {
                self.take(bytes);
            }
            match self.shared.tun.try_read(buffer) {
                Ok(next) => length = next,
                // None, or the device is gone: the next wait says so.
                Err(_) => break,
            }
        }
        self.pace.keep(&self.shared).await;
    }

    fn take(&mut self, bytes: &[u8]) {
        let Some(packet) = packet::read(bytes) else { return };
        let ours = packet.from.ip() == IpAddr::V4(INSIDE_V4) || packet.from.ip() == IpAddr::V6(INSIDE_V6);
        // Groups are asked by kernels and by chance; nobody waits for an answer.
        if !ours || packet.to.ip().is_multicast() || packet.from.is_ipv4() != packet.to.is_ipv4() {
            return;
        }
        let has_ports = packet.from.port() != 0 && packet.to.port() != 0;
        match packet.body {
            Body::Tcp { .. } | Body::Udp(_) if !has_ports => {}
            Body::Tcp { syn, reset } => self.take_tcp(bytes, &packet, syn, reset),
            Body::Udp(data) => self.take_udp(bytes, &packet, data),
            Body::Other => self.answer(bytes, &packet, Unreachable::Prohibited),
            Body::IcmpError => {}
        }
    }

    fn take_tcp(&mut self, bytes: &[u8], packet: &Packet<'_>, syn: bool, reset: bool) {
        let key = Key { protocol: Protocol::Tcp, from: packet.from, to: packet.to };
        if self.hand_over(&key, bytes) {
            return;
        }
        if !syn {
            if !reset && let Some(answer) = packet::reset(bytes) {
                self.shared.tun.write(&answer);
            }
            return;
        }
        let is_resolver = packet.to.ip() == IpAddr::V4(RESOLVER);
        if is_resolver && packet.to.port() != DNS_PORT {
            if let Some(answer) = packet::reset(bytes) {
                self.shared.tun.write(&answer);
            }
            return;
        }
        if !is_resolver && let Err(refusal) = self.shared.judge.judge(packet.to) {
            self.shared.counters.refused("TCP", packet.to, &refusal);
            return self.answer(bytes, packet, Unreachable::Prohibited);
        }
        let Some(syn) = self.shared.waiting.queue(bytes) else { return };
        let (sender, packets) = queue::channel();
        let Some(admitted) = self.flows.admit(key, sender) else {
            self.shared.counters.refused("TCP", packet.to, &"too many connections");
            return self.answer(bytes, packet, Unreachable::Host);
        };
        self.shared.counters.flow();
        let flow = tcp::Flow {
            shared: self.shared.clone(),
            syn,
            packets,
            to: packet.to,
            is_resolver,
            is_large: admitted.is_large,
        };
        self.tasks.spawn(async move {
            let _permit = admitted.permit;
            flow.run().await;
            Some(admitted.ticket)
        });
    }

    fn take_udp(&mut self, bytes: &[u8], packet: &Packet<'_>, data: &[u8]) {
        let key = Key { protocol: Protocol::Udp, from: packet.from, to: packet.to };
        if self.hand_over(&key, bytes) {
            return;
        }
        if packet.to.ip() == IpAddr::V4(RESOLVER) {
            match packet.to.port() {
                DNS_PORT => self.look_up(packet, data),
                _ => self.answer(bytes, packet, Unreachable::Port),
            }
            return;
        }
        if let Err(refusal) = self.shared.judge.judge(packet.to) {
            self.shared.counters.refused("UDP", packet.to, &refusal);
            return self.answer(bytes, packet, Unreachable::Prohibited);
        }
        let Some(first) = self.shared.waiting.queue(bytes) else { return };
        let (sender, packets) = queue::channel();
        let Some(admitted) = self.flows.admit(key, sender) else {
            self.shared.counters.refused("UDP", packet.to, &"too many exchanges");
            return self.answer(bytes, packet, Unreachable::Host);
        };
        self.shared.counters.flow();
        let flow =
            udp::Flow { shared: self.shared.clone(), first, packets, from: packet.from, to: packet.to };
        self.tasks.spawn(async move {
            let _permit = admitted.permit;
            flow.run().await;
            Some(admitted.ticket)
        });
    }

    fn look_up(&mut self, packet: &Packet<'_>, data: &[u8]) {
        // Beyond the bound the question is lost, and asked again.
        let (Ok(mine), Ok(permit)) =
            (self.shared.lookups.clone().try_acquire_owned(), self.shared.flows.clone().try_acquire_owned())
        else {
            return;
        };
        let (shared, from, to, data) = (self.shared.clone(), packet.from, packet.to, data.to_vec());
        self.tasks.spawn(async move {
            let answer = dns::answer(&shared, &data, dns::Transport::Udp).await;
            if let Some(answer) = answer.and_then(|answer| packet::datagram(to, from, &answer)) {
                shared.tun.write(&answer);
            }
            drop((mine, permit));
            None
        });
    }

    /// False when the flow is not there.
    fn hand_over(&mut self, key: &Key, bytes: &[u8]) -> bool {
        let Some(packets) = self.flows.find(key) else { return false };
        if let Some(packet) = self.shared.waiting.queue(bytes) {
            // Full: lost.
            let _ = packets.try_send(packet);
        }
        true
    }

    fn answer(&self, bytes: &[u8], packet: &Packet<'_>, what: Unreachable) {
        if let Some(answer) = packet::unreachable(bytes, what, gateway(packet.from.ip())) {
            self.shared.tun.write(&answer);
        }
    }

    fn ended(&mut self, ended: Result<Option<Ticket>, tokio::task::JoinError>) {
        match ended {
            Ok(Some(ticket)) => self.flows.ended(ticket),
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, "the task of a connection failed");
                self.flows.remove_closed();
            }
        }
    }
}

/// Keeps [`PACKETS_PER_SECOND`].
struct Pace {
    since: Moment,
    packets: u32,
}

const PACE: Duration = Duration::from_millis(50);

impl Pace {
    async fn keep(&mut self, shared: &Shared) {
        let passed = shared.clock.since(self.since);
        if passed >= PACE {
            *self = Pace { since: shared.clock.moment(), packets: 0 };
        } else if self.packets > PACKETS_PER_SECOND / 20 {
            shared.clock.sleep(PACE.saturating_sub(passed)).await;
            *self = Pace { since: shared.clock.moment(), packets: 0 };
        } else {
            tokio::task::yield_now().await;
        }
    }
}
