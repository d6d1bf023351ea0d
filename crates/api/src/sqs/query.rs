//! The query protocol: which requests are of it, and what they leave to their path.

use super::model;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method};
use protocol::model::{Operation, Protocol, Service};

/// The service as the request speaks it: `service` where that is not SQS.
pub(crate) fn spoken(
    service: &'static Service,
    method: &Method,
    headers: &HeaderMap,
    is_form: bool,
) -> &'static Service {
    let is_query = is_form || *method == Method::GET;
    let is_sqs = service.name == model::SERVICE.name && !headers.contains_key("x-amz-target");
    if is_sqs && is_query { &model::query::SERVICE } else { service }
}

/// The same operation in the service's protocol.
pub(crate) fn operation(service: &'static Service, of: &'static Operation) -> &'static Operation {
    if service.protocol == of.service.protocol {
        return of;
    }
    service.operation(of.name).unwrap_or(of)
}

/// A request that is sent to a queue's URL need not name the queue once more.
pub(crate) fn complete(operation: &Operation, parts: &Parts, document: Bytes) -> Bytes {
    let is_sqs =
        operation.service.name == model::SERVICE.name && operation.service.protocol == Protocol::Query;
    let path = parts.uri.path();
    let names_queue = operation.input.is_some_and(|shape| shape.member("QueueUrl").is_some());
    if !is_sqs || path == "/" || !names_queue {
        return document;
    }
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    if form_urlencoded::parse(&document)
        .chain(form_urlencoded::parse(query))
        .any(|(name, _)| name == "QueueUrl")
    {
        return document;
    }
    let mut form = String::new();
    form_urlencoded::Serializer::new(&mut form).append_pair("QueueUrl", path);
    let between: &[u8] = if document.is_empty() { b"" } else { b"&" };
    Bytes::from([&document[..], between, form.as_bytes()].concat())
}
