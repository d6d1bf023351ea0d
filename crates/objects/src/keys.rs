//! Where each record lies.

use crate::{BucketName, ObjectKey, UploadId};
use names::{AccountId, Key, Keyspace};

pub(crate) fn bucket(name: &BucketName) -> Key {
    Key::new(Keyspace::Bucket).text(name.as_str())
}

pub(crate) fn account_buckets(account: &AccountId) -> Key {
    Key::new(Keyspace::AccountBucket).text(account.as_str())
}

pub(crate) fn account_bucket(account: &AccountId, name: &BucketName) -> Key {
    account_buckets(account).text(name.as_str())
}

pub(crate) fn objects(bucket: &BucketName) -> Key {
    Key::new(Keyspace::Object).text(bucket.as_str())
}

pub(crate) fn object(bucket: &BucketName, key: &ObjectKey) -> Key {
    objects(bucket).text(key.as_str())
}

pub(crate) fn uploads(bucket: &BucketName) -> Key {
    Key::new(Keyspace::Upload).text(bucket.as_str())
}

pub(crate) fn upload(bucket: &BucketName, key: &ObjectKey, id: &UploadId) -> Key {
    uploads(bucket).text(key.as_str()).text(id.as_str())
}

pub(crate) fn parts(upload: &UploadId) -> Key {
    Key::new(Keyspace::Part).text(upload.as_str())
}

pub(crate) fn part(upload: &UploadId, number: u16) -> Key {
    parts(upload).number(u64::from(number))
}

pub(crate) fn inline_body(id: &str) -> Key {
    Key::new(Keyspace::InlineBody).text(id)
}

pub(crate) fn changes() -> Key {
    Key::new(Keyspace::ObjectChange)
}

pub(crate) fn change(sequence: u64) -> Key {
    changes().number(sequence)
}

pub(crate) fn held_changes() -> Key {
    Key::new(Keyspace::HeldChange)
}

/// `function` is an ARN.
pub(crate) fn held_changes_of(function: &str) -> Key {
    held_changes().text(function)
}

pub(crate) fn held_change(function: &str, sequence: u64) -> Key {
    held_changes_of(function).number(sequence)
}

pub(crate) fn change_sequence() -> Key {
    Key::new(Keyspace::ObjectSequence)
}
