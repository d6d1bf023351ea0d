use crate::code::CodeRecord;
use crate::{Functions, FunctionsError, keys};
use aws_lc_rs::hmac;
use blob::BlobId;
use clock::Timestamp;
use std::time::Duration;

/// How long a download link lasts.
pub const DOWNLOAD_AGE_MAX: Duration = Duration::from_secs(600);

/// A stored zip archive.
#[derive(Debug, Clone)]
pub struct Archive {
    pub blob: BlobId,
    pub bytes: u64,
}

impl Functions {
    /// The query that lets its bearer download an archive until [`DOWNLOAD_AGE_MAX`] from now or the next
    /// start of the server: `expires=<epoch seconds>&signature=<hexadecimal>`.
    pub fn download_query(&self, sha256: &str) -> String {
        let expires = (self.clock.now() + DOWNLOAD_AGE_MAX).as_seconds();
        let signature = hmac::sign(&self.download_hmac(), signed(sha256, expires).as_bytes());
        format!("expires={expires}&signature={}", hex::encode(signature))
    }

    /// # Errors
    /// `Invalid` when the link is none of ours or has expired; `NotFound` when the code is gone.
    pub async fn download(
        &self,
        sha256: &str,
        expires: i64,
        signature: &str,
    ) -> Result<Archive, FunctionsError> {
        let refused = || FunctionsError::invalid("The link is not valid or has expired.");
        let signature = hex::decode(signature).map_err(|_| refused())?;
        hmac::verify(&self.download_hmac(), signed(sha256, expires).as_bytes(), &signature)
            .map_err(|_| refused())?;
        if Timestamp::from_seconds(expires) < self.clock.now() {
            return Err(refused());
        }
        let record: Option<CodeRecord> = kv::get_record(&self.kv, keys::code(sha256)).await?;
        let record = record.ok_or_else(|| FunctionsError::not_found("The code is not kept any more."))?;
        Ok(Archive { blob: record.archive, bytes: record.code.zip_bytes })
    }

    fn download_hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.download_key.as_slice())
    }
}

fn signed(sha256: &str, expires: i64) -> String {
    format!("zerun code download\n{sha256}\n{expires}")
}
