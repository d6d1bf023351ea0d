use std::path::PathBuf;

/// How the SQLite engine keeps its files.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The directory that holds the store and nothing else; made when it is not there.
    pub path: PathBuf,
    /// Threads that serve reads, each with a connection of its own.
    pub readers: usize,
    /// Page cache of the writer; each reader has a quarter of it.
    pub cache_bytes: usize,
    /// Log size from which on it is moved into the main file.
    pub checkpoint_bytes: u64,
}

impl SqliteOptions {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        SqliteOptions { path: path.into(), ..SqliteOptions::default() }
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        SqliteOptions {
            path: PathBuf::new(),
            readers: 4,
            cache_bytes: 64 * 1024 * 1024,
            checkpoint_bytes: 8 * 1024 * 1024,
        }
    }
}
