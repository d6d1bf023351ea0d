//! The one table from what the functions service says to Lambda's published errors.

use crate::ApiError;
use functions::FunctionsError;
use http::{StatusCode, header};
use pool::InvokeError;
use queues::QueuesError;
use tables::TablesError;
use triggers::MappingError;

impl From<FunctionsError> for ApiError {
    fn from(error: FunctionsError) -> Self {
        let message = error.to_string();
        match error {
            FunctionsError::NotFound(_) => user(StatusCode::NOT_FOUND, "ResourceNotFoundException", message),
            FunctionsError::NotProvisioned => {
                user(StatusCode::NOT_FOUND, "ProvisionedConcurrencyConfigNotFoundException", message)
            }
            FunctionsError::Conflict(_) | FunctionsError::CodeRemoved => {
                user(StatusCode::CONFLICT, "ResourceConflictException", message)
            }
            FunctionsError::NotReady => user(StatusCode::CONFLICT, "SnapStartNotReadyException", message),
            FunctionsError::Invalid(_) => invalid(message),
            FunctionsError::Precondition(_) => {
                user(StatusCode::PRECONDITION_FAILED, "PreconditionFailedException", message)
            }
            FunctionsError::TooLarge(_) => {
                user(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message)
            }
            FunctionsError::CodeStorageExceeded(_) => {
                user(StatusCode::BAD_REQUEST, "CodeStorageExceededException", message)
            }
            FunctionsError::PolicyTooLong(_) => {
                user(StatusCode::BAD_REQUEST, "PolicyLengthExceededException", message)
            }
            FunctionsError::TooManyEvents { of_account } => {
                let reason = match of_account {
                    true => "CallerRateLimitExceeded",
                    false => "FunctionInvocationRateLimitExceeded",
                };
                user(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", message)
                    .field("Reason", reason)
                    .header(header::RETRY_AFTER, "1")
            }
            FunctionsError::Recursive(_) => {
                user(StatusCode::BAD_REQUEST, "RecursiveInvocationException", message)
            }
            FunctionsError::Invoke(error) => invoke(error),
            FunctionsError::Store(_) | FunctionsError::Blob(_) | FunctionsError::Internal(_) => {
                ApiError::internal(message)
            }
        }
    }
}

impl From<MappingError> for ApiError {
    fn from(error: MappingError) -> Self {
        let message = error.to_string();
        match error {
            MappingError::NotFound(_) => not_found(message),
            MappingError::Conflict(_) => user(StatusCode::CONFLICT, "ResourceConflictException", message),
            MappingError::Invalid(_) => invalid(message),
            MappingError::Functions(error) => error.into(),
            MappingError::Tables(TablesError::NoSuchStream(stream)) => {
                invalid(format!("Stream not found: {stream}"))
            }
            MappingError::Queues(QueuesError::NoSuchQueue) => invalid(
                "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue.",
            ),
            MappingError::Queues(_)
            | MappingError::Tables(_)
            | MappingError::Objects(_)
            | MappingError::Topics(_)
            | MappingError::Store(_) => ApiError::internal(message),
        }
    }
}

/// A value, or a combination of values, that cannot be.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    user(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message.into())
}

pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    user(StatusCode::NOT_FOUND, "ResourceNotFoundException", message.into())
}

fn user(status: StatusCode, code: &'static str, message: String) -> ApiError {
    ApiError::new(status, code, message).field("Type", "User")
}

fn invoke(error: InvokeError) -> ApiError {
    let message = error.to_string();
    match error {
        InvokeError::Throttled(reason) => {
            user(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", message)
                .field("Reason", reason.as_str())
                .header(header::RETRY_AFTER, "1")
        }
        InvokeError::RuntimeMissing(_) => user(StatusCode::BAD_GATEWAY, "InvalidRuntimeException", message),
        InvokeError::InvalidCode(_) => user(StatusCode::BAD_GATEWAY, "InvalidZipFileException", message),
        InvokeError::RoleRefused(_) => user(StatusCode::FORBIDDEN, "AccessDeniedException", message),
        InvokeError::RestoreFailed => user(StatusCode::BAD_REQUEST, "SnapStartException", message),
        InvokeError::RestoreTimedOut => {
            user(StatusCode::REQUEST_TIMEOUT, "SnapStartTimeoutException", message)
        }
        InvokeError::Unavailable(_) => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceException", message)
                .field("Type", "Service")
        }
    }
}
