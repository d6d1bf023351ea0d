use kv::KvError;

/// Why an operation was not done; nothing has changed then. The texts are fit to be shown to the caller.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TopicsError {
    #[error("Topic does not exist")]
    NoSuchTopic,
    #[error("Subscription does not exist")]
    NoSuchSubscription,
    #[error("Resource does not exist")]
    NoSuchResource,
    /// What it is called, and what is wrong with it.
    #[error("Invalid parameter: {0}")]
    InvalidParameter(String),
    /// Of a message's attributes.
    #[error("{0}")]
    InvalidValue(String),
    #[error("{0}")]
    TooManyTopics(String),
    #[error("{0}")]
    TooManySubscriptions(String),
    #[error("{0}")]
    TooManyFilters(String),
    #[error("{0}")]
    TooManyTags(String),
    /// What a member asks for that is not here; by its name.
    #[error("{1}")]
    NotHonoured(String, &'static str),
    #[error(transparent)]
    Store(#[from] KvError),
    #[error("what is stored of a topic cannot be read: {0}")]
    Corrupt(&'static str),
}

impl TopicsError {
    pub(crate) fn invalid(what: impl Into<String>) -> TopicsError {
        TopicsError::InvalidParameter(what.into())
    }

    pub(crate) fn reason(parameter: &str, reason: impl std::fmt::Display) -> TopicsError {
        TopicsError::InvalidParameter(format!("{parameter} Reason: {reason}"))
    }
}
