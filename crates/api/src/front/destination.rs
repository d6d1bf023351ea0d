//! Which service and operation a request means.

use super::SERVICES;
use super::host::Addressed;
use crate::operation::Entry;
use crate::{operations, s3, sqs, sts};
use http::{HeaderMap, Method, request::Parts};
use protocol::model::{Protocol, Service};
use protocol::route::{self, Labels};

/// The service that a request is for.
pub(crate) enum Destination {
    Known(&'static Service),
    /// A service that the signature's scope names and that we do not speak.
    Unknown(String),
}

/// The operation that a request means.
pub(crate) enum Meant {
    Operation {
        entry: &'static Entry,
        labels: Labels,
    },
    /// An operation of the published model that we lack.
    Lacking(&'static str),
    /// Nothing that the model knows; the name where the request gives one.
    Nothing(Option<String>),
    /// The path cannot be read.
    BadPath,
}

/// The scope of the signature decides; a request without one is placed by its host, its path, or its
/// protocol's marks. What is left is S3's, whose paths are anything.
pub(crate) fn destination(parts: &Parts, scope_service: Option<&str>, addressed: &Addressed) -> Destination {
    match place(parts, scope_service, addressed) {
        Destination::Known(service) => {
            let is_form = is_form(&parts.headers);
            Destination::Known(sqs::query::spoken(service, &parts.method, &parts.headers, is_form))
        }
        unknown => unknown,
    }
}

fn place(parts: &Parts, scope_service: Option<&str>, addressed: &Addressed) -> Destination {
    if let Some(name) = scope_service {
        // Presigned and signed alike. `s3express` and others are services of their own. A table's stream is signed as
        // its table is: their targets tell them apart.
        return match by_target(parts) {
            Some(service) if service.name == name => Destination::Known(service),
            _ => by_service_name(name),
        };
    }
    match addressed {
        Addressed::Bucket(_) => return Destination::Known(&s3::model::SERVICE),
        Addressed::Service(name) => return by_service_name(name),
        Addressed::Endpoint | Addressed::FunctionUrl(_) => {}
    }
    if let Some(prefix) = target_prefix(parts) {
        return match by_target(parts) {
            Some(service) => Destination::Known(service),
            None => Destination::Unknown(prefix.to_owned()),
        };
    }
    if parts.method == Method::POST && parts.uri.path() == "/" && is_form(&parts.headers) {
        return Destination::Known(&sts::model::SERVICE);
    }
    let rest = SERVICES.iter().find(|service| {
        service.protocol == Protocol::RestJson
            && matches!(find(service, parts, parts.uri.path()), Ok(Some(_)))
    });
    Destination::Known(rest.copied().unwrap_or(&s3::model::SERVICE))
}

/// What stands before the operation in `X-Amz-Target`.
fn target_prefix(parts: &Parts) -> Option<&str> {
    let target = parts.headers.get("x-amz-target")?.to_str().ok()?;
    Some(target.rsplit_once('.').map_or(target, |(prefix, _)| prefix))
}

fn by_target(parts: &Parts) -> Option<&'static Service> {
    let prefix = target_prefix(parts)?;
    SERVICES.iter().copied().find(|service| service.target_prefix == Some(prefix))
}

fn by_service_name(name: &str) -> Destination {
    match SERVICES.iter().find(|service| service.name == name) {
        Some(service) => Destination::Known(service),
        None => Destination::Unknown(name.to_owned()),
    }
}

impl Destination {
    pub(crate) fn service(&self) -> Option<&'static Service> {
        match self {
            Destination::Known(service) => Some(service),
            Destination::Unknown(_) => None,
        }
    }
}

impl Meant {
    /// For the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Meant::Operation { entry, .. } => entry.model.name,
            Meant::Lacking(name) => name,
            Meant::Nothing(_) | Meant::BadPath => "-",
        }
    }
}

/// `path` is the request's own, or with the host's bucket before it. `body` is read only by protocols
/// that name the operation there.
pub(crate) fn meant(service: &'static Service, parts: &Parts, path: &str, body: &[u8]) -> Meant {
    match service.protocol {
        Protocol::RestXml | Protocol::RestJson => match find(service, parts, path) {
            Ok(Some(route)) => by_name(service, route.operation.name, route.labels),
            Ok(None) => Meant::Nothing(None),
            Err(_) => Meant::BadPath,
        },
        Protocol::Json10 | Protocol::Json11 | Protocol::Query => {
            by_given_name(service, named_operation(service, parts, body).as_deref())
        }
    }
}

/// The operation that a request names in so many words: in `Action` by the query protocol, in
/// `X-Amz-Target` by the JSON protocols. At most 64 characters of it, since it is repeated.
pub(crate) fn named_operation(service: &Service, parts: &Parts, body: &[u8]) -> Option<String> {
    let name = if service.protocol == Protocol::Query {
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let mut pairs = form_urlencoded::parse(body).chain(form_urlencoded::parse(query));
        pairs.find(|(name, _)| name == "Action").map(|(_, value)| value.into_owned())?
    } else {
        let target = parts.headers.get("x-amz-target")?.to_str().ok()?;
        target.rsplit('.').next()?.to_owned()
    };
    (!name.is_empty()).then(|| name.chars().take(64).collect())
}

fn by_given_name(service: &'static Service, name: Option<&str>) -> Meant {
    let Some(name) = name else {
        return Meant::Nothing(None);
    };
    match service.all_operations.iter().find(|operation| operation.name == name) {
        Some(operation) => by_name(service, operation.name, Labels::new()),
        None => Meant::Nothing(Some(name.to_owned())),
    }
}

fn by_name(service: &'static Service, name: &'static str, labels: Labels) -> Meant {
    match operations::find(service.name, name) {
        Some(entry) => Meant::Operation { entry, labels },
        None => Meant::Lacking(name),
    }
}

fn find(
    service: &'static Service,
    parts: &Parts,
    path: &str,
) -> Result<Option<route::Route>, route::RouteError> {
    route::find(service.all_operations, &parts.method, path, parts.uri.query(), &parts.headers)
}

/// The query protocol's bodies.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}
