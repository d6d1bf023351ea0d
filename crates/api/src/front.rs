//! The front door: every request of a network client comes through [`Front::serve`].

pub(crate) mod authenticate;
mod counts;
mod destination;
mod host;
pub(crate) mod note;
mod pages;
pub(crate) mod payload;
mod pipeline;
mod rates;
mod read_through;
mod recording;
pub(crate) mod respond;

pub use counts::{RequestCount, RequestTime};
pub use rates::{Rate, RateLimits};

use crate::{ApiError, Services};
use access::Principal;
use audit::{Flood, Log};
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CONNECTION, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use names::Region;
use note::Note;
use protocol::RequestId;
use protocol::model::Service;
use recording::Unrecorded;
use std::fmt;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A response on its way out. An error in the body cuts the connection.
pub type ResponseBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// A request's body as it came off the connection: neither decoded nor verified nor bounded.
pub type RawBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// What the log calls a request to a function URL.
pub(crate) const FUNCTION_URL: &str = "InvokeFunctionUrl";

/// The services whose published models are known here, spoken in whole or in part.
pub(crate) static SERVICES: &[&Service] = &[
    &crate::s3::model::SERVICE,
    &crate::lambda::model::SERVICE,
    &crate::iam::model::SERVICE,
    &crate::sts::model::SERVICE,
    &crate::dynamodb::model::SERVICE,
    &crate::dynamodbstreams::model::SERVICE,
    &crate::sqs::model::SERVICE,
    &crate::sns::model::SERVICE,
];

/// How the server is addressed.
#[derive(Debug, Clone)]
pub struct FrontConfig {
    /// Lower-case host names; see the server's configuration. Printed URLs use the first.
    pub base_domains: Vec<String>,
    /// The region of requests that name none.
    pub region: Region,
    /// Whether calls of data events are recorded in the audit log, where they are not denied.
    pub data_events: bool,
    /// Requests that accounts may make.
    pub rates: RateLimits,
    /// The bound address: what `Host` is taken to be where a client sends none.
    pub address: SocketAddr,
}

/// The one pipeline. Cheap to clone.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

struct Inner {
    services: Arc<Services>,
    config: FrontConfig,
    /// KiB that documents may take together before their signatures are verified.
    unverified: Semaphore,
    /// Places for requests without a signature whose document is read all the same.
    strangers: Semaphore,
    rates: rates::Rates,
    counts: counts::Counts,
    audit: Log,
    flood: Flood,
}

/// What documents may take together before their signatures are verified: 256 MiB. Whoever knows an
/// access key's id can make us read; further requests wait for their turn.
const UNVERIFIED_KIB_MAX: u32 = 256 * 1024;

/// Documents without a signature that are read at once; strangers hold up nobody but strangers.
const STRANGERS_MAX: usize = 64;

impl Front {
    pub fn new(services: Arc<Services>, config: FrontConfig) -> Front {
        let audit = services.audit.clone();
        let rates = rates::Rates::new(config.rates.clone());
        Front(Arc::new(Inner {
            services,
            config,
            rates,
            unverified: Semaphore::new(UNVERIFIED_KIB_MAX as usize),
            strangers: Semaphore::new(STRANGERS_MAX),
            counts: counts::Counts::new(),
            audit,
            flood: Flood::default(),
        }))
    }

    /// What was answered since the start, and how long that took.
    pub fn counts(&self) -> (Vec<RequestCount>, Vec<RequestTime>) {
        self.0.counts.read()
    }

    pub fn services(&self) -> &Arc<Services> {
        &self.0.services
    }

    pub fn config(&self) -> &FrontConfig {
        &self.0.config
    }

    /// Answers one request. Never fails: what goes wrong is the answer.
    ///
    /// Dropping the future (the client went away) abandons the request; what its service has committed
    /// by then stays.
    pub async fn serve<B>(&self, request: Request<B>, peer: SocketAddr) -> Response<ResponseBody>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let services = self.services();
        let started = services.clock.moment();
        let request_id = RequestId::new(&services.clock);
        let (mut parts, body) = request.into_parts();
        self.settle_host(&mut parts);
        let is_kept = parts.version == Version::HTTP_11;
        let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
        let mut note = Note::new(method, path, peer, started);
        note.user_agent = text_header(&parts, USER_AGENT.as_str()).to_owned();
        let mut unrecorded = Unrecorded::new(self, request_id, note);
        let body = body.map_err(|error| std::io::Error::other(error.to_string())).boxed_unsync();
        let (body, ended) = read_through::watched(body);
        let body = body.boxed_unsync();
        // In a box: every layer around it would move it once more, and it has room for every operation.
        let answered = Box::pin(pipeline::answer(self, parts, body, peer, request_id, unrecorded.note()));
        let answered = AssertUnwindSafe(answered).catch_unwind();
        let response = match answered.await {
            Ok(response) => response,
            // The panic hook has logged where and why.
            Err(_) => {
                unrecorded.note().code = Some("panic".to_owned());
                respond::panicked(request_id)
            }
        };
        let (note, mut response) = unrecorded.record(response).await;
        if is_kept && !ended.is_so() {
            // What is left of the body, or never sent since nobody said `100 Continue`, would be taken for the next
            // request (RFC 9110 §10.1.1).
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        self.log(&note, response.status(), request_id);
        response
    }

    /// Waits until a document of at most `max` bytes may be read; the place is free again when the answer
    /// is dropped.
    pub(crate) async fn room_for(
        &self,
        announced: Option<u64>,
        max: usize,
    ) -> Result<SemaphorePermit<'_>, ApiError> {
        let bytes = announced.unwrap_or(u64::MAX).min(max as u64);
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX).min(UNVERIFIED_KIB_MAX);
        self.0.unverified.acquire_many(kib).await.map_err(ApiError::internal)
    }

    /// Counts a request whose signature holds against its account's rate.
    pub(crate) fn take_request(&self, caller: &authenticate::Caller) -> Result<(), ApiError> {
        match caller.principal.account() {
            Some(account) => self.0.rates.take(&self.services().clock, account),
            None => Ok(()),
        }
    }

    /// As [`Front::room_for`], for whoever shows no credentials.
    pub(crate) async fn room_for_stranger(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        self.0.strangers.acquire().await.map_err(ApiError::internal)
    }

    /// Makes sure that there is a `Host`: HTTP/2 carries it in the request's target.
    fn settle_host(&self, parts: &mut Parts) {
        if parts.headers.contains_key(HOST) {
            return;
        }
        let host = match parts.uri.authority() {
            Some(authority) => authority.to_string(),
            None => self.config().address.to_string(),
        };
        if let Ok(value) = HeaderValue::try_from(host) {
            parts.headers.insert(HOST, value);
        }
    }

    /// One line per request: failures where they are seen, successes for those who ask
    /// (`ZERUN_LOG=request=debug`). The query is left out: presigned ones are credentials.
    fn log(&self, note: &Note, status: StatusCode, request_id: RequestId) {
        let took = self.services().clock.since(note.started);
        self.0.counts.add(note.operation, status, took);
        let Note { method, path, peer, operation, principal, code, .. } = note;
        let principal = Said(principal.as_ref());
        let (status, code) = (status.as_u16(), code.as_deref().unwrap_or("-"));
        if status >= 400 {
            tracing::info!(target: "request", ?request_id, %peer, method, path, operation, %principal, status, code, ?took);
        } else {
            tracing::debug!(target: "request", ?request_id, %peer, method, path, operation, %principal, status, ?took);
        }
    }
}

/// Who asked, written only where somebody reads it.
struct Said<'a>(Option<&'a Principal>);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(principal) => f.write_str(&principal.arn()),
            None => f.write_str("-"),
        }
    }
}

/// Empty where the header is missing or no text.
fn text_header<'a>(parts: &'a Parts, name: &str) -> &'a str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
