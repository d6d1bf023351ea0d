use crate::value::Item;
use crate::{Corrupt, Refusal};
use kv::KvError;

/// What became of one action of a transaction that was not done.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It was not for this one.
    None,
    ConditionFailed {
        item: Option<Item>,
    },
    /// Of an INSERT.
    Duplicate,
    Validation(String),
    CollectionTooLarge,
    ThroughputExceeded(String),
}

impl Reason {
    pub fn code(&self) -> &'static str {
        match self {
            Reason::None => "None",
            Reason::ConditionFailed { .. } => "ConditionalCheckFailed",
            Reason::Duplicate => "DuplicateItem",
            Reason::Validation(_) => "ValidationError",
            Reason::CollectionTooLarge => "ItemCollectionSizeLimitExceeded",
            Reason::ThroughputExceeded(_) => "ProvisionedThroughputExceeded",
        }
    }

    pub fn message(&self) -> Option<&str> {
        match self {
            Reason::None => None,
            Reason::ConditionFailed { .. } => Some("The conditional request failed"),
            Reason::Duplicate => Some("Duplicate primary key exists in table"),
            Reason::CollectionTooLarge => Some("Collection size exceeded."),
            Reason::Validation(text) | Reason::ThroughputExceeded(text) => Some(text),
        }
    }

    /// The reason that an action's own failure is.
    ///
    /// # Errors
    /// What fails the whole request whatever its actions are.
    pub(super) fn of(error: TablesError) -> Result<Reason, TablesError> {
        match error {
            TablesError::ConditionFailed { item } => Ok(Reason::ConditionFailed { item }),
            TablesError::Refused(refusal) => Ok(Reason::Validation(refusal.message().to_owned())),
            TablesError::CollectionTooLarge => Ok(Reason::CollectionTooLarge),
            error @ TablesError::ThroughputExceeded(_) => Ok(Reason::ThroughputExceeded(error.to_string())),
            other => Err(other),
        }
    }
}

fn codes(reasons: &[Reason]) -> String {
    reasons.iter().map(Reason::code).collect::<Vec<_>>().join(", ")
}

/// Why an operation was not done; nothing has changed then. The texts are fit to be shown to the caller.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// By name, for operations on tables themselves.
    #[error("Requested resource not found: Table: {0} not found")]
    NoSuchTable(String),
    /// For operations on items.
    #[error("Requested resource not found")]
    NotFound,
    #[error("Requested resource not found: ResourcArn: {0} not found")]
    NoSuchArn(String),
    #[error("Resource-based policy not found for the provided ResourceArn: Requested policy not found: {0}")]
    NoPolicy(String),
    #[error("Table already exists: {0}")]
    TableExists(String),
    #[error("The conditional request failed")]
    ConditionFailed { item: Option<Item> },
    #[error("{0}")]
    ThroughputExceeded(&'static str),
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections.SizeLimit>
    #[error("Collection size exceeded.")]
    CollectionTooLarge,
    #[error("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes(.0))]
    Cancelled(Vec<Reason>),
    #[error("The request uses the same client token as a previous, but non-identical request.")]
    TokenMismatch,
    #[error("Requested resource not found: Stream: {0} not found")]
    NoSuchStream(String),
    /// What was to be read of a stream is older than what it keeps.
    #[error("The operation attempted to read past the oldest stream record in a shard.")]
    Trimmed,
    /// By name, for backups and recovery.
    #[error("Table not found: {0}")]
    TableNotFound(String),
    #[error("Backup not found: {0}")]
    NoSuchBackup(String),
    #[error("{0}")]
    BackupInUse(String),
    #[error("Point in time recovery is not enabled for table {0}")]
    NoRecovery(String),
    #[error("{0}")]
    RestoreTime(String),
    #[error("Export not found: {0}")]
    NoSuchExport(String),
    #[error("Import not found: {0}")]
    NoSuchImport(String),
    #[error("{0}")]
    ExportTime(String),
    /// Its client token stands for another request.
    #[error("{0}")]
    ExportConflict(&'static str),
    #[error("{0}")]
    ImportConflict(&'static str),
    /// Where a table would be restored to.
    #[error("Table already exists: {0}")]
    TargetExists(String),
    #[error("{0}")]
    InUse(String),
    #[error("{0}")]
    TooMany(String),
    #[error(transparent)]
    Store(#[from] KvError),
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}
