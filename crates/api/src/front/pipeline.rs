//! One request's way from its head to its response.

use super::authenticate::{self, Caller};
use super::destination::{self, Destination, Meant};
use super::host::{self, Addressed};
use super::note::Note;
use super::{Front, RawBody, ResponseBody, pages, payload, respond, text_header};
use crate::error::ErrorKind;
use crate::function_url;
use crate::lambda::code_download;
use crate::operation::BODY_BYTES_MAX;
use crate::parameters::parameters;
use crate::{ApiError, Body, Call, Entry, sqs};
use access::{Decision, DenialRef, Principal};
use bytes::Bytes;
use clock::Timestamp;
use http::header::HOST;
use http::request::Parts;
use http::{Response, StatusCode};
use names::AccountId;
use protocol::RequestId;
use protocol::decode::DecodeError;
use protocol::error::WireError;
use protocol::model::{Dialect, Operation, Protocol, Service};
use protocol::route::Labels;
use protocol::sigv4::{Presented, SigError};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// Where the server's own pages live: no bucket can be named so.
const OWN_PATHS: &str = "/_zerun/";

/// Documents above this (1 MiB) take milliseconds to hash and to read.
const ASIDE_BYTES_MIN: usize = 1024 * 1024;

/// The longest document without a signature: a token of 20,000 characters and policies.
const UNSIGNED_BYTES_MAX: usize = 128 * 1024;

pub(super) async fn answer(
    front: &Front,
    parts: Parts,
    body: RawBody,
    peer: SocketAddr,
    request_id: RequestId,
    note: &mut Note,
) -> Response<ResponseBody> {
    let path = parts.uri.path();
    if path.starts_with(OWN_PATHS) {
        if let Some(page) = pages::page(path) {
            note.is_page = true;
            return page.map(respond::whole);
        }
        if let Some((url_id, path)) = function_url::split(path) {
            let (url_id, path) = (url_id.to_owned(), path.to_owned());
            return Box::pin(function_url::serve(front, parts, body, request_id, (&url_id, &path), note))
                .await;
        }
        if path.starts_with(code_download::PATH) {
            note.operation = "CodeDownload";
            note.service = Some(&crate::lambda::model::SERVICE);
            return Box::pin(code_download::serve(front, &parts, request_id)).await;
        }
        note.is_page = true;
        let message = format!("There is no page {path} on this server.");
        return respond::plain(StatusCode::NOT_FOUND, "NotFound", &message, request_id);
    }
    let host = text_header(&parts, HOST.as_str());
    let addressed = host::read(host, &front.config().base_domains);
    if let Addressed::FunctionUrl(url_id) = &addressed {
        let path = path.to_owned();
        return Box::pin(function_url::serve(front, parts, body, request_id, (url_id, &path), note)).await;
    }
    let presented = match authenticate::present(&parts) {
        Ok(presented) => presented,
        Err(refused) => {
            // What cannot be read has no scope; the answer is worded for the likeliest service.
            let destination = destination::destination(&parts, None, &addressed);
            let service = destination.service().unwrap_or(&crate::s3::model::SERVICE);
            return fail(front, service, authenticate::refusal(service, refused), request_id, note);
        }
    };
    note.access_key_id = presented.as_ref().map(|presented| presented.access_key_id.clone());
    let scope = presented.as_ref().map(authenticate::scope_service);
    let destination = destination::destination(&parts, scope, &addressed);
    let incoming = Incoming { front, parts, body, peer, request_id, addressed, presented };
    match destination {
        Destination::Known(service) => match incoming.answer(service, note).await {
            Ok(response) => response,
            Err(error) => fail(front, service, error, request_id, note),
        },
        Destination::Unknown(name) => {
            // Clients of the query protocol read XML, nearly all others JSON.
            let words = match destination::is_form(&incoming.parts.headers) {
                true => &crate::sts::model::SERVICE,
                false => &crate::lambda::model::SERVICE,
            };
            note.unknown_service = Some(name.chars().take(64).collect());
            let error = Box::pin(incoming.refuse_unknown(words, &name, note)).await;
            match words.protocol {
                Protocol::Query => fail(front, words, error, request_id, note),
                _ => {
                    note.code = Some(error.code.clone().into_owned());
                    note.message = Some(error.message.clone());
                    respond::plain(error.status, &error.code, &error.message, request_id)
                }
            }
        }
    }
}

fn fail(
    front: &Front,
    service: &Service,
    mut error: ApiError,
    request_id: RequestId,
    note: &mut Note,
) -> Response<ResponseBody> {
    if error.kind == ErrorKind::Denied {
        note.deny(error.explanation.take());
        if let Some(account) = note.known_principal().and_then(Principal::account) {
            error.message = encoded(front, error.message, account.clone(), request_id);
        }
    }
    let wire = respond::wire(service, error);
    note.code = Some(wire.code.clone().into_owned());
    note.message = Some(wire.message.clone());
    respond::rendered(service, &wire, request_id)
}

/// The message with a reference to the record that explains it, as EC2 words it.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html>
fn encoded(front: &Front, message: String, account: AccountId, request_id: RequestId) -> String {
    let services = front.services();
    let denial = DenialRef { event_id: request_id.bytes(), account, at: services.clock.now() };
    match services.access.seal_denial(&services.clock, &denial) {
        Ok(id) => {
            let stop = if message.ends_with('.') { "" } else { "." };
            format!("{message}{stop} Encoded authorization failure message: {id}")
        }
        Err(error) => {
            tracing::error!(%error, "a denial has no encoded message");
            message
        }
    }
}

struct Incoming<'a> {
    front: &'a Front,
    parts: Parts,
    body: RawBody,
    peer: SocketAddr,
    request_id: RequestId,
    addressed: Addressed,
    presented: Option<Presented>,
}

impl Incoming<'_> {
    async fn answer(
        self,
        service: &'static Service,
        note: &mut Note,
    ) -> Result<Response<ResponseBody>, ApiError> {
        match service.dialect {
            Dialect::S3 => Box::pin(self.answer_s3(service, note)).await,
            Dialect::Standard => Box::pin(self.answer_standard(service, note)).await,
        }
    }

    /// S3 signs the hash that a header claims: the head is verified before a byte of the body is read,
    /// and the body while it streams.
    async fn answer_s3(
        self,
        service: &'static Service,
        note: &mut Note,
    ) -> Result<Response<ResponseBody>, ApiError> {
        let path = match &self.addressed {
            Addressed::Bucket(bucket) => format!("/{bucket}{}", self.parts.uri.path()),
            _ => self.parts.uri.path().to_owned(),
        };
        let meant = destination::meant(service, &self.parts, &path, &[]);
        note.service = Some(service);
        tell(note, &meant);
        let clock = &self.front.services().clock;
        let now = clock.now();
        let (caller, check) =
            authenticate::s3(self.front, &self.parts, self.presented.as_ref(), &self.addressed, now)?;
        identify(note, &caller);
        self.front.take_request(&caller)?;
        let (entry, labels) = implemented(service, meant, &caller)?;
        let body = payload::verified(clock, &self.parts, self.body, check)?;
        let (document, body) = if entry.model.takes_bytes() {
            (None, body)
        } else {
            let too_large = payload::too_large(service, entry.body_max);
            let document = body.collect(entry.body_max, too_large).await?;
            crate::s3::document::verify(entry.model, &self.parts.headers, &document)?;
            (Some(document), Body::default())
        };
        let (front, peer, request_id) = (self.front, self.peer, self.request_id);
        Spoken {
            front,
            service,
            parts: self.parts,
            peer,
            request_id,
            now,
            caller,
            entry,
            labels,
            document,
            body,
        }
        .speak(note)
        .await
    }

    /// The others sign the body's own hash: it is read whole, within the operation's bound, before the
    /// signature can be verified. Without a key that is known not a byte of it is read.
    async fn answer_standard(
        self,
        service: &'static Service,
        note: &mut Note,
    ) -> Result<Response<ResponseBody>, ApiError> {
        let clock = &self.front.services().clock;
        let now = clock.now();
        let path = self.parts.uri.path();
        let mut meant = destination::meant(service, &self.parts, path, &[]);
        note.service = Some(service);
        tell(note, &meant);
        if self.presented.is_none() && service.protocol == Protocol::Query {
            return self.answer_unsigned(service, note).await;
        }
        let claimed = authenticate::claim(self.front, service, self.presented.as_ref(), now)?;
        let body_max = match &meant {
            Meant::Operation { entry, .. } => entry.body_max,
            _ => BODY_BYTES_MAX,
        };
        let raw = payload::raw(clock, &self.parts, self.body);
        let room = self.front.room_for(raw.length(), body_max).await?;
        let document = raw.collect(body_max, payload::too_large(service, body_max)).await?;
        let caller =
            aside(document.len(), || authenticate::standard(service, claimed, &self.parts, &document, now))?;
        drop(room);
        identify(note, &caller);
        self.front.take_request(&caller)?;
        if !matches!(meant, Meant::Operation { .. }) {
            // The query protocol names its operation in the body.
            meant = destination::meant(service, &self.parts, path, &document);
            tell(note, &meant);
        }
        let (entry, labels) = implemented(service, meant, &caller)?;
        let (document, body) = if entry.model.takes_bytes() {
            (None, Body::from(document))
        } else {
            (Some(document), Body::default())
        };
        let (front, peer, request_id) = (self.front, self.peer, self.request_id);
        Spoken {
            front,
            service,
            parts: self.parts,
            peer,
            request_id,
            now,
            caller,
            entry,
            labels,
            document,
            body,
        }
        .speak(note)
        .await
    }

    /// What a stranger may ask for without a signature, which is named in the body: little of it is read, of few
    /// strangers at once.
    async fn answer_unsigned(
        self,
        service: &'static Service,
        note: &mut Note,
    ) -> Result<Response<ResponseBody>, ApiError> {
        let unsigned = || authenticate::refusal(service, SigError::Missing);
        let clock = &self.front.services().clock;
        let now = clock.now();
        let place = self.front.room_for_stranger().await?;
        let raw = payload::raw(clock, &self.parts, self.body);
        let document = raw.collect(UNSIGNED_BYTES_MAX, unsigned()).await?;
        drop(place);
        let meant = destination::meant(service, &self.parts, self.parts.uri.path(), &document);
        tell(note, &meant);
        let caller = authenticate::anonymous(self.front);
        let (entry, labels) = implemented(service, meant, &caller).map_err(|_| unsigned())?;
        identify(note, &caller);
        let (front, peer, request_id) = (self.front, self.peer, self.request_id);
        let (document, body) = (Some(document), Body::default());
        Spoken {
            front,
            service,
            parts: self.parts,
            peer,
            request_id,
            now,
            caller,
            entry,
            labels,
            document,
            body,
        }
        .speak(note)
        .await
    }

    /// A service that we do not speak: who asks is verified first, as everywhere. `words` is one whose
    /// errors the client can read.
    async fn refuse_unknown(self, words: &'static Service, name: &str, note: &mut Note) -> ApiError {
        let clock = &self.front.services().clock;
        let now = clock.now();
        let verified = async {
            let claimed = authenticate::claim(self.front, words, self.presented.as_ref(), now)?;
            let raw = payload::raw(clock, &self.parts, self.body);
            let _room = self.front.room_for(raw.length(), BODY_BYTES_MAX).await?;
            let document = raw.collect(BODY_BYTES_MAX, payload::too_large(words, BODY_BYTES_MAX)).await?;
            let caller = authenticate::standard(words, claimed, &self.parts, &document, now)?;
            Ok((caller, destination::named_operation(words, &self.parts, &document)))
        };
        match verified.await {
            Err(error) => error,
            Ok((caller, operation)) => {
                identify(note, &caller);
                note.unknown_operation.clone_from(&operation);
                let operation = operation.map(|name| format!(" ({name})")).unwrap_or_default();
                let message = format!("The service {name}{operation} is not implemented here.");
                let code = WireError::unknown_operation(words, None).code;
                ApiError::invalid(code, message)
            }
        }
    }
}

fn tell(note: &mut Note, meant: &Meant) {
    note.operation = meant.name();
    match meant {
        Meant::Operation { entry, .. } => note.entry = Some(entry),
        Meant::Nothing(name) => note.unknown_operation.clone_from(name),
        Meant::Lacking(_) | Meant::BadPath => {}
    }
}

fn identify(note: &mut Note, caller: &Caller) {
    note.principal = Some(caller.principal.clone());
    note.region = Some(caller.region.clone());
}

/// The operation that is meant, if it is one of ours. Whom nothing could allow is told neither what we
/// lack nor what is wrong with the request.
fn implemented(
    service: &'static Service,
    meant: Meant,
    caller: &Caller,
) -> Result<(&'static Entry, Labels), ApiError> {
    let action = match &meant {
        Meant::Operation { entry, .. } => entry.action.to_owned(),
        other => format!("{}:{}", service.name, other.name()),
    };
    if let Decision::Deny(denial) = access::admit(&caller.principal, &action) {
        return Err(ApiError::from(denial));
    }
    let name = match meant {
        Meant::Operation { entry, labels } => return Ok((entry, labels)),
        Meant::Lacking(name) => Some(name.to_owned()),
        Meant::Nothing(name) => name,
        Meant::BadPath => {
            return Err(ApiError::invalid("InvalidURI", "The path is not percent-encoded UTF-8."));
        }
    };
    let wire = WireError::unknown_operation(service, name.as_deref());
    Err(ApiError::new(wire.status, wire.code, wire.message))
}

/// An authenticated request for one of our operations.
struct Spoken<'a> {
    front: &'a Front,
    /// In the protocol that the request is written in.
    service: &'static Service,
    parts: Parts,
    peer: SocketAddr,
    request_id: RequestId,
    now: Timestamp,
    caller: Caller,
    entry: &'static Entry,
    labels: Labels,
    document: Option<Bytes>,
    body: Body,
}

impl Spoken<'_> {
    /// Decodes, decides, does and encodes.
    async fn speak(self, note: &mut Note) -> Result<Response<ResponseBody>, ApiError> {
        let Spoken { front, service, parts, peer, request_id, now, caller, entry, labels, document, body } =
            self;
        let model = sqs::query::operation(service, entry.model);
        let document = document.map(|document| sqs::query::complete(model, &parts, document));
        let (tree, body) = match (entry.direct, document) {
            (true, document) => (Value::Null, Body::from(document.unwrap_or_default())),
            (false, document) => {
                let tree = aside(document.as_ref().map_or(0, Bytes::len), || {
                    protocol::decode::decode(model, &parts, document.as_deref(), &labels)
                });
                let tree = tree.and_then(|tree| {
                    protocol::decode::honour(&tree, entry.honoured)?;
                    Ok(tree)
                });
                (tree.map_err(|error| undecoded(error, model))?, body)
            }
        };
        if let Some(shape) = entry.model.input.filter(|_| !entry.data) {
            note.parameters = Some(parameters(shape, &tree));
        }
        front.recordable(note)?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let host = public_host(front, &parts);
        let call = Call {
            services: front.services().clone(),
            principal: caller.principal,
            account: caller.account,
            region: caller.region,
            request_id: request_id.text(entry.model.service),
            endpoint: format!("http://{host}"),
            host,
            source_ip: peer.ip(),
            user_agent: note.user_agent.clone(),
            now,
            headers: parts.headers,
            query,
            signature: caller.signature,
            denied: BTreeSet::new(),
            body,
            trail: note.trail.clone(),
        };
        let reply = entry.run(call, tree).await?;
        respond::success(model, reply, request_id)
    }
}

/// As the operation's service tells its callers.
fn undecoded(error: DecodeError, operation: &Operation) -> ApiError {
    let missing = sqs::error::missing_parameter(&error, operation);
    missing.unwrap_or_else(|| ApiError::from(error.into_wire(operation)))
}

/// Does work over so many bytes where it holds up no other request of this thread.
fn aside<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    if bytes > ASIDE_BYTES_MIN { tokio::task::block_in_place(work) } else { work() }
}

/// The `Host` as the client wrote it, where it may be repeated in URLs; else the bound address.
fn public_host(front: &Front, parts: &Parts) -> String {
    let host = host::without_scheme(text_header(parts, HOST.as_str()));
    if host::is_plain(host) { host.to_owned() } else { front.config().address.to_string() }
}
