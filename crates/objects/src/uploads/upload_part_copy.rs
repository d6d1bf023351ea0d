use super::UploadRef;
use super::upload_part::UploadedPart;
use crate::body::Limits;
use crate::objects::copy_object::{CopySource, unwrapped};
use crate::{ByteRange, Objects, ObjectsError, UPLOAD_BYTES_MAX};

#[derive(Debug, Clone)]
pub struct UploadPartCopy {
    pub upload: UploadRef,
    pub number: u16,
    pub source: CopySource,
    /// `None`: the whole source. Must lie within it.
    pub range: Option<ByteRange>,
}

impl Objects {
    /// # Errors
    /// Those of [`Objects::upload_part`] and, for the source, of [`Objects::copy_object`].
    pub async fn upload_part_copy(&self, request: UploadPartCopy) -> Result<UploadedPart, ObjectsError> {
        let UploadPartCopy { upload, number, source, range } = request;
        let record = self.upload_for_part(&upload, number).await?;
        let read = self.read_source(&source, range, UPLOAD_BYTES_MAX).await?;
        let limits = Limits { size_max: UPLOAD_BYTES_MAX, algorithm: record.checksum_algorithm };
        let received = read.body.receive(self, limits).await.map_err(unwrapped)?;
        self.store_part(upload, number, received).await
    }
}
