use kv::KvError;

/// Why an operation was not done; nothing has changed then. The texts are fit to be shown to the caller.
#[derive(Debug, Clone, thiserror::Error)]
pub enum QueuesError {
    #[error("The specified queue does not exist.")]
    NoSuchQueue,
    #[error("{0}")]
    InvalidParameter(String),
    /// By the parameter's name.
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    #[error("Unknown Attribute {0}.")]
    UnknownAttribute(String),
    #[error("{0}")]
    InvalidAttribute(String),
    #[error("{0}")]
    InvalidContents(String),
    /// By the attribute that differs.
    #[error("A queue already exists with the same name and a different value for attribute {0}")]
    QueueExists(String),
    #[error(
        "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    )]
    DeletedRecently,
    #[error("Only one PurgeQueue operation on {0} is allowed every 60 seconds.")]
    PurgeInProgress(String),
    #[error("{0}")]
    OverLimit(String),
    #[error("The specified message isn't in flight.")]
    NotInFlight,
    #[error("The input receipt handle is invalid.")]
    ReceiptInvalid,
    #[error("{0}")]
    Unsupported(String),
    /// What a member asks for that is not here; by the member's name.
    #[error("{1}")]
    NotHonoured(&'static str, &'static str),
    #[error("{0}")]
    NoSuchResource(String),
    #[error("Too many requests wait for messages; ask again later, or without waiting.")]
    TooManyWait,
    #[error(transparent)]
    Store(#[from] KvError),
    #[error("what is stored of a queue cannot be read: {0}")]
    Corrupt(&'static str),
}

impl QueuesError {
    pub(crate) fn value(value: impl std::fmt::Display, parameter: &str, reason: &str) -> QueuesError {
        QueuesError::InvalidParameter(format!(
            "Value {value} for parameter {parameter} is invalid. Reason: {reason}"
        ))
    }
}
