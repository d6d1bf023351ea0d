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

/// A container image that at least one record names: it stays, whatever becomes of its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ImageRecord {
    /// How many function versions name it; never zero.
    uses: u64,
}

impl Record for ImageRecord {
    const KIND: &'static str = "use of an image";
    const VERSION: u8 = 1;
}

/// Counts one more use of code that is already kept, or of an image.
///
/// # Errors
/// `Internal` if it is not: a record that names code keeps it.
pub(crate) async fn keep(tx: &mut Transaction, code: &Code) -> Result<(), FunctionsError> {
    if code.image.is_some() {
        let key = keys::image(&code.sha256);
        let uses = kv::get_record::<ImageRecord>(tx, &key).await?.map_or(0, |record| record.uses);
        kv::put_record(tx, key, &ImageRecord { uses: uses + 1 });
        return Ok(());
    }
    let mut record = get(tx, &code.sha256).await?;
    record.uses += 1;
    kv::put_record(tx, keys::code(&code.sha256), &record);
    Ok(())
}

/// Counts one use less; with the last one the archive is forgotten. Call [`super::CodeStore::sweep`]
/// after the commit.
pub(crate) async fn release(tx: &mut Transaction, code: &Code, now: Timestamp) -> Result<(), FunctionsError> {
    if code.image.is_some() {
        let key = keys::image(&code.sha256);
        match kv::get_record::<ImageRecord>(tx, &key).await? {
            Some(ImageRecord { uses }) if uses > 1 => {
                kv::put_record(tx, key, &ImageRecord { uses: uses - 1 })
            }
            _ => tx.delete(key),
        }
        return Ok(());
    }
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
