use blob::BlobError;
use kv::KvError;

/// Why the functions service refused or failed. Messages are fit to be shown to the caller, except those
/// of the last three, which are for the log.
#[derive(Debug, thiserror::Error)]
pub enum FunctionsError {
    /// The function, version, alias, layer or setting is not there.
    #[error("{0}")]
    NotFound(String),
    /// The version or alias is there, but has no provisioned concurrency.
    #[error("No Provisioned Concurrency Config found for this function")]
    NotProvisioned,
    /// It is there already, or its state forbids the change.
    #[error("{0}")]
    Conflict(String),
    /// The version's first instance is still being initialised.
    #[error(
        "Lambda is initializing your function. It will be ready to invoke once your function state becomes ACTIVE."
    )]
    NotReady,
    /// The last use of the same code was removed by somebody else while this was about to use it too.
    #[error("The last use of the same code was removed meanwhile. Try again.")]
    CodeRemoved,
    /// A value, or a combination of values, that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The caller's `RevisionId` is not the latest.
    #[error("{0}")]
    Precondition(String),
    /// A payload beyond what the operation takes.
    #[error("{0}")]
    TooLarge(String),
    /// All code together would go beyond what this server keeps.
    #[error("{0}")]
    CodeStorageExceeded(String),
    #[error("{0}")]
    PolicyTooLong(String),
    /// As many asynchronous events wait as may, for the function or for all of its account. Later there may
    /// be room.
    #[error("Rate Exceeded: too many asynchronous events wait for the {}.", if *of_account { "account" } else { "function" })]
    TooManyEvents { of_account: bool },
    /// The function ran so often in one chain of events that it is taken for a loop.
    #[error("{0}")]
    Recursive(String),
    /// No instance answered.
    #[error(transparent)]
    Invoke(#[from] pool::InvokeError),
    #[error(transparent)]
    Store(#[from] KvError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("{0}")]
    Internal(String),
}

impl FunctionsError {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        FunctionsError::Invalid(message.into())
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        FunctionsError::NotFound(message.into())
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        FunctionsError::Conflict(message.into())
    }
}
