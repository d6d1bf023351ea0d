use crate::record::UploadRecord;
use crate::{
    Attributes, BucketRef, Caller, ChecksumAlgorithm, ChecksumKind, ObjectKey, Objects, ObjectsError, TagSet,
    UploadId, keys,
};
use kv::Transaction;

#[derive(Debug, Clone)]
pub struct CreateMultipartUpload {
    pub bucket: BucketRef,
    pub key: ObjectKey,
    pub attributes: Attributes,
    pub tags: TagSet,
    /// `None`: [`ChecksumAlgorithm::DEFAULT`], and parts may come with any.
    pub checksum_algorithm: Option<ChecksumAlgorithm>,
    /// `None`: [`ChecksumAlgorithm::kind_default`].
    pub checksum_kind: Option<ChecksumKind>,
    pub caller: Caller,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    pub id: UploadId,
    /// The ones the caller chose, if it did.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumKind)>,
}

impl Objects {
    /// # Errors
    /// `NoSuchBucket`, `NotTheOwner`, `MetadataTooLarge`; `InvalidRequest` for a kind of checksum that
    /// the algorithm does not have.
    pub async fn create_multipart_upload(
        &self,
        request: CreateMultipartUpload,
    ) -> Result<Created, ObjectsError> {
        let CreateMultipartUpload {
            bucket,
            key,
            attributes,
            tags,
            checksum_algorithm,
            checksum_kind,
            caller,
        } = request;
        attributes.check()?;
        let algorithm = match (checksum_algorithm, checksum_kind) {
            (Some(algorithm), _) => algorithm,
            (None, None) => ChecksumAlgorithm::DEFAULT,
            (None, Some(_)) => {
                return Err(ObjectsError::InvalidRequest(
                    "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header"
                        .to_owned(),
                ));
            }
        };
        let kind = checksum_kind.unwrap_or_else(|| algorithm.kind_default());
        if !algorithm.allows(kind) {
            return Err(ObjectsError::InvalidRequest(format!(
                "The {} checksum type cannot be used with the {} checksum algorithm.",
                kind.as_str(),
                algorithm.as_str().to_ascii_lowercase()
            )));
        }
        let id = UploadId::new(&self.clock);
        let record = UploadRecord {
            initiated: self.clock.now().truncated_to_seconds(),
            attributes,
            tags,
            checksum_algorithm: algorithm,
            checksum_kind: kind,
            checksum_chosen: checksum_algorithm.is_some(),
            initiator: caller.principal,
        };
        let place = keys::upload(&bucket.name, &key, &id);
        self.kv
            .transact(async move |tx: &mut Transaction| {
                bucket.record(tx).await?;
                kv::put_record(tx, &place, &record);
                Ok::<_, ObjectsError>(())
            })
            .await?;
        Ok(Created { id, checksum: checksum_algorithm.map(|algorithm| (algorithm, kind)) })
    }
}
