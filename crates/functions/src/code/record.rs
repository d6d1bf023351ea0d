use crate::{Code, FunctionsError, keys};
use blob::BlobId;
use clock::Timestamp;
use kv::{Read, Record, Transaction};
use serde::{Deserialize, Serialize};

/// One piece of code that at least one record names.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CodeRecord {
    pub code: Code,
    /// The archive as it came.
    pub archive: BlobId,
    /// How many function versions and layer versions name it; never zero.
    pub uses: u64,
}

impl Record for CodeRecord {
    const KIND: &'static str = "piece of code";
    const VERSION: u8 = 1;
}

/// Counts one more use of code that is already kept.
///
/// # Errors
/// `Internal` if it is not: a record that names code keeps it.
pub(crate) async fn keep(tx: &mut Transaction, code: &Code) -> Result<(), FunctionsError> {
    let mut record = get(tx, &code.sha256).await?;
    record.uses += 1;
    kv::put_record(tx, keys::code(&code.sha256), &record);
    Ok(())
}

/// Counts one use less; with the last one the archive is forgotten. Call [`super::CodeStore::sweep`]
/// after the commit.
pub(crate) async fn release(tx: &mut Transaction, code: &Code, now: Timestamp) -> Result<(), FunctionsError> {
    let mut record = get(tx, &code.sha256).await?;
    record.uses = record.uses.saturating_sub(1);
    if record.uses == 0 {
        blob::forget(tx, &record.archive, now);
        tx.delete(keys::code(&code.sha256));
    } else {
        kv::put_record(tx, keys::code(&code.sha256), &record);
    }
    Ok(())
}

async fn get(tx: &impl Read, sha256: &str) -> Result<CodeRecord, FunctionsError> {
    kv::get_record(tx, keys::code(sha256))
        .await?
        .ok_or_else(|| FunctionsError::Internal(format!("code {sha256} is named but not kept")))
}
