//! The one table from what the queues service says to SQS's published errors, and what both protocols call these.

use crate::ApiError;
use http::{HeaderName, HeaderValue, StatusCode};
use protocol::decode::DecodeError;
use protocol::error::WireError;
use protocol::model::{Operation, Protocol, Service};
use queues::QueuesError;

/// The codes of the query protocol, where they are not the shapes' names. Clients of the JSON protocol are told them in
/// a header (<https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait>).
const QUERY_CODES: [(&str, &str); 22] = [
    ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    ("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"),
    ("QueueNameExists", "QueueAlreadyExists"),
    ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"),
    ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
    ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
    ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
    ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
    ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
    ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
    ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
    ("InvalidParameterValueException", "InvalidParameterValue"),
    ("MissingRequiredParameterException", "MissingParameter"),
    ("AccessDeniedException", "AccessDenied"),
    ("MissingAuthenticationTokenException", "MissingAuthenticationToken"),
    ("InvalidSignatureException", "SignatureDoesNotMatch"),
    ("ExpiredTokenException", "ExpiredToken"),
    ("UnrecognizedClientException", "InvalidClientTokenId"),
    ("IncompleteSignatureException", "IncompleteSignature"),
    ("UnknownOperationException", "InvalidAction"),
    ("ThrottlingException", "RequestThrottled"),
    ("InternalServerError", "InternalFailure"),
];

/// Of who asks, which SQS answers with 403 in both protocols.
const ABOUT_CALLERS: [&str; 6] = [
    "AccessDeniedException",
    "MissingAuthenticationTokenException",
    "InvalidSignatureException",
    "ExpiredTokenException",
    "UnrecognizedClientException",
    "IncompleteSignatureException",
];

impl From<QueuesError> for ApiError {
    fn from(error: QueuesError) -> Self {
        let message = error.to_string();
        match error {
            QueuesError::NotHonoured(name, why) => ApiError::unsupported(name, why),
            QueuesError::Store(_) | QueuesError::Corrupt(_) => ApiError::internal(message),
            QueuesError::OverLimit(_) => ApiError::new(StatusCode::FORBIDDEN, "OverLimit", message),
            QueuesError::TooManyWait => ApiError::new(StatusCode::FORBIDDEN, "RequestThrottled", message),
            QueuesError::NoSuchResource(_) => {
                ApiError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
            }
            other => ApiError::invalid(code(&other), message),
        }
    }
}

/// The shape's name.
fn code(error: &QueuesError) -> &'static str {
    match error {
        QueuesError::NoSuchQueue => "QueueDoesNotExist",
        QueuesError::InvalidParameter(_) => "InvalidParameterValueException",
        QueuesError::MissingParameter(_) => "MissingRequiredParameterException",
        QueuesError::UnknownAttribute(_) => "InvalidAttributeName",
        QueuesError::InvalidAttribute(_) => "InvalidAttributeValue",
        QueuesError::InvalidContents(_) => "InvalidMessageContents",
        QueuesError::QueueExists(_) => "QueueNameExists",
        QueuesError::DeletedRecently => "QueueDeletedRecently",
        QueuesError::PurgeInProgress(_) => "PurgeQueueInProgress",
        QueuesError::OverLimit(_) => "OverLimit",
        QueuesError::NotInFlight => "MessageNotInflight",
        QueuesError::ReceiptInvalid => "ReceiptHandleIsInvalid",
        QueuesError::Unsupported(_) => "UnsupportedOperation",
        QueuesError::NoSuchResource(_) => "ResourceNotFoundException",
        QueuesError::TooManyWait => "RequestThrottled",
        QueuesError::NotHonoured(..) => "UnsupportedOperation",
        QueuesError::Store(_) | QueuesError::Corrupt(_) => "InternalServerError",
    }
}

pub(super) fn value(value: impl std::fmt::Display, parameter: &str, reason: &str) -> ApiError {
    let message = format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}");
    ApiError::invalid("InvalidParameterValueException", message)
}

/// A request without a parameter that it must have, as SQS names it in both protocols
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html>).
///
/// Members of members are told as other services tell them.
pub(crate) fn missing_parameter(error: &DecodeError, operation: &Operation) -> Option<ApiError> {
    let DecodeError::Violations(violations) = error else { return None };
    let of_ours = operation.service.name == super::model::SERVICE.name;
    let first =
        violations.first().filter(|first| of_ours && first.is_missing() && !first.path.contains('.'))?;
    let members = operation.input.map(|input| input.members()).unwrap_or_default();
    let name =
        members.iter().map(|member| member.name).find(|name| name.eq_ignore_ascii_case(&first.path))?;
    let message = format!("The request must contain the parameter {name}.");
    Some(ApiError::invalid("MissingRequiredParameterException", message))
}

/// What the query protocol calls it.
pub(super) fn query_code(code: &str) -> &str {
    QUERY_CODES.iter().find(|(name, _)| *name == code).map_or(code, |(_, in_query)| in_query)
}

/// Gives an error of SQS the code of its protocol.
pub(crate) fn finish(service: &Service, error: &mut WireError) {
    if service.name != super::model::SERVICE.name {
        return;
    }
    if ABOUT_CALLERS.contains(&error.code.as_ref()) {
        error.status = StatusCode::FORBIDDEN;
    }
    let in_query = query_code(&error.code).to_owned();
    if service.protocol == Protocol::Query {
        error.code = in_query.into();
        return;
    }
    let whose = if error.status.is_server_error() { "Receiver" } else { "Sender" };
    if let Ok(value) = HeaderValue::try_from(format!("{in_query};{whose}")) {
        error.headers.push((HeaderName::from_static("x-amzn-query-error"), value));
    }
}
