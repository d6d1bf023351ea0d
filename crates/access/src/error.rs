use std::path::PathBuf;

/// Why accounts and keys could not be read, made or sealed. Never carries a secret.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error(transparent)]
    Store(#[from] kv::KvError),
    #[error("master key {path}: {source}")]
    MasterKeyFile { path: PathBuf, source: std::io::Error },
    #[error("master key {0} must hold 64 hexadecimal digits")]
    MasterKeyMalformed(PathBuf),
    /// The sealed record was made with another master key, or changed since.
    #[error("access key {0} cannot be opened with this master key")]
    Sealed(String),
    /// A session's policies and tags take more than a token holds; percent of it, over 100.
    #[error("Packed policy consumes {0}% of allotted space, please use smaller policy.")]
    PackedPolicyTooLarge(u32),
    #[error("cipher failure")]
    Cipher,
    #[error("{0}")]
    Configuration(String),
}
