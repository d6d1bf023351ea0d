//! One TCP connection out of a sandbox: a small stack that talks with the kernel inside, and a socket
//! outside.

use crate::attach::Shared;
use crate::device::Wire;
use crate::limits::{BUFFER_LARGE, BUFFER_SMALL, DIAL, TCP_IDLE};
use crate::packet::{self, Unreachable};
use crate::queue::Queued;
use crate::{dns, gateway};
use clock::Moment;
use smoltcp::iface::{Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, IpListenEndpoint};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, Interest, Ready};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;

/// A connection that was admitted and is not yet made.
pub(crate) struct Flow {
    pub(crate) shared: Arc<Shared>,
    /// The packet that opens it.
    pub(crate) syn: Queued,
    pub(crate) packets: mpsc::Receiver<Queued>,
    pub(crate) to: SocketAddr,
    /// `to` is our own resolver.
    pub(crate) is_resolver: bool,
    pub(crate) is_large: bool,
}

/// The other end.
enum Far {
    Socket(TcpStream),
    /// Of a task of ours.
    Local(UnixStream),
}

impl Flow {
    pub(crate) async fn run(self) {
        let Flow { shared, syn, packets, to, is_resolver, is_large } = self;
        // The sandbox is answered only when somebody outside has accepted.
        if is_resolver {
            let Ok((near, far)) = UnixStream::pair() else { return };
            let resolver = dns::serve_stream(&shared, near);
            tokio::pin!(resolver);
            let connection = Connection::open(&shared, syn, to, is_large);
            let carried = carry(connection, Far::Local(far), packets);
            tokio::pin!(carried);
            tokio::select! {
                () = &mut carried => {}
                // What it answered last is still on its way.
                () = &mut resolver => carried.await,
            }
            return;
        }
        match shared.clock.timeout(DIAL, TcpStream::connect(to)).await {
            Some(Ok(stream)) => {
                // Only a matter of speed.
                let _ = stream.set_nodelay(true);
                let connection = Connection::open(&shared, syn, to, is_large);
                carry(connection, Far::Socket(stream), packets).await;
            }
            Some(Err(error)) => refuse(&shared, &syn, to, &error),
            None => refuse(&shared, &syn, to, &ErrorKind::TimedOut.into()),
        }
    }
}

/// Tells the program inside what happened outside.
fn refuse(shared: &Shared, syn: &[u8], to: SocketAddr, error: &io::Error) {
    let what = match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => None,
        ErrorKind::NetworkUnreachable => Some(Unreachable::Net),
        _ => Some(Unreachable::Host),
    };
    let answer = match what {
        None => packet::reset(syn),
        Some(what) => packet::unreachable(syn, what, gateway(to.ip())),
    };
    if let Some(answer) = answer {
        shared.tun.write(&answer);
    }
}

/// The end that the sandbox's kernel talks to.
struct Connection<'a> {
    shared: &'a Shared,
    wire: Wire<'a>,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    began: Moment,
    /// When payload last went either way.
    active: Moment,
    /// Nothing more comes from outside.
    far_ended: bool,
    /// Nothing more comes from inside, but what waits in the socket.
    near_ended: bool,
    /// The far end knows.
    near_end_told: bool,
}

impl<'a> Connection<'a> {
    /// Takes the opening packet, and answers it.
    fn open(shared: &'a Shared, syn: Queued, to: SocketAddr, is_large: bool) -> Self {
        let mut wire = Wire::new(&shared.tun);
        let began = shared.clock.moment();
        let mut config = smoltcp::iface::Config::new(HardwareAddress::Ip);
        config.random_seed = shared.clock.random_u64();
        let mut interface = Interface::new(config, &mut wire, Instant::ZERO);
        let address = IpAddress::from(to.ip());
        interface.update_ip_addrs(|addresses| {
            // Room for at least one.
            let _ = addresses.push(IpCidr::new(address, if to.is_ipv4() { 32 } else { 128 }));
        });
        let buffer = || SocketBuffer::new(vec![0; if is_large { BUFFER_LARGE } else { BUFFER_SMALL }]);
        let mut socket = Socket::new(buffer(), buffer());
        // Both kernels and the program decide when to send; we only pass on.
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        // The port is not 0: no flow to port 0 is dialled.
        let _ = socket.listen(IpListenEndpoint { addr: Some(address), port: to.port() });
        let handle = sockets.add(socket);
        wire.incoming.push_back(syn);
        let mut connection = Connection {
            shared,
            wire,
            interface,
            sockets,
            handle,
            began,
            active: began,
            far_ended: false,
            near_ended: false,
            near_end_told: false,
        };
        connection.poll();
        connection
    }

    fn now(&self) -> Instant {
        let micros = self.shared.clock.since(self.began).as_micros();
        Instant::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    fn poll(&mut self) {
        let now = self.now();
        self.interface.poll(now, &mut self.wire, &mut self.sockets);
    }

    /// Until the stack wants to be polled, or the connection is idle for too long.
    fn next_timer(&mut self) -> Duration {
        let idle = TCP_IDLE.saturating_sub(self.shared.clock.since(self.active));
        let now = self.now();
        let stack = self.interface.poll_delay(now, &self.sockets);
        stack.map_or(idle, |delay| idle.min(Duration::from_micros(delay.total_micros())))
    }

    /// Where the connection stands, after a poll.
    fn stage(&mut self) -> Stage {
        let socket = self.socket();
        let (state, waiting) = (socket.state(), socket.recv_queue());
        self.near_ended |=
            matches!(state, State::CloseWait | State::LastAck | State::Closing | State::TimeWait);
        match state {
            // The kernel inside took its opening back.
            State::Listen => Stage::Reset,
            State::Closed if !self.near_ended => Stage::Reset,
            // `TimeWait` is for networks that delay packets.
            State::Closed | State::TimeWait if waiting == 0 => Stage::Over,
            _ if self.near_ended && waiting == 0 => Stage::NearEnded,
            _ => Stage::Open,
        }
    }

    /// Moves what can be moved without waiting.
    fn pump(&mut self, far: &Far) -> io::Result<()> {
        let (mut sent, mut received) = (0, 0);
        let result = self.pump_counting(far, &mut sent, &mut received);
        if sent + received > 0 {
            self.active = self.shared.clock.moment();
            self.shared.counters.sent(sent);
            self.shared.counters.received(received);
        }
        result
    }

    fn pump_counting(&mut self, far: &Far, sent: &mut usize, received: &mut usize) -> io::Result<()> {
        while self.socket().can_recv() {
            let written = self.socket().recv(|bytes| settle(far.try_write(bytes)));
            match written {
                Ok(Ok(0)) | Err(_) => break,
                Ok(Ok(count)) => *sent += count,
                Ok(Err(error)) => return Err(error),
            }
        }
        // A buffer's worth, so that one direction does not keep the other waiting.
        let mut left = BUFFER_LARGE;
        while left > 0 && !self.far_ended && self.socket().can_send() {
            let mut ended = false;
            let read = self.socket().send(|room| {
                let read = far.try_read(room);
                ended = matches!(read, Ok(0));
                settle(read)
            });
            self.far_ended = ended;
            match read {
                Ok(Ok(0)) | Err(_) => break,
                Ok(Ok(count)) => {
                    *received += count;
                    left = left.saturating_sub(count);
                }
                Ok(Err(error)) => return Err(error),
            }
        }
        if self.far_ended {
            self.socket().close();
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// The far end is to be told.
    NearEnded,
    /// Both ends are done.
    Over,
    /// The near end broke it off.
    Reset,
}

/// For smoltcp's closures: how much of the buffer was used, and what else is to be said.
fn settle(result: io::Result<usize>) -> (usize, io::Result<usize>) {
    match result {
        Ok(count) => (count, Ok(count)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => (0, Ok(0)),
        Err(error) => (0, Err(error)),
    }
}

/// Runs until both ends are done, one of them breaks, or nothing moves for too long.
async fn carry(mut connection: Connection<'_>, mut far: Far, mut packets: mpsc::Receiver<Queued>) {
    loop {
        if let Err(error) = connection.pump(&far) {
            tracing::trace!(%error, "a connection of a sandbox broke outside");
            connection.socket().abort();
            connection.poll();
            return;
        }
        connection.poll();
        let stage = connection.stage();
        if stage == Stage::Reset {
            return far.reset();
        }
        if matches!(stage, Stage::NearEnded | Stage::Over) && !connection.near_end_told {
            connection.near_end_told = true;
            // Broken: reading says so.
            let _ = far.end().await;
        }
        if stage == Stage::Over {
            return;
        }
        let clock = connection.shared.clock.clone();
        if clock.since(connection.active) >= TCP_IDLE {
            connection.socket().abort();
            connection.poll();
            return;
        }
        let timer = connection.next_timer();
        let socket = connection.socket();
        let interest = match (socket.can_recv(), socket.can_send()) {
            (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
            (true, false) => Some(Interest::WRITABLE),
            (false, true) => Some(Interest::READABLE),
            (false, false) => None,
        };
        let interest = match interest {
            Some(interest) if connection.far_ended => interest.remove(Interest::READABLE),
            interest => interest,
        };
        tokio::select! {
            packet = packets.recv() => match packet {
                Some(packet) => connection.wire.incoming.push_back(packet),
                // The reader is gone, and with it the sandbox.
                None => return,
            },
            ready = far.ready(interest.unwrap_or(Interest::READABLE)), if interest.is_some() => {
                if ready.is_err() {
                    return;
                }
            }
            () = clock.sleep(timer) => {}
        }
        while let Ok(packet) = packets.try_recv() {
            connection.wire.incoming.push_back(packet);
        }
        if !connection.wire.incoming.is_empty() {
            connection.poll();
        }
    }
}

impl Far {
    async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        match self {
            Far::Socket(stream) => stream.ready(interest).await,
            Far::Local(stream) => stream.ready(interest).await,
        }
    }

    fn try_read(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Far::Socket(stream) => stream.try_read(room),
            Far::Local(stream) => stream.try_read(room),
        }
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Far::Socket(stream) => stream.try_write(bytes),
            Far::Local(stream) => stream.try_write(bytes),
        }
    }

    async fn end(&mut self) -> io::Result<()> {
        match self {
            Far::Socket(stream) => stream.shutdown().await,
            Far::Local(stream) => stream.shutdown().await,
        }
    }

    /// When it is dropped the other side learns that the connection broke, rather than ended.
    fn reset(&self) {
        if let Far::Socket(stream) = self {
            // At worst it looks like an end.
            let _ = stream.set_zero_linger();
        }
    }
}
