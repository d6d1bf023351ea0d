use access::{Denial, Explanation};
use http::{HeaderName, HeaderValue, StatusCode};
use protocol::error::WireError;
use std::borrow::Cow;
use std::fmt::Display;

/// A failure as the caller is told it: a code and status of the service's published errors, and a
/// message. Each service's `error.rs` is the one table from its own words to these.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub status: StatusCode,
    /// As published, e.g. `NoSuchBucket`, `ResourceNotFoundException`.
    pub code: Cow<'static, str>,
    pub message: String,
    /// Further members of the error document, such as S3's `BucketName`.
    pub fields: Vec<(Cow<'static, str>, String)>,
    /// Further members that are no text, of protocols that write JSON.
    pub json: Option<Box<serde_json::Map<String, serde_json::Value>>>,
    /// Further response headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub kind: ErrorKind,
    /// Of what `access` refused: how that came about, which the caller is not told.
    pub explanation: Option<Box<Explanation>>,
}

/// What the front door has to know about an error, beside what the caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The service's own answer; its code stands as it is.
    Service,
    /// Refused by `access`; the code is the protocol's word for it.
    Denied,
    /// More requests than the account may make; the code and status are the protocol's.
    Throttled,
    /// A member or parameter that we do not honour.
    Unsupported,
    /// Our fault; the code is the protocol's word for it, and the cause is only logged.
    Internal,
}

impl ApiError {
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        ApiError {
            status,
            code: code.into(),
            message: message.into(),
            fields: Vec::new(),
            json: None,
            headers: Vec::new(),
            kind: ErrorKind::Service,
            explanation: None,
        }
    }

    /// 400 with a code of the service.
    pub fn invalid(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        ApiError::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A member, parameter or value that Zerun does not honour: `name` as the caller wrote it.
    ///
    /// The front door gives it the protocol's own code for bad input (S3 `NotImplemented`, Lambda
    /// `InvalidParameterValueException`, …).
    pub fn unsupported(name: &str, why: impl Display) -> Self {
        let message = format!("{name} is not supported: {why}");
        ApiError { kind: ErrorKind::Unsupported, ..ApiError::invalid("NotImplemented", message) }
            .field("ArgumentName", name)
    }

    /// Refused by `access`; `because` is shown to the caller.
    pub fn denied(because: impl Into<String>) -> Self {
        let denied = ApiError::new(StatusCode::FORBIDDEN, "AccessDenied", because);
        ApiError { kind: ErrorKind::Denied, ..denied }
    }

    /// The account may make no more requests just now; every SDK tries again after a while.
    pub fn throttled() -> Self {
        let throttled = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "ThrottlingException", "Rate exceeded");
        ApiError { kind: ErrorKind::Throttled, ..throttled }
    }

    /// Our own failure: logged here with its cause, which the caller is not told.
    pub fn internal(cause: impl Display) -> Self {
        tracing::error!(%cause, "internal error");
        let message = "An internal error occurred; its cause is in the server's log.";
        let internal = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message);
        ApiError { kind: ErrorKind::Internal, ..internal }
    }

    /// Adds a member to the error document.
    pub fn field(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Adds a member that is no text.
    pub fn json_field(mut self, name: &str, value: serde_json::Value) -> Self {
        self.json.get_or_insert_default().insert(name.to_owned(), value);
        self
    }

    /// Adds a response header; one that headers cannot carry is left out.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }
}

impl From<WireError> for ApiError {
    fn from(wire: WireError) -> Self {
        let WireError { code, status, message, fields, json, headers } = wire;
        ApiError { status, code, message, fields, json, headers, kind: ErrorKind::Service, explanation: None }
    }
}

impl From<Box<Denial>> for ApiError {
    fn from(denial: Box<Denial>) -> Self {
        let Denial { message, explanation } = *denial;
        ApiError { explanation: Some(Box::new(explanation)), ..ApiError::denied(message) }
    }
}

impl Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.status.as_u16(), self.message)
    }
}

impl std::error::Error for ApiError {}
