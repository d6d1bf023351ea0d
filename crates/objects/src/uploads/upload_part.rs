use super::UploadRef;
use crate::body::{IncomingBody, Limits, Received, forget};
use crate::record::{PartRecord, UploadRecord};
use crate::{Checksum, ChecksumAlgorithm, Objects, ObjectsError, UPLOAD_BYTES_MAX, keys};
use clock::Timestamp;
use kv::{Snapshot, Transaction};

pub const PART_NUMBER_MAX: u16 = 10_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPart {
    /// Without quotes.
    pub etag: String,
    /// By the algorithm the part came with, or else the upload's.
    pub checksum: Checksum,
    pub last_modified: Timestamp,
}

impl Objects {
    /// Replaces the part of that number, if there is one, when the whole body has come and is verified.
    ///
    /// # Errors
    /// `NoSuchUpload`, `NoSuchBucket`, `NotTheOwner`; `InvalidArgument` for a number outside
    /// 1–[`PART_NUMBER_MAX`]; `InvalidRequest` for another checksum than the upload was created with;
    /// and what is wrong with the body (see [`IncomingBody`]).
    pub async fn upload_part(
        &self,
        upload: UploadRef,
        number: u16,
        body: IncomingBody,
    ) -> Result<UploadedPart, ObjectsError> {
        let record = self.upload_for_part(&upload, number).await?;
        let declared = body.checksum.as_ref().map(|declared| declared.algorithm);
        check_algorithm(&record, declared)?;
        let limits = Limits { size_max: UPLOAD_BYTES_MAX, algorithm: record.checksum_algorithm };
        let received = body.receive(self, limits).await?;
        self.store_part(upload, number, received).await
    }

    pub(super) async fn upload_for_part(
        &self,
        upload: &UploadRef,
        number: u16,
    ) -> Result<UploadRecord, ObjectsError> {
        if !(1..=PART_NUMBER_MAX).contains(&number) {
            return Err(ObjectsError::argument(
                "partNumber",
                number.to_string(),
                format!("Part number must be an integer between 1 and {PART_NUMBER_MAX}, inclusive"),
            ));
        }
        let upload = upload.clone();
        self.kv.read(async move |read: &Snapshot| upload.record(read).await).await
    }

    pub(super) async fn store_part(
        &self,
        upload: UploadRef,
        number: u16,
        received: Received,
    ) -> Result<UploadedPart, ObjectsError> {
        let (held, now) = (received.held, self.clock.now());
        self.commit(received.unnamed, async move |tx: &mut Transaction| {
            // Completed or aborted meanwhile: then the part came too late.
            upload.record(tx).await?;
            let place = keys::part(&upload.id, number);
            if let Some(before) = kv::get_record::<PartRecord>(tx, &place).await? {
                forget(tx, &before.body, now).await?;
            }
            let part = PartRecord {
                size: received.size,
                etag: hex::encode(received.md5),
                last_modified: now.truncated_to_seconds(),
                body: held.store(tx),
                checksum: received.checksum.clone(),
                checksum_declared: received.checksum_declared.clone(),
            };
            kv::put_record(tx, &place, &part);
            let checksum = part.checksum_declared.unwrap_or(part.checksum);
            Ok(UploadedPart { etag: part.etag, checksum, last_modified: part.last_modified })
        })
        .await
    }
}

fn check_algorithm(upload: &UploadRecord, declared: Option<ChecksumAlgorithm>) -> Result<(), ObjectsError> {
    match declared {
        Some(algorithm) if upload.checksum_chosen && algorithm != upload.checksum_algorithm => {
            Err(ObjectsError::InvalidRequest(format!(
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                upload.checksum_algorithm.as_str().to_ascii_lowercase(),
                algorithm.as_str().to_ascii_lowercase()
            )))
        }
        _ => Ok(()),
    }
}
