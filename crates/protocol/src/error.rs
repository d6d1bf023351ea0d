//! Failures as the wire writes them: one error, a rendering per protocol.

mod render;

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, StatusCode};

use crate::model::{ErrorShape, Protocol, Service};

/// A failure that the caller is told. The message is public: it names nothing but what the caller sent
/// or may know.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct WireError {
    /// e.g. `NoSuchKey`, `ResourceNotFoundException`.
    pub code: Cow<'static, str>,
    pub status: StatusCode,
    pub message: String,
    /// Further elements or members of the error document, e.g. S3's `BucketName`.
    pub fields: Vec<(Cow<'static, str>, String)>,
    /// Further members that are no text, of the JSON protocols.
    pub json: Option<Box<serde_json::Map<String, serde_json::Value>>>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl WireError {
    pub fn new(
        code: impl Into<Cow<'static, str>>,
        status: StatusCode,
        message: impl Into<String>,
    ) -> WireError {
        WireError {
            code: code.into(),
            status,
            message: message.into(),
            fields: Vec::new(),
            json: None,
            headers: Vec::new(),
        }
    }

    /// An error that the model declares; 400 where the model gives no status.
    pub fn declared(shape: &'static ErrorShape, message: impl Into<String>) -> WireError {
        let status = shape.status.and_then(|status| StatusCode::from_u16(status).ok());
        WireError::new(shape.code, status.unwrap_or(StatusCode::BAD_REQUEST), message)
    }

    #[must_use]
    pub fn field(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> WireError {
        self.fields.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> WireError {
        self.headers.push((name, value));
        self
    }

    /// The answer to a bug of ours; what went wrong goes to the log, not to the caller.
    pub fn internal(service: &Service) -> WireError {
        let code = match service.protocol {
            Protocol::RestXml => "InternalError",
            Protocol::RestJson if service.error("ServiceException").is_some() => "ServiceException",
            Protocol::RestJson | Protocol::Json10 | Protocol::Json11 => "InternalServerError",
            Protocol::Query => "InternalFailure",
        };
        let message = "We encountered an internal error. Please try again.";
        WireError::new(code, StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// The answer to an operation of the published model that we do not speak (`name` known) or to a
    /// request that matches none. Always 4xx: clients retry 5xx for minutes.
    pub fn unknown_operation(service: &Service, name: Option<&str>) -> WireError {
        let code = match service.protocol {
            Protocol::RestXml => "NotImplemented",
            Protocol::RestJson | Protocol::Json10 | Protocol::Json11 => "UnknownOperationException",
            Protocol::Query => "InvalidAction",
        };
        let message = match name {
            Some(name) => format!("The operation {name} of {} is not implemented here.", service.name),
            None => format!("The request matches no operation of {}.", service.name),
        };
        WireError::new(code, StatusCode::BAD_REQUEST, message)
    }
}

#[cfg(test)]
mod tests;
