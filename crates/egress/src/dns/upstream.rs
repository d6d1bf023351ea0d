//! The machine's own resolvers.

use super::Transport;
use super::message::Query;
use clock::{Clock, Moment};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// For one resolver to answer.
const ANSWER: Duration = Duration::from_millis(1500);
/// Resolvers are asked in turn, so often. With [`ANSWER`] below the five seconds that programs wait.
const ATTEMPTS: usize = 3;
/// As many as the C library takes.
const RESOLVERS_MAX: usize = 3;
/// `/etc/resolv.conf` may change under a server that runs for months.
const CONFIGURATION_AGE: Duration = Duration::from_secs(5);
const DATAGRAM: usize = 4096;

pub(crate) struct Upstream {
    fixed: Vec<SocketAddr>,
    clock: Clock,
    found: Mutex<Option<(Moment, Vec<SocketAddr>)>>,
}

impl Upstream {
    pub(crate) fn new(fixed: Vec<SocketAddr>, clock: Clock) -> Self {
        Upstream { fixed, clock, found: Mutex::default() }
    }

    /// `None`: nobody answered in time.
    pub(crate) async fn ask(&self, query: &Query, transport: Transport) -> Option<Vec<u8>> {
        let resolvers = self.resolvers();
        for resolver in resolvers.iter().cycle().take(ATTEMPTS) {
            let asking = async {
                match transport {
                    Transport::Udp => self.ask_udp(query, *resolver).await,
                    Transport::Tcp => self.ask_tcp(query, *resolver).await,
                }
            };
            match self.clock.timeout(ANSWER, asking).await {
                Some(Ok(answer)) => return Some(answer),
                Some(Err(error)) => tracing::debug!(%error, %resolver, "a resolver did not answer"),
                None => tracing::debug!(%resolver, "a resolver did not answer in time"),
            }
        }
        None
    }

    async fn ask_udp(&self, query: &Query, resolver: SocketAddr) -> std::io::Result<Vec<u8>> {
        let any: IpAddr =
            if resolver.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        // A port of its own for each question: a forger would have to guess it, and the id.
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(resolver).await?;
        let id = self.random_id();
        socket.send(&query.write(id)).await?;
        let mut buffer = vec![0; DATAGRAM];
        loop {
            let length = socket.recv(&mut buffer).await?;
            if let Some(answer) = buffer.get(..length).filter(|answer| query.is_answered_by(answer, id)) {
                return Ok(with_id(answer.to_vec(), query.id));
            }
        }
    }

    async fn ask_tcp(&self, query: &Query, resolver: SocketAddr) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(resolver).await?;
        let id = self.random_id();
        let question = query.write(id);
        let length = u16::try_from(question.len()).map_err(std::io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), question.as_slice()].concat()).await?;
        let mut answer = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut answer).await?;
        if !query.is_answered_by(&answer, id) {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        Ok(with_id(answer, query.id))
    }

    fn random_id(&self) -> u16 {
        let mut bytes = [0; 2];
        self.clock.fill_random(&mut bytes);
        u16::from_be_bytes(bytes)
    }

    fn resolvers(&self) -> Vec<SocketAddr> {
        if !self.fixed.is_empty() {
            return self.fixed.clone();
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match &*found {
            Some((looked, resolvers)) if self.clock.since(*looked) < CONFIGURATION_AGE => resolvers.clone(),
            _ => {
                // Some hundred bytes, from the page cache.
                let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
                let resolvers = configured(&text);
                *found = Some((self.clock.moment(), resolvers.clone()));
                resolvers
            }
        }
    }
}

/// As resolv.conf(5): this machine itself, where none is named.
fn configured(text: &str) -> Vec<SocketAddr> {
    let named = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = (words.next()? == "nameserver").then(|| words.next()).flatten()?;
        address.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 53))
    });
    let named: Vec<_> = named.take(RESOLVERS_MAX).collect();
    if named.is_empty() { vec![(Ipv4Addr::LOCALHOST, 53).into()] } else { named }
}

fn with_id(mut answer: Vec<u8>, id: u16) -> Vec<u8> {
    if let Some(place) = answer.get_mut(..2) {
        place.copy_from_slice(&id.to_be_bytes());
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_read_as_the_c_library_reads_them() {
        let text = "# a comment\nsearch x\nnameserver 10.0.0.53 \n nameserver ::1\nnameserver fe80::1%eth0\noptions y\n";
        assert_eq!(configured(text), ["10.0.0.53:53", "[::1]:53"].map(|text| text.parse().unwrap()));
        assert_eq!(configured(""), ["127.0.0.1:53".parse().unwrap()]);
        assert_eq!(configured(&"nameserver 1.1.1.1\n".repeat(9)).len(), 3);
    }
}
