use crate::KvError;
use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC};

/// Says what SQLite's error means for the caller.
pub(super) fn failed(doing: &'static str) -> impl Fn(rusqlite::Error) -> KvError {
    move |error| {
        let reason = error.to_string();
        let Some(code) = error.sqlite_error() else { return KvError::Io { doing, reason } };
        match (code.code, code.extended_code) {
            (_, SQLITE_IOERR_FSYNC | SQLITE_IOERR_DIR_FSYNC) => {
                KvError::Poisoned(format!("{doing}: {reason} (fsync failed)"))
            }
            (ErrorCode::DiskFull, _) => KvError::Full,
            (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => {
                KvError::Corrupt { kind: "page of the store", reason }
            }
            (_, extended) => KvError::Io { doing, reason: format!("{reason} (SQLite code {extended})") },
        }
    }
}
