use super::UploadRef;
use super::list_parts::number_in;
use crate::body::forget;
use crate::checksum::{composite, full_object};
use crate::objects::{Destination, Written};
use crate::record::{Body, ObjectRecord, PartRecord, UploadRecord};
use crate::{
    Caller, ChangeEvent, Checksum, ChecksumAlgorithm, ChecksumKind, OBJECT_BYTES_MAX, Objects, ObjectsError,
    PART_BYTES_MIN, PARTS_MAX, WriteConditions, keys,
};
use kv::{Read, Transaction};
use md5::{Digest, Md5};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct CompleteMultipartUpload {
    pub upload: UploadRef,
    pub parts: Vec<CompletedPart>,
    /// Of the whole object, as its uploader computed it: algorithm and base64.
    pub checksum: Option<(ChecksumAlgorithm, String)>,
    pub checksum_kind: Option<ChecksumKind>,
    /// Bytes of the whole object, as its uploader counted them.
    pub size: Option<u64>,
    pub conditions: WriteConditions,
    pub caller: Caller,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedPart {
    pub number: u16,
    /// Without quotes.
    pub etag: String,
    /// As far as the uploader repeats them: algorithm and base64.
    pub checksums: Vec<(ChecksumAlgorithm, String)>,
}

impl Objects {
    /// Makes an object of the named parts and forgets the others. Copies no byte. Completing again
    /// what was completed with these parts, and not overwritten since, gives the same answer.
    ///
    /// # Errors
    /// `NoSuchUpload`, `InvalidPart`, `InvalidPartOrder`, `EntityTooSmall`, `EntityTooLarge`,
    /// `MalformedXml` for no parts or too many, `BadChecksum`, `InvalidRequest` for a size or kind of
    /// checksum that differs, or parts without theirs where it counts, and those of [`Objects::put_object`]. The upload stays.
    pub async fn complete_multipart_upload(
        &self,
        request: CompleteMultipartUpload,
    ) -> Result<Written, ObjectsError> {
        check_list(&request.parts)?;
        let now = self.clock.now();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let upload = &request.upload;
                upload.bucket.record(tx).await?;
                let Some(record) = kv::get_record::<UploadRecord>(tx, upload.place()).await? else {
                    return completed_before(tx, &request).await;
                };
                check_checksums(&record, &request.parts)?;
                let (chosen, others) = choose(tx, &request).await?;
                let object = ObjectRecord {
                    size: check_sizes(&chosen, &request)?,
                    etag: etag(&request.parts)?,
                    last_modified: now.truncated_to_seconds(),
                    body: Body::Parts(upload.id.clone()),
                    checksum: checksum(&record, &chosen, &request)?,
                    attributes: record.attributes,
                    tags: record.tags,
                    parts: Some(u16::try_from(chosen.len()).unwrap_or(u16::MAX)),
                };
                for (number, part) in &others {
                    forget(tx, &part.body, now).await?;
                    tx.delete(keys::part(&upload.id, *number));
                }
                tx.delete(upload.place());
                let destination = Destination {
                    bucket: upload.bucket.clone(),
                    key: upload.key.clone(),
                    conditions: request.conditions.clone(),
                    caller: request.caller.clone(),
                    event: ChangeEvent::CreatedCompleteMultipartUpload,
                };
                destination.write(tx, &object, now).await
            })
            .await
    }
}

fn check_list(parts: &[CompletedPart]) -> Result<(), ObjectsError> {
    if parts.is_empty() || parts.len() > PARTS_MAX {
        return Err(ObjectsError::MalformedXml(
            "The XML you provided was not well-formed or did not validate against our published schema"
                .to_owned(),
        ));
    }
    let ascending = parts.iter().zip(parts.iter().skip(1)).all(|(a, b)| a.number < b.number);
    if ascending { Ok(()) } else { Err(ObjectsError::InvalidPartOrder) }
}

async fn completed_before(
    read: &impl Read,
    request: &CompleteMultipartUpload,
) -> Result<Written, ObjectsError> {
    let upload = &request.upload;
    let place = keys::object(&upload.bucket.name, &upload.key);
    let object: Option<ObjectRecord> = kv::get_record(read, place).await?;
    let same = |object: &ObjectRecord| {
        object.body == Body::Parts(upload.id.clone())
            && etag(&request.parts).is_ok_and(|etag| etag == object.etag)
    };
    object.filter(same).map(|object| Written::of(&object)).ok_or(ObjectsError::NoSuchUpload)
}

/// An object whose checksum is made of its parts' is completed only by who names them all
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/tutorial-s3-mpu-additional-checksums.html>).
fn check_checksums(upload: &UploadRecord, parts: &[CompletedPart]) -> Result<(), ObjectsError> {
    let algorithm = upload.checksum_algorithm;
    if !upload.checksum_chosen || upload.checksum_kind != ChecksumKind::Composite {
        return Ok(());
    }
    let lacks_it = |part: &&CompletedPart| part.checksums.iter().all(|(given, _)| *given != algorithm);
    match parts.iter().find(lacks_it) {
        None => Ok(()),
        Some(part) => Err(ObjectsError::InvalidRequest(format!(
            "The upload was created using a {} checksum. The complete request must include the checksum for \
             each part. It was missing for part {} in the request.",
            algorithm.as_str().to_ascii_lowercase(),
            part.number
        ))),
    }
}

type Numbered = Vec<(u16, PartRecord)>;

/// The parts that the request names, verified, and those that it leaves out.
async fn choose(
    read: &impl Read,
    request: &CompleteMultipartUpload,
) -> Result<(Numbered, Numbered), ObjectsError> {
    let all = keys::parts(&request.upload.id).range();
    let mut uploaded = BTreeMap::new();
    for (key, part) in kv::range_records::<PartRecord>(read, &all, PARTS_MAX).await? {
        uploaded.insert(number_in(&key)?, part);
    }
    let mut chosen = Vec::with_capacity(request.parts.len());
    for named in &request.parts {
        let part = uploaded.remove(&named.number).filter(|part| matches(named, part));
        let part = part.ok_or(ObjectsError::InvalidPart { part_number: named.number })?;
        chosen.push((named.number, part));
    }
    Ok((chosen, uploaded.into_iter().collect()))
}

fn matches(named: &CompletedPart, part: &PartRecord) -> bool {
    let known = |algorithm: ChecksumAlgorithm| {
        [Some(&part.checksum), part.checksum_declared.as_ref()]
            .into_iter()
            .flatten()
            .find(|checksum| checksum.algorithm == algorithm)
    };
    named.etag == part.etag
        && named
            .checksums
            .iter()
            .all(|(algorithm, value)| known(*algorithm).is_some_and(|checksum| checksum.value == *value))
}

fn check_sizes(chosen: &Numbered, request: &CompleteMultipartUpload) -> Result<u64, ObjectsError> {
    let last = chosen.len().saturating_sub(1);
    if let Some((number, part)) = chosen.iter().take(last).find(|(_, part)| part.size < PART_BYTES_MIN) {
        return Err(ObjectsError::EntityTooSmall {
            part_number: *number,
            size: part.size,
            min: PART_BYTES_MIN,
        });
    }
    let size = chosen.iter().fold(0_u64, |size, (_, part)| size.saturating_add(part.size));
    if size > OBJECT_BYTES_MAX {
        return Err(ObjectsError::EntityTooLarge { size, max: OBJECT_BYTES_MAX });
    }
    match request.size {
        Some(expected) if expected != size => Err(ObjectsError::InvalidRequest(format!(
            "The provided 'x-amz-mp-object-size' header value {expected} does not match what was computed: \
             {size}"
        ))),
        _ => Ok(size),
    }
}

/// The MD5 over the parts' MD5s, and how many there are. Parts were compared with these texts before.
fn etag(parts: &[CompletedPart]) -> Result<String, ObjectsError> {
    let mut md5 = Md5::new();
    for part in parts {
        let digest =
            hex::decode(&part.etag).map_err(|_| ObjectsError::InvalidPart { part_number: part.number })?;
        md5.update(digest);
    }
    Ok(format!("{}-{}", hex::encode(md5.finalize()), parts.len()))
}

fn checksum(
    upload: &UploadRecord,
    chosen: &Numbered,
    request: &CompleteMultipartUpload,
) -> Result<Checksum, ObjectsError> {
    let algorithm = upload.checksum_algorithm;
    if let Some(kind) = request.checksum_kind.filter(|kind| *kind != upload.checksum_kind) {
        return Err(ObjectsError::InvalidRequest(format!(
            "The upload was created using the {} checksum mode. The complete request must use the same \
             checksum mode, not {}.",
            upload.checksum_kind.as_str(),
            kind.as_str()
        )));
    }
    let mut digests = Vec::with_capacity(chosen.len());
    for (_, part) in chosen {
        digests.push((algorithm.decode(&part.checksum.value)?, part.size));
    }
    let whole = match upload.checksum_kind {
        ChecksumKind::FullObject => full_object(algorithm, &digests),
        ChecksumKind::Composite => None,
    };
    let whole = whole.unwrap_or_else(|| {
        let digests: Vec<Vec<u8>> = digests.into_iter().map(|(digest, _)| digest).collect();
        composite(algorithm, &digests)
    });
    match &request.checksum {
        Some((given, _)) if *given != algorithm => Err(ObjectsError::InvalidRequest(format!(
            "The upload was created using the {algorithm} checksum. The complete request must not carry \
             one of {given}."
        ))),
        // A composite may be given with the number of parts or without.
        Some((_, value)) if *value != whole.value && Some(value.as_str()) != digest_of(&whole) => {
            Err(ObjectsError::BadChecksum { algorithm })
        }
        _ => Ok(whole),
    }
}

fn digest_of(checksum: &Checksum) -> Option<&str> {
    match checksum.kind {
        ChecksumKind::Composite => checksum.value.rsplit_once('-').map(|(digest, _)| digest),
        ChecksumKind::FullObject => None,
    }
}
