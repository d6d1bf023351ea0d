use crate::value::Item;
use crate::{Corrupt, Refusal};
use kv::KvError;

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
    #[error("Table already exists: {0}")]
    TableExists(String),
    #[error("The conditional request failed")]
    ConditionFailed { item: Option<Item> },
    #[error("{0}")]
    ThroughputExceeded(&'static str),
    #[error("{0}")]
    InUse(String),
    #[error("{0}")]
    TooMany(String),
    #[error(transparent)]
    Store(#[from] KvError),
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}
