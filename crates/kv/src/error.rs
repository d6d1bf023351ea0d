use std::path::PathBuf;

/// Why the store could not do it. Cheap to clone: one failed batch fails each of its transactions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KvError {
    /// Another process serves this data directory.
    #[error("the data directory {} is in use by another process", .0.display())]
    Locked(PathBuf),
    /// The file there was not written by this program, or by a newer one.
    #[error("{} is not a store this program can open: {reason}", path.display())]
    NotAStore { path: PathBuf, reason: String },
    /// The store was closed; nothing was done.
    #[error("the store is closed")]
    Closed,
    /// A closure awaited something else than its transaction or snapshot; its writes are discarded.
    #[error("a transaction may await nothing but itself")]
    ForeignAwait,
    /// The closure panicked; its writes are discarded.
    #[error("the transaction panicked: {0}")]
    Panicked(String),
    /// A key, a value or a whole transaction is over its bound; nothing was written.
    #[error("{what} of {bytes} bytes is over the limit of {max}")]
    TooLarge { what: &'static str, bytes: usize, max: usize },
    /// The disk has no room; nothing was written, and later attempts may succeed.
    #[error("no space left on the disk of the store")]
    Full,
    /// Reading or writing failed; the batch was not acknowledged.
    #[error("{doing}: {reason}")]
    Io { doing: &'static str, reason: String },
    /// The disk refused to keep what it was given (a failed fsync), so nothing can be promised until
    /// the process restarts and recovers.
    #[error("the store stopped after a disk failure: {0}")]
    Poisoned(String),
    /// The stored bytes are not what was written.
    #[error("a stored {kind} is damaged: {reason}")]
    Corrupt { kind: &'static str, reason: String },
    /// The record was written by a newer program.
    #[error("a stored {kind} has version {found}, this program knows up to {known}")]
    NewerVersion { kind: &'static str, found: u8, known: u8 },
    /// The record has no form in JSON.
    #[error("a {kind} cannot be stored: {reason}")]
    Unencodable { kind: &'static str, reason: String },
}

impl KvError {
    /// What is stored is the trouble, so that trying again meets the same.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, KvError::Corrupt { .. } | KvError::NewerVersion { .. } | KvError::Unencodable { .. })
    }
}
