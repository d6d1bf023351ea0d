//! `GET /metrics` for Prometheus, on a loopback address of its own: the front door answers nobody unasked.

mod exposition;

use api::Front;
use clock::Clock;
use functions::{Functions, Waiting};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use kv::{Kv, Snapshot};
use meters::Meters;
use pool::Pool;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const CONNECTIONS_MAX: usize = 16;
/// For a request to come, and between two.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// Between two attempts to accept while the process is out of descriptors.
const PAUSE: Duration = Duration::from_millis(100);
/// Records set aside that are counted at most.
const ASIDE_MAX: usize = 10_000;

/// The rooms that tell figures.
#[derive(Clone)]
pub struct Metrics {
    pub clock: Clock,
    pub front: Front,
    pub pool: Pool,
    pub kv: Kv,
    pub functions: Functions,
    pub meters: Meters,
}

/// Serves until it is aborted.
pub async fn serve(listener: TcpListener, metrics: Metrics) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    // The semaphore is never closed.
    while let Ok(place) = places.clone().acquire_owned().await {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            metrics.clock.sleep(PAUSE).await;
            continue;
        };
        let metrics = metrics.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(metrics.clone(), request));
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(IDLE_MAX);
            if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "a connection for metrics ended");
            }
            drop(place);
        });
    }
}

async fn answer(metrics: Metrics, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let respond = |status: StatusCode, kind: &'static str, text: String| {
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Ok(response)
    };
    if request.method() != Method::GET || request.uri().path() != "/metrics" {
        return respond(StatusCode::NOT_FOUND, "text/plain", "The figures are at /metrics.\n".to_owned());
    }
    match metrics.figures().await.and_then(|figures| figures.text().map_err(|error| error.to_string())) {
        Ok(text) => {
            respond(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", text)
        }
        Err(error) => {
            tracing::error!(error, "the figures for Prometheus could not be told");
            respond(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "See the log.\n".to_owned())
        }
    }
}

impl Metrics {
    async fn figures(&self) -> Result<exposition::Figures, String> {
        let waiting: Waiting = self.functions.waiting().await.map_err(|error| error.to_string())?;
        let aside = self.kv.read(async |from: &Snapshot| kv::count_aside(from, ASIDE_MAX).await).await;
        let (requests, request_times) = self.front.counts();
        Ok(exposition::Figures {
            totals: self.meters.totals(),
            pool: self.pool.status(),
            kv: self.kv.stats(),
            waiting,
            aside: aside.map_err(|error: kv::KvError| error.to_string())?,
            requests,
            request_times,
        })
    }
}
