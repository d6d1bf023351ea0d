use std::fmt;

use http::StatusCode;

use crate::{
    constraint::Violation,
    error::WireError,
    model::{Operation, Protocol},
};

/// Why a request is not an input of its operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// The body is longer than [`super::DOCUMENT_BYTES_MAX`].
    TooLarge,
    /// The body cannot be read, or holds a value of the wrong type; says where and why.
    Malformed(String),
    /// A header, query parameter or label is not of its type.
    Invalid { part: Part, name: String, value: String, expected: &'static str },
    /// The request carries something that the model does not know.
    Unknown { part: Part, name: String },
    /// The model knows the member, the handler does not honour it.
    Unsupported(String),
    /// At least one.
    Violations(Vec<Violation>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Header,
    Query,
    Path,
    Body,
}

impl DecodeError {
    /// As the operation's service tells its callers.
    pub fn into_wire(self, operation: &Operation) -> WireError {
        match operation.service.protocol {
            Protocol::RestXml => self.into_s3(operation),
            _ => {
                let status = match self {
                    DecodeError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                    _ => StatusCode::BAD_REQUEST,
                };
                WireError::new(self.code(operation), status, self.message(operation))
            }
        }
    }

    fn code(&self, operation: &Operation) -> &'static str {
        let service = operation.service;
        let declared = |name: &str, other| service.error(name).map_or(other, |error| error.code);
        let is_query = service.protocol == Protocol::Query;
        match self {
            DecodeError::TooLarge if is_query => "RequestEntityTooLarge",
            DecodeError::TooLarge => declared("RequestTooLargeException", "RequestEntityTooLargeException"),
            DecodeError::Malformed(_) if is_query => "MalformedQueryString",
            DecodeError::Malformed(_) => declared("InvalidRequestContentException", "SerializationException"),
            _ if is_query => "ValidationError",
            DecodeError::Unsupported(_) => declared("InvalidParameterValueException", "ValidationException"),
            _ => "ValidationException",
        }
    }

    fn into_s3(self, operation: &Operation) -> WireError {
        let status = StatusCode::BAD_REQUEST;
        let message = self.message(operation);
        match self {
            DecodeError::TooLarge => WireError::new("EntityTooLarge", status, message),
            DecodeError::Malformed(_) | DecodeError::Unknown { part: Part::Body, .. } => {
                WireError::new("MalformedXML", status, message)
            }
            DecodeError::Invalid { part: Part::Body, .. } => WireError::new("MalformedXML", status, message),
            DecodeError::Invalid { name, value, .. } => WireError::new("InvalidArgument", status, message)
                .field("ArgumentName", name)
                .field("ArgumentValue", value),
            // S3 answers 501 here, which some clients retry; see `WireError::unknown_operation`.
            DecodeError::Unknown { name, part } => WireError::new("NotImplemented", status, message)
                .field(if part == Part::Header { "Header" } else { "ArgumentName" }, name),
            DecodeError::Unsupported(name) => {
                WireError::new("NotImplemented", status, message).field("ArgumentName", name)
            }
            DecodeError::Violations(violations) => match missing(operation, &violations) {
                Some(Missing::Body) => {
                    WireError::new("MissingRequestBodyError", status, "Request Body is empty")
                }
                Some(Missing::Element) => WireError::new("MalformedXML", status, message),
                None => WireError::new("InvalidArgument", status, message),
            },
        }
    }

    fn message(&self, operation: &Operation) -> String {
        let name = operation.name;
        match self {
            DecodeError::TooLarge => {
                format!("The request body is longer than {} bytes.", super::DOCUMENT_BYTES_MAX)
            }
            DecodeError::Malformed(reason) if operation.service.protocol == Protocol::RestXml => format!(
                "The XML you provided was not well-formed or did not validate against our published schema: \
                 {reason}"
            ),
            DecodeError::Malformed(reason) => format!("Could not parse request body: {reason}"),
            DecodeError::Invalid { part, name, value, expected } => {
                format!("The value '{value}' of the {part} '{name}' is not {expected}.")
            }
            DecodeError::Unknown { part, name: unknown } => {
                format!("The {part} '{unknown}' is not known to {name}.")
            }
            DecodeError::Unsupported(member) => {
                format!("The parameter '{member}' of {name} is not supported.")
            }
            DecodeError::Violations(violations) => Violation::message(violations),
        }
    }
}

enum Missing {
    Body,
    Element,
}

/// What a document lacks, if that is all that is wrong: to S3 it is then not the document it asked for.
fn missing(operation: &Operation, violations: &[Violation]) -> Option<Missing> {
    let payload = operation.input?.payload_member()?.name.to_lowercase();
    let [first, ..] = violations else { return None };
    let path = first.path.to_lowercase();
    match path.strip_prefix(&payload)? {
        "" if first.is_missing() => Some(Missing::Body),
        rest if rest.starts_with('.') && violations.iter().all(Violation::is_missing) => {
            Some(Missing::Element)
        }
        _ => None,
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Header => "header",
            Part::Query => "query parameter",
            Part::Path => "path label",
            Part::Body => "member",
        })
    }
}
