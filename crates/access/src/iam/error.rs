use crate::policy::MalformedPolicy;
use kv::KvError;

/// Why the store of users, groups, roles and policies refused or failed. The words are IAM's own and fit
/// for the caller, except those of the last two, which are for the log.
#[derive(Debug, thiserror::Error)]
pub enum IamError {
    #[error("{0}")]
    NoSuchEntity(String),
    #[error("{0}")]
    EntityAlreadyExists(String),
    /// Something still hangs on what should be deleted.
    #[error("{0}")]
    DeleteConflict(String),
    /// A quota; see [`super::quotas`].
    #[error("{0}")]
    LimitExceeded(String),
    #[error(transparent)]
    MalformedPolicyDocument(#[from] MalformedPolicy),
    #[error("{0}")]
    InvalidInput(String),
    /// A value that has not even the right form.
    #[error("{0}")]
    Validation(String),
    /// Only the service that a role is linked to may change it; nobody may change what AWS manages.
    #[error("{0}")]
    UnmodifiableEntity(String),
    /// The policy is one for service-linked roles alone.
    #[error("{0}")]
    PolicyNotAttachable(String),
    /// No role that is linked to that service is known.
    #[error("{0}")]
    NotSupportedService(String),
    #[error(transparent)]
    Store(#[from] KvError),
    #[error("{0}")]
    Internal(String),
}
