//! Between Lambda's shapes for function URLs and the service's.

use super::configuration::{small, unsigned};
use super::error::invalid;
use super::model;
use crate::{ApiError, Call};
use functions::{Cors, InvokeMode, UrlAuth, UrlRecord};

/// `http://<id>.lambda-url.<region>.<base domain>:<port>/`.
///
/// The scheme and port are those of the caller's own request, since they reach this server. The domain is
/// the first one configured: the caller's own host may be an address, which has no names below it.
pub(super) fn address(call: &Call, url: &UrlRecord) -> String {
    let port = match call.host.rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => format!(":{port}"),
        _ => String::new(),
    };
    let scheme = call.endpoint.split_once("://").map_or("http", |(scheme, _)| scheme);
    let domain = &call.services.base_domain;
    format!("{scheme}://{}.lambda-url.{}.{domain}{port}/", url.url_id, call.region)
}

/// # Errors
/// Neither of the two ways there are.
pub(super) fn auth(text: &str) -> Result<UrlAuth, ApiError> {
    match text {
        "NONE" => Ok(UrlAuth::Public),
        "AWS_IAM" => Ok(UrlAuth::Iam),
        other => Err(invalid(format!("AuthType must be NONE or AWS_IAM, got {other:?}"))),
    }
}

/// # Errors
/// Neither of the two ways there are.
pub(super) fn invoke_mode(text: &str) -> Result<InvokeMode, ApiError> {
    match text {
        "BUFFERED" => Ok(InvokeMode::Buffered),
        "RESPONSE_STREAM" => Ok(InvokeMode::Streamed),
        other => Err(invalid(format!("InvokeMode must be BUFFERED or RESPONSE_STREAM, got {other:?}"))),
    }
}

/// # Errors
/// A negative age.
pub(super) fn cors(cors: model::Cors) -> Result<Cors, ApiError> {
    Ok(Cors {
        allow_credentials: cors.allow_credentials.unwrap_or(false),
        allow_headers: cors.allow_headers.unwrap_or_default(),
        allow_methods: cors.allow_methods.unwrap_or_default(),
        allow_origins: cors.allow_origins.unwrap_or_default(),
        expose_headers: cors.expose_headers.unwrap_or_default(),
        max_age_s: cors.max_age.map(|age| unsigned("Cors.MaxAge", age)).transpose()?,
    })
}

pub(super) fn cors_to_wire(cors: Cors) -> model::Cors {
    let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
    model::Cors {
        allow_credentials: Some(cors.allow_credentials),
        allow_headers: some(cors.allow_headers),
        allow_methods: some(cors.allow_methods),
        allow_origins: some(cors.allow_origins),
        expose_headers: some(cors.expose_headers),
        max_age: cors.max_age_s.map(small),
    }
}
