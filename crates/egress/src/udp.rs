//! One exchange of datagrams between a sandbox's port and somebody outside.

use crate::attach::Shared;
use crate::limits::UDP_IDLE;
use crate::packet::{self, Body, Unreachable};
use crate::queue::Queued;
use crate::{MTU, gateway};
use clock::Moment;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// An exchange that was admitted.
pub(crate) struct Flow {
    pub(crate) shared: Arc<Shared>,
    pub(crate) first: Queued,
    pub(crate) packets: mpsc::Receiver<Queued>,
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
}

impl Flow {
    /// Until nothing was said for [`UDP_IDLE`].
    pub(crate) async fn run(mut self) {
        let clock = self.shared.clock.clone();
        let socket = match open(self.to).await {
            Ok(socket) => socket,
            Err(error) => return self.tell(&error),
        };
        if let Err(error) = self.send(&socket, &self.first).await {
            return self.tell(&error);
        }
        let mut buffer = vec![0; usize::from(MTU)];
        let mut active: Moment = clock.moment();
        loop {
            tokio::select! {
                packet = self.packets.recv() => {
                    let Some(packet) = packet else { return };
                    active = clock.moment();
                    if let Err(error) = self.send(&socket, &packet).await {
                        self.tell(&error);
                    }
                }
                received = socket.recv(&mut buffer) => match received {
                    Ok(length) => {
                        active = clock.moment();
                        self.pass_in(buffer.get(..length).unwrap_or_default());
                    }
                    Err(error) => self.tell(&error),
                },
                () = clock.sleep(UDP_IDLE.saturating_sub(clock.since(active))) => {
                    if clock.since(active) >= UDP_IDLE {
                        return;
                    }
                }
            }
        }
    }

    async fn send(&self, socket: &UdpSocket, packet: &[u8]) -> io::Result<()> {
        let Some(Body::Udp(data)) = packet::read(packet).map(|packet| packet.body) else { return Ok(()) };
        let sent = socket.send(data).await?;
        self.shared.counters.sent(sent);
        Ok(())
    }

    fn pass_in(&self, data: &[u8]) {
        if let Some(packet) = packet::datagram(self.to, self.from, data) {
            self.shared.tun.write(&packet);
            self.shared.counters.received(data.len());
        }
    }

    /// Programs hear of it by the ports alone, so any packet of the exchange will do for quoting.
    fn tell(&self, error: &io::Error) {
        let what = match error.kind() {
            ErrorKind::ConnectionRefused => Unreachable::Port,
            ErrorKind::NetworkUnreachable => Unreachable::Net,
            ErrorKind::HostUnreachable => Unreachable::Host,
            // Too large, or out of memory: lost, as datagrams may be.
            _ => return,
        };
        let answer = packet::datagram(self.from, self.to, &[])
            .and_then(|original| packet::unreachable(&original, what, gateway(self.to.ip())));
        if let Some(answer) = answer {
            self.shared.tun.write(&answer);
        }
    }
}

/// Connected, so that nobody else is heard.
async fn open(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(to).await?;
    Ok(socket)
}
