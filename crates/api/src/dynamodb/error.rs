//! The one table from what the tables service says to DynamoDB's published errors.

use crate::ApiError;
use tables::value::Item;
use tables::{Refusal, TablesError};

impl From<TablesError> for ApiError {
    fn from(error: TablesError) -> Self {
        let message = error.to_string();
        match error {
            TablesError::Refused(Refusal::Validation(message)) => invalid(message),
            TablesError::Refused(Refusal::Serialization(message)) => {
                ApiError::invalid("SerializationException", message)
            }
            TablesError::NoSuchTable(_) | TablesError::NotFound | TablesError::NoSuchArn(_) => {
                ApiError::invalid("ResourceNotFoundException", message)
            }
            TablesError::TableExists(_) | TablesError::InUse(_) => {
                ApiError::invalid("ResourceInUseException", message)
            }
            TablesError::ConditionFailed { item } => {
                let mut error = ApiError::invalid("ConditionalCheckFailedException", message);
                if let Some(item) = item {
                    error = error.json_field("Item", tree(&item));
                }
                error
            }
            TablesError::ThroughputExceeded(_) => {
                ApiError::invalid("ProvisionedThroughputExceededException", message)
            }
            TablesError::TooMany(_) => ApiError::invalid("LimitExceededException", message),
            TablesError::Store(_) | TablesError::Corrupt(_) => ApiError::internal(message),
        }
    }
}

/// For answers where speed is nothing.
fn tree(item: &Item) -> serde_json::Value {
    let mut text = Vec::new();
    tables::value::write_item(item.view(), &mut text);
    serde_json::from_slice(&text).unwrap_or_default()
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        TablesError::Refused(refusal).into()
    }
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::invalid("ValidationException", message)
}
