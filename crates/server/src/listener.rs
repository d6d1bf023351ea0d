//! The accept loop: HTTP/1.1 and HTTP/2 with prior knowledge on one port.

use api::Front;
use clock::{Clock, Moment};
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Bytes that a request's head may have, before 431 is the answer.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 100;
/// HTTP/2 streams at once on one connection.
const STREAMS_MAX: u32 = 256;
/// Between two attempts to accept while the process is out of descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

#[derive(Debug, Clone)]
pub struct ListenerConfig {
    pub connections_max: usize,
    pub head_timeout: Duration,
}

/// Serves until `stop` is cancelled, then lets running requests finish for at most `deadline`. Returns
/// when the stop began.
pub async fn serve(
    listener: TcpListener,
    front: Front,
    config: ListenerConfig,
    clock: Clock,
    stop: CancellationToken,
    deadline: Duration,
) -> Moment {
    let builder = Arc::new(builder(&config));
    let graceful = GracefulShutdown::new();
    let connections = Arc::new(Semaphore::new(config.connections_max));
    loop {
        // A place is taken before accepting: beyond the limit clients wait in the kernel's backlog.
        let place = tokio::select! {
            place = connections.clone().acquire_owned() => place,
            () = stop.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (Ok(place), Ok((stream, peer))) = (place, accepted) else {
            clock.sleep(ACCEPT_RETRY).await;
            continue;
        };
        // Answers are small and written whole; waiting to fill a segment only delays them.
        let _ = stream.set_nodelay(true);
        let (front, builder) = (front.clone(), builder.clone());
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(front.clone(), request, peer));
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            // A client that goes away in the middle is no error of ours.
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%peer, %error, "connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    let begun = clock.moment();
    if clock.timeout(deadline, graceful.shutdown()).await.is_none() {
        tracing::warn!(?deadline, "requests were cut at the deadline");
    }
    begun
}

/// Serves one connection that somebody else accepted, until it closes.
pub async fn serve_stream(front: Front, stream: TcpStream, peer: SocketAddr, config: &ListenerConfig) {
    let service = service_fn(move |request| answer(front.clone(), request, peer));
    if let Err(error) = builder(config).serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "connection of a sandbox ended");
    }
}

async fn answer(
    front: Front,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<http::Response<api::ResponseBody>, Infallible> {
    Ok(front.serve(request, peer).await)
}

fn builder(config: &ListenerConfig) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(config.head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .max_concurrent_streams(STREAMS_MAX);
    builder
}
