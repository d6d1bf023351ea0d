use ::topics::TopicsError;
use functions::FunctionsError;
use kv::KvError;
use objects::ObjectsError;
use queues::QueuesError;
use tables::TablesError;

#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    #[error("{0}")]
    NotFound(String),
    /// There is one of the same source and function already.
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Functions(#[from] FunctionsError),
    #[error(transparent)]
    Tables(#[from] TablesError),
    #[error(transparent)]
    Queues(#[from] QueuesError),
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    #[error(transparent)]
    Topics(#[from] TopicsError),
    #[error(transparent)]
    Store(#[from] KvError),
}

pub(super) fn invalid<T>(why: impl Into<String>) -> Result<T, MappingError> {
    Err(MappingError::Invalid(why.into()))
}
