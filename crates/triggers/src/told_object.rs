//! Objects that tell what became of events and records.

use bytes::Bytes;
use clock::{Clock, Timestamp};
use names::AccountId;
use objects::{
    Attributes, BucketName, BucketRef, Caller, ChangeEvent, IncomingBody, ObjectKey, Objects, ObjectsError,
    PutObject, TagSet, WriteConditions,
};

/// As who is told of the object is told who made it.
const WRITER: &str = "lambda.amazonaws.com";

/// Writes a JSON text as a new object of `folder`, which ends in a slash.
///
/// # Errors
/// As the service's; `owner` does not own the bucket.
pub(crate) async fn write(
    objects: &Objects,
    clock: &Clock,
    (bucket, owner): (BucketName, AccountId),
    folder: &str,
    json: String,
) -> Result<(), ObjectsError> {
    let request = PutObject {
        bucket: of(bucket, owner),
        key: ObjectKey::parse(key(folder, clock.now(), &clock.uuid()))?,
        attributes: Attributes { content_type: Some("application/json".to_owned()), ..Attributes::default() },
        tags: TagSet::default(),
        conditions: WriteConditions::default(),
        caller: Caller {
            principal: WRITER.to_owned(),
            principal_id: WRITER.to_owned(),
            source_ip: WRITER.to_owned(),
            request_id: clock.uuid(),
            trace_id: None,
        },
        event: ChangeEvent::CreatedPut,
    };
    objects.put_object(request, IncomingBody::from_bytes(Bytes::from(json))).await?;
    Ok(())
}

/// Whether the account has such a bucket.
///
/// # Errors
/// The store fails.
pub(crate) async fn has_bucket(
    objects: &Objects,
    bucket: BucketName,
    owner: AccountId,
) -> Result<bool, ObjectsError> {
    match objects.head_bucket(of(bucket, owner)).await {
        Ok(_) => Ok(true),
        Err(ObjectsError::NoSuchBucket | ObjectsError::NotTheOwner) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whoever is asked for rights is asked on behalf of this account.
fn of(name: BucketName, owner: AccountId) -> BucketRef {
    BucketRef { name, expected_owner: Some(owner) }
}

/// `FOLDER/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-UUID`.
fn key(folder: &str, now: Timestamp, random: &str) -> String {
    let at = now.to_iso8601();
    let day = at.get(..10).unwrap_or_default().replace('-', "/");
    let second = at.get(..19).unwrap_or_default().replace(':', ".");
    format!("{folder}{day}/{second}-{random}")
}
