//! One batch on its way to a subscriber.

use super::Sockets;
use super::subscription::{Protocol, To};
use bytes::Bytes;
use clock::Clock;
use http::header::{CONTENT_TYPE, HOST};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

/// On loopback it is there or it is not; one whose backlog is full is tried again.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);

pub(super) struct Destination {
    to: To,
    sockets: Arc<dyn Sockets>,
    clock: Clock,
    /// Kept between batches over TCP.
    stream: Option<TcpStream>,
}

impl Destination {
    pub fn new(to: &To, sockets: Arc<dyn Sockets>, clock: Clock) -> Self {
        Destination { to: to.clone(), sockets, clock, stream: None }
    }

    /// Returns when the subscriber has it (HTTP), or when it is on its way (TCP).
    ///
    /// # Errors
    /// Nobody listens, the connection broke, or the answer was no success.
    pub async fn send(&mut self, batch: &[Arc<str>]) -> io::Result<()> {
        match self.to.protocol.clone() {
            Protocol::Http { method, path } => {
                let stream = self.connect().await?;
                let body = format!("[{}]", batch.join(",\n"));
                post(stream, method, &path, self.to.port, body).await
            }
            Protocol::Tcp => {
                let mut text = batch.join("\n");
                text.push('\n');
                let mut stream = match self.stream.take() {
                    Some(stream) => stream,
                    None => self.connect().await?,
                };
                stream.write_all(text.as_bytes()).await?;
                self.stream = Some(stream);
                Ok(())
            }
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = TcpSocket::from_std_stream(self.sockets.socket().await?);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.to.port));
        let connected = self.clock.timeout(CONNECT_WITHIN, socket.connect(address)).await;
        connected.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }
}

async fn post(
    stream: TcpStream,
    method: http::Method,
    path: &str,
    port: u16,
    body: String,
) -> io::Result<()> {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, format!("sandbox.localdomain:{port}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(io::Error::other)?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(io::Error::other)?;
    let mut answer = std::pin::pin!(sender.send_request(request));
    // What the answer's body says does not matter, and closing the connection spares reading it.
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        // With the answer read, if there was one: many servers close after it.
        _ = connection => answer.await,
    };
    match answer.map_err(io::Error::other)?.status() {
        status if status.is_success() => Ok(()),
        status => Err(io::Error::other(format!("the subscriber answered {status}"))),
    }
}
