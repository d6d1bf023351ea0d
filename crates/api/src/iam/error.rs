//! The one table from what the store of users, roles and policies says to IAM's published errors.

use crate::ApiError;
use access::IamError;
use http::StatusCode;

impl From<IamError> for ApiError {
    fn from(error: IamError) -> Self {
        let message = error.to_string();
        let (status, code) = match error {
            IamError::NoSuchEntity(_) => (StatusCode::NOT_FOUND, "NoSuchEntity"),
            IamError::EntityAlreadyExists(_) => (StatusCode::CONFLICT, "EntityAlreadyExists"),
            IamError::DeleteConflict(_) => (StatusCode::CONFLICT, "DeleteConflict"),
            IamError::LimitExceeded(_) => (StatusCode::CONFLICT, "LimitExceeded"),
            IamError::MalformedPolicyDocument(_) => (StatusCode::BAD_REQUEST, "MalformedPolicyDocument"),
            IamError::InvalidInput(_) => (StatusCode::BAD_REQUEST, "InvalidInput"),
            IamError::Validation(_) => (StatusCode::BAD_REQUEST, "ValidationError"),
            IamError::UnmodifiableEntity(_) => (StatusCode::BAD_REQUEST, "UnmodifiableEntity"),
            IamError::PolicyNotAttachable(_) => (StatusCode::BAD_REQUEST, "PolicyNotAttachable"),
            IamError::NotSupportedService(_) => (StatusCode::NOT_FOUND, "NotSupportedService"),
            IamError::Store(_) | IamError::Internal(_) => return ApiError::internal(message),
        };
        ApiError::new(status, code, message)
    }
}
