//! Tables exported to buckets, and imported from them: `tables` keeps what is to be done and how far it is, `objects` has
//! the bytes.
//!
//! Each file of an export, and each step of an import, is noted in `tables` behind the bytes it is about. What was not
//! noted is done again after a restart: a file under the same key, lines into the same items.

mod decompress;
mod export;
mod files;
mod import;
mod lines;
mod manifest;

use clock::Clock;
use kv::KvError;
use names::AccountId;
use objects::{BucketName, BucketRef, Objects, ObjectsError};
use std::time::Duration;
use tables::{Failure, Tables, TablesError};

/// Before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(10);

/// Cheap to clone.
#[derive(Clone)]
pub struct TableTransfers {
    tables: Tables,
    objects: Objects,
    clock: Clock,
}

impl TableTransfers {
    pub fn new(tables: Tables, objects: Objects, clock: Clock) -> Self {
        TableTransfers { tables, objects, clock }
    }

    /// Moves items until it is dropped, which leaves the rest to the next start. Run exactly one per store.
    pub async fn run(self) {
        tokio::join!(export::run(&self), import::run(&self));
    }
}

/// Why something did not go on.
#[derive(Debug, thiserror::Error)]
enum Stop {
    /// It never will.
    #[error("{}: {}", .0.code, .0.message)]
    Failed(Failure),
    /// It may, later.
    #[error("{0}")]
    Later(String),
    /// It stands elsewhere than where it was gone on with.
    #[error("it was gone on with meanwhile")]
    Elsewhere,
    #[error("the store was closed")]
    Closed,
    #[error("there is nothing to go on with")]
    Over,
}

impl Stop {
    fn failed(code: &str, message: impl ToString) -> Stop {
        Stop::Failed(Failure { code: code.to_owned(), message: message.to_string() })
    }
}

impl From<KvError> for Stop {
    fn from(error: KvError) -> Self {
        match error {
            KvError::Closed => Stop::Closed,
            error if error.is_unreadable() => Stop::failed("InternalServerError", error),
            error => Stop::Later(error.to_string()),
        }
    }
}

impl From<TablesError> for Stop {
    fn from(error: TablesError) -> Self {
        match error {
            TablesError::Store(error) => error.into(),
            TablesError::NoSuchExport(_) | TablesError::NoSuchImport(_) => Stop::Over,
            error => Stop::failed("InternalServerError", error),
        }
    }
}

impl From<ObjectsError> for Stop {
    fn from(error: ObjectsError) -> Self {
        match error {
            ObjectsError::Store(error) => error.into(),
            ObjectsError::Blob(_) | ObjectsError::SlowDown => Stop::Later(error.to_string()),
            ObjectsError::NoSuchBucket | ObjectsError::InvalidBucketName(_) => {
                Stop::failed("S3NoSuchBucket", ObjectsError::NoSuchBucket)
            }
            ObjectsError::NotTheOwner => Stop::failed("S3AccessDenied", error),
            error => Stop::failed("InternalServerError", error),
        }
    }
}

/// Still of the account for which the caller's permission was decided.
fn bucket(name: &str, owner: Option<AccountId>) -> Result<BucketRef, Stop> {
    let name = BucketName::parse(name).map_err(ObjectsError::from)?;
    Ok(BucketRef { name, expected_owner: owner })
}
