//! Backups on demand: a table as it was when it was asked for, kept until it is deleted.

mod create;
mod delete;
mod describe;
mod list;
mod record;
mod restore;

pub(crate) use create::finish;
pub use describe::Backup;
pub use list::{BackupFilter, BackupPage};
pub use record::BackupRecord;
