//! The one table from why there is no session to STS's published errors.

use crate::ApiError;
use access::{AccessError, AssumeError};

impl From<AssumeError> for ApiError {
    fn from(error: AssumeError) -> Self {
        let message = error.to_string();
        match error {
            AssumeError::Denied(denial) => denial.into(),
            AssumeError::Validation(_) => ApiError::invalid("ValidationError", message),
            AssumeError::InvalidParameter(_) => ApiError::invalid("InvalidParameterValue", message),
            AssumeError::InvalidToken(_) => ApiError::invalid("InvalidIdentityToken", message),
            AssumeError::ExpiredToken(_) => ApiError::invalid("ExpiredTokenException", message),
            AssumeError::MalformedPolicy(_) => ApiError::invalid("MalformedPolicyDocument", message),
            AssumeError::Session(AccessError::PackedPolicyTooLarge(_)) => {
                ApiError::invalid("PackedPolicyTooLarge", message)
            }
            AssumeError::Session(_) => ApiError::internal(message),
            AssumeError::Iam(error) => error.into(),
        }
    }
}
