//! The one table from what the topics service says to SNS's published errors.

use crate::ApiError;
use http::StatusCode;
use protocol::error::WireError;
use protocol::model::Service;
use topics::TopicsError;

impl From<TopicsError> for ApiError {
    fn from(error: TopicsError) -> Self {
        let message = error.to_string();
        let (status, code) = match error {
            TopicsError::NoSuchTopic | TopicsError::NoSuchSubscription => (StatusCode::NOT_FOUND, "NotFound"),
            TopicsError::NoSuchResource => (StatusCode::NOT_FOUND, "ResourceNotFound"),
            TopicsError::InvalidParameter(_) => (StatusCode::BAD_REQUEST, "InvalidParameter"),
            TopicsError::InvalidValue(_) => (StatusCode::BAD_REQUEST, "ParameterValueInvalid"),
            TopicsError::TooManyTopics(_) => (StatusCode::FORBIDDEN, "TopicLimitExceeded"),
            TopicsError::TooManySubscriptions(_) => (StatusCode::FORBIDDEN, "SubscriptionLimitExceeded"),
            TopicsError::TooManyFilters(_) => (StatusCode::FORBIDDEN, "FilterPolicyLimitExceeded"),
            TopicsError::TooManyTags(_) => (StatusCode::BAD_REQUEST, "TagLimitExceeded"),
            TopicsError::NotHonoured(name, why) => return ApiError::unsupported(&name, why),
            TopicsError::Store(_) | TopicsError::Corrupt(_) => return ApiError::internal(message),
        };
        ApiError::new(status, code, message)
    }
}

/// Gives an error the word that SNS has for it, where the query protocol has another.
pub(crate) fn finish(service: &Service, error: &mut WireError) {
    if service.name != super::model::SERVICE.name {
        return;
    }
    match error.code.as_ref() {
        "AccessDenied" => error.code = "AuthorizationError".into(),
        "ValidationError" => error.code = "InvalidParameter".into(),
        "InternalFailure" => error.code = "InternalError".into(),
        "Throttling" => {
            error.code = "Throttled".into();
            error.status = StatusCode::TOO_MANY_REQUESTS;
        }
        _ => {}
    }
}
