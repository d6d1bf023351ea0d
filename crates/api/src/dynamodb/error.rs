//! The one table from what the tables service says to DynamoDB's published errors.

use crate::ApiError;
use kv::KvError;
use tables::value::Item;
use tables::{Reason, Refusal, TablesError};

impl From<TablesError> for ApiError {
    fn from(error: TablesError) -> Self {
        let message = error.to_string();
        match error {
            TablesError::Refused(Refusal::Validation(message)) => invalid(message),
            TablesError::Refused(Refusal::Serialization(message)) => {
                ApiError::invalid("SerializationException", message)
            }
            TablesError::NoSuchTable(_)
            | TablesError::NotFound
            | TablesError::NoSuchArn(_)
            | TablesError::NoSuchStream(_) => ApiError::invalid("ResourceNotFoundException", message),
            TablesError::TableNotFound(_) => ApiError::invalid("TableNotFoundException", message),
            TablesError::NoSuchBackup(_) => ApiError::invalid("BackupNotFoundException", message),
            TablesError::BackupInUse(_) => ApiError::invalid("BackupInUseException", message),
            TablesError::NoRecovery(_) => {
                ApiError::invalid("PointInTimeRecoveryUnavailableException", message)
            }
            TablesError::NoSuchExport(_) => ApiError::invalid("ExportNotFoundException", message),
            TablesError::NoSuchImport(_) => ApiError::invalid("ImportNotFoundException", message),
            TablesError::ExportTime(_) => ApiError::invalid("InvalidExportTimeException", message),
            TablesError::ExportConflict(_) => ApiError::invalid("ExportConflictException", message),
            TablesError::ImportConflict(_) => ApiError::invalid("ImportConflictException", message),
            TablesError::RestoreTime(_) => ApiError::invalid("InvalidRestoreTimeException", message),
            TablesError::TargetExists(_) => ApiError::invalid("TableAlreadyExistsException", message),
            TablesError::Trimmed => ApiError::invalid("TrimmedDataAccessException", message),
            TablesError::NoPolicy(_) => ApiError::invalid("PolicyNotFoundException", message),
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
            TablesError::CollectionTooLarge => {
                ApiError::invalid("ItemCollectionSizeLimitExceededException", message)
            }
            TablesError::TokenMismatch => ApiError::invalid("IdempotentParameterMismatchException", message),
            TablesError::Cancelled(reasons) => ApiError::invalid("TransactionCanceledException", message)
                .json_field("CancellationReasons", reasons.iter().map(reason).collect()),
            TablesError::TooMany(_) => ApiError::invalid("LimitExceededException", message),
            // A few megabytes with a copy in each of many indexes: it would never succeed.
            TablesError::Store(KvError::TooLarge { .. }) => invalid(format!(
                "The items and what their table's indexes hold of them are too large for one transaction: {message}"
            )),
            TablesError::Store(_) | TablesError::Corrupt(_) => ApiError::internal(message),
        }
    }
}

fn reason(reason: &Reason) -> serde_json::Value {
    let mut shown = serde_json::json!({ "Code": reason.code() });
    let Some(members) = shown.as_object_mut() else { return shown };
    if let Some(message) = reason.message() {
        members.insert("Message".to_owned(), message.into());
    }
    if let Reason::ConditionFailed { item: Some(item) } = reason {
        members.insert("Item".to_owned(), tree(item));
    }
    shown
}

/// For answers where speed is nothing.
pub(super) fn tree(item: &Item) -> serde_json::Value {
    let mut text = Vec::new();
    tables::value::write_item(item.view(), &mut text);
    serde_json::from_slice(&text).unwrap_or_default()
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        TablesError::Refused(refusal).into()
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::invalid("ValidationException", message)
}
