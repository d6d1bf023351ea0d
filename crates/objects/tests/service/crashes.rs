//! What a crash leaves: everything acknowledged, and garbage that the next start finds.

use crate::{World, bucket, files_in, key, pattern};
use blob::Blobs;
use bytes::Bytes;
use clock::Clock;
use kv::{Kv, SqliteOptions};
use names::{AccountId, Region};
use objects::{BucketName, CreateBucket, IncomingBody, Objects, TagSet};
use std::path::Path;

async fn open(directory: &Path) -> World {
    let clock = Clock::real();
    let kv = Kv::open(SqliteOptions::new(directory.join("kv")), clock.clone()).unwrap();
    let blobs = Blobs::local(directory.join("blobs"), clock.clone()).unwrap();
    let objects = Objects::new(kv.clone(), blobs.clone(), clock.clone());
    World { objects, kv, blobs, clock, directory: tempfile::tempdir().unwrap() }
}

#[tokio::test]
async fn after_a_restart_every_acknowledged_object_is_there_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let sizes = [0, 10, 32 * 1024, 100_000, 2_000_000];
    let world = open(directory.path()).await;
    let request = CreateBucket {
        name: BucketName::parse("photos").unwrap(),
        owner: AccountId::root(),
        region: Region::default_region(),
        tags: TagSet::default(),
    };
    world.objects.create_bucket(request).await.unwrap();
    for size in sizes {
        world.put(&format!("kept-{size}"), pattern(size)).await.unwrap();
    }
    // The crash came between the bytes and the transaction that would have named them.
    let mut orphan = world.blobs.writer().await.unwrap();
    orphan.write(Bytes::from_static(b"acknowledged to nobody")).await.unwrap();
    orphan.finish().await.unwrap();
    world.kv.close().await;
    drop(world);

    let world = open(directory.path()).await;
    let blobs = directory.path().join("blobs");
    assert_eq!(files_in(&blobs), 3);
    world.blobs.sweep_orphans(&world.kv).await.unwrap();
    assert_eq!(files_in(&blobs), 2, "the two large bodies");
    for size in sizes {
        assert_eq!(world.get(&format!("kept-{size}")).await.unwrap().1, pattern(size), "{size}");
    }
    world.kv.close().await;
}

/// The client went away in the middle of its body, or while the body was being committed.
#[tokio::test]
async fn an_upload_that_is_dropped_at_any_point_leaves_all_or_nothing() {
    let world = World::new().await;
    let bytes = pattern(300_000);
    for polls in 0..60 {
        let name = format!("dropped-{polls}");
        let upload = world.objects.put_object(crate::put(&name), IncomingBody::from_bytes(bytes.clone()));
        let mut upload = Box::pin(upload);
        let mut done = false;
        for _ in 0..polls {
            if futures_util::FutureExt::now_or_never(&mut upload).is_some() {
                done = true;
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(upload);
        match world.get(&name).await {
            Ok((found, back)) => assert_eq!((found.info.size, back), (300_000, bytes.clone())),
            Err(error) => assert!(!done, "acknowledged and then {error}"),
        }
    }
    // What was given up, at whichever point, is no file any more, long before a restart. One that was given up
    // while it was being committed may be there only after it was looked for: so all are deleted, again and again.
    for _ in 0..1_000 {
        for polls in 0..60 {
            let key = key(&format!("dropped-{polls}"));
            world.objects.delete_object(bucket(), key, Default::default(), Default::default()).await.unwrap();
        }
        if world.files_left().await == 0 {
            break;
        }
        tokio::task::spawn_blocking(|| ()).await.unwrap();
    }
    assert_eq!(world.files_left().await, 0);
}
