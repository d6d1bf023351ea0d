//! The accept loop: HTTP/1.1 and HTTP/2 with prior knowledge on one port.

mod progress;

use api::Front;
use clock::{Clock, Moment};
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use progress::{Progress, Verdict};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Bytes that a request's head may have, before 431 is the answer.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 100;
/// HTTP/2 streams at once on one connection.
const STREAMS_MAX: u32 = 256;
/// Between two attempts to accept while the process is out of descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
/// HTTP/2 clients are asked this often whether they are still there, and given this long to answer.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_ANSWER_MAX: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
pub struct ListenerConfig {
    pub connections_max: usize,
    /// Also how long a connection may stay open without a request.
    pub head_timeout: Duration,
    /// How long a client may take nothing of an answer that is ready for it.
    pub write_timeout: Duration,
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
    let connections = TaskTracker::new();
    let places = Arc::new(Semaphore::new(config.connections_max));
    loop {
        // A place is taken before accepting: beyond the limit clients wait in the kernel's backlog.
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
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
        let (front, config, clock, stop) = (front.clone(), config.clone(), clock.clone(), stop.clone());
        connections.spawn(async move {
            let answer = move |request| answer(front.clone(), request, peer);
            drive(stream, &config, &clock, &stop, answer).await;
            drop(place);
        });
    }
    drop(listener);
    let begun = clock.moment();
    connections.close();
    if clock.timeout(deadline, connections.wait()).await.is_none() {
        tracing::warn!(?deadline, "requests were cut at the deadline");
    }
    begun
}

/// Serves one connection that somebody else accepted, until it closes.
pub async fn serve_stream(front: Front, stream: TcpStream, peer: SocketAddr, config: &ListenerConfig) {
    let clock = front.services().clock.clone();
    let answer = move |request| answer(front.clone(), request, peer);
    drive(stream, config, &clock, &CancellationToken::new(), answer).await;
}

async fn answer(
    front: Front,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> http::Response<api::ResponseBody> {
    front.serve(request, peer).await
}

/// Serves one connection until it closes, has been idle for too long, or its client takes nothing any more.
/// At `stop` no further request is taken.
async fn drive<A, F>(
    stream: TcpStream,
    config: &ListenerConfig,
    clock: &Clock,
    stop: &CancellationToken,
    answer: A,
) where
    A: Fn(Request<Incoming>) -> F,
    F: Future<Output = http::Response<api::ResponseBody>> + Send + 'static,
{
    let progress = Progress::new(clock);
    let watched = progress.clone();
    let service = service_fn(move |request| {
        let exchange = watched.request();
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await.map(|body| exchange.body(body))) }
    });
    let builder = builder(config);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut closing = None;
    loop {
        let wait = match (progress.verdict(config.head_timeout, config.write_timeout), closing) {
            (Verdict::Stuck, _) => return tracing::debug!("a client takes nothing of its answer"),
            // The last bytes, or the farewell, find no taker.
            (Verdict::Idle, Some(since)) if clock.since(since) >= config.write_timeout => return,
            (Verdict::Idle, Some(_)) => config.write_timeout,
            (Verdict::Idle, None) => {
                connection.as_mut().graceful_shutdown();
                closing = Some(clock.moment());
                config.write_timeout
            }
            // What begins to stall meanwhile is noticed one such time later.
            (Verdict::Wait(wait), _) => wait.min(config.write_timeout),
        };
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                // A client that goes away in the middle is no error of ours.
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            () = stop.cancelled(), if closing.is_none() => {
                connection.as_mut().graceful_shutdown();
                closing = Some(clock.moment());
            }
            () = clock.sleep(wait) => {}
        }
    }
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
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_ANSWER_MAX);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::{BodyExt, StreamBody};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const SOON: Duration = Duration::from_millis(100);
    const NEVER: Duration = Duration::from_secs(3600);

    fn config(head_timeout: Duration, write_timeout: Duration) -> ListenerConfig {
        ListenerConfig { connections_max: 1, head_timeout, write_timeout }
    }

    /// A connection that answers without end, and its client.
    async fn endless(config: ListenerConfig) -> (tokio::task::JoinHandle<()>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let answer = |_| async {
            let piece = Bytes::from(vec![0; 1 << 16]);
            let pieces =
                futures_util::stream::repeat_with(move || Ok(hyper::body::Frame::data(piece.clone())));
            http::Response::new(StreamBody::new(pieces).boxed_unsync())
        };
        let served = tokio::spawn(async move {
            drive(stream, &config, &Clock::real(), &CancellationToken::new(), answer).await;
        });
        (served, client)
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_is_cut_off() {
        let (served, mut client) = endless(config(NEVER, SOON)).await;
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        served.await.unwrap();
    }

    #[tokio::test]
    async fn an_http_2_connection_without_a_request_is_closed() {
        let (served, mut client) = endless(config(SOON, SOON)).await;
        // The preface and an empty SETTINGS frame.
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let mut said = Vec::new();
        client.read_to_end(&mut said).await.unwrap();
        served.await.unwrap();
        assert!(!said.is_empty(), "it said farewell");
    }
}
