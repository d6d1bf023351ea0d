//! The service through its public face, over the store in memory and blobs in a directory.

mod bodies;
mod buckets;
mod changes;
mod copying;
mod crashes;
mod listing;
mod model;
mod multipart;
mod reading;

use blob::Blobs;
use bytes::Bytes;
use clock::{Clock, Timestamp};
use futures_util::TryStreamExt;
use kv::Kv;
use names::{AccountId, Region};
use objects::{
    Attributes, BucketName, BucketRef, Caller, ChangeEvent, CreateBucket, Found, GetObject, IncomingBody,
    ObjectKey, Objects, ObjectsError, PutObject, ReadConditions, TagSet, Wanted, WriteConditions, Written,
};
use tempfile::TempDir;

/// A fresh service with one bucket, `photos`, in another region than the default one.
pub struct World {
    pub objects: Objects,
    pub kv: Kv,
    pub blobs: Blobs,
    pub clock: Clock,
    pub directory: TempDir,
}

impl World {
    pub async fn new() -> World {
        let clock = Clock::simulated(Timestamp::from_seconds(1_800_000_000), 1);
        let directory = tempfile::tempdir().unwrap();
        let kv = Kv::memory();
        let blobs = Blobs::local(directory.path().to_owned(), clock.clone()).unwrap();
        let objects = Objects::new(kv.clone(), blobs.clone(), clock.clone());
        let world = World { objects, kv, blobs, clock, directory };
        world.create_bucket("photos").await.unwrap();
        world
    }

    pub async fn create_bucket(&self, name: &str) -> Result<(), ObjectsError> {
        let request = CreateBucket {
            name: BucketName::parse(name)?,
            owner: AccountId::root(),
            region: Region::parse("eu-west-1").unwrap(),
            tags: TagSet::default(),
        };
        self.objects.create_bucket(request).await
    }

    pub async fn put(&self, name: &str, bytes: impl Into<Bytes>) -> Result<Written, ObjectsError> {
        self.objects.put_object(put(name), IncomingBody::from_bytes(bytes)).await
    }

    pub async fn get(&self, name: &str) -> Result<(Found, Bytes), ObjectsError> {
        self.get_part(name, Wanted::Whole).await
    }

    pub async fn get_part(&self, name: &str, wanted: Wanted) -> Result<(Found, Bytes), ObjectsError> {
        let (found, body) = self.objects.get_object(get(name, wanted)).await?;
        let chunks: Vec<Bytes> = body.stream.try_collect().await?;
        let bytes = Bytes::from(chunks.concat());
        assert_eq!(bytes.len() as u64, body.length);
        Ok((found, bytes))
    }

    pub async fn delete(&self, name: &str) -> Result<(), ObjectsError> {
        self.objects.delete_object(bucket(), key(name), WriteConditions::default(), Caller::default()).await
    }

    /// Files on disk after everything forgotten has been swept: only what records name.
    pub async fn files_left(&self) -> usize {
        self.clock.advance(std::time::Duration::from_secs(48 * 3600));
        self.blobs.sweep(&self.kv).await.unwrap();
        files_in(self.directory.path())
    }
}

pub fn files_in(directory: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { files_in(&entry.path()) } else { 1 }).sum()
}

pub fn bucket() -> BucketRef {
    bucket_named("photos")
}

pub fn bucket_named(name: &str) -> BucketRef {
    BucketRef { name: BucketName::parse(name).unwrap(), expected_owner: Some(AccountId::root()) }
}

pub fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).unwrap()
}

pub fn put(name: &str) -> PutObject {
    PutObject {
        bucket: bucket(),
        key: key(name),
        attributes: Attributes::default(),
        tags: TagSet::default(),
        conditions: WriteConditions::default(),
        caller: Caller::default(),
        event: ChangeEvent::CreatedPut,
    }
}

pub fn get(name: &str, wanted: Wanted) -> GetObject {
    GetObject { bucket: bucket(), key: key(name), conditions: ReadConditions::default(), wanted }
}

/// Bytes that differ from their neighbours, so that a wrong offset is seen.
pub fn pattern(length: usize) -> Bytes {
    (0..length).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect()
}

#[test]
fn operations_can_be_awaited_on_any_thread() {
    fn sendable(_: impl Send) {}
    fn each(objects: &Objects, body: IncomingBody) {
        sendable(objects.put_object(put("a"), body));
        sendable(objects.get_object(get("a", Wanted::Whole)));
    }
    let _ = each;
}
