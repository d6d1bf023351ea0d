use crate::{World, bucket, get, key, pattern};
use objects::{
    ByteRange, Caller, DeleteEntry, EtagCondition, IncomingBody, ObjectsError, Tag, TagSet, Wanted,
    WriteConditions,
};

#[tokio::test]
async fn ranges_are_cut_exactly() {
    let world = World::new().await;
    for size in [100_usize, 1_000_000] {
        let bytes = pattern(size);
        world.put("a", bytes.clone()).await.unwrap();
        for range in [
            ByteRange::FromTo(0, 0),
            ByteRange::FromTo(10, 50),
            ByteRange::FromTo(50, u64::MAX),
            ByteRange::From(99),
            ByteRange::Last(1),
            ByteRange::Last(u64::MAX),
        ] {
            let (found, part) = world.get_part("a", Wanted::Range(range)).await.unwrap();
            let (start, end) = (found.range.start as usize, found.range.end as usize);
            assert_eq!(part, bytes.slice(start..end), "{range:?}");
            assert!(found.partial);
            assert_eq!(found.checksum.is_some(), end - start == size, "{range:?}");
        }
        let beyond = world.get_part("a", Wanted::Range(ByteRange::From(size as u64))).await;
        assert!(matches!(beyond, Err(ObjectsError::InvalidRange { .. })));
    }
}

#[tokio::test]
async fn what_came_whole_is_its_own_part_one() {
    let world = World::new().await;
    world.put("a", "abc").await.unwrap();
    let (found, bytes) = world.get_part("a", Wanted::Part(1)).await.unwrap();
    assert_eq!((bytes.as_ref(), found.info.parts), (b"abc".as_slice(), None));
    let none = world.get_part("a", Wanted::Part(2)).await;
    assert!(matches!(none, Err(ObjectsError::InvalidPartNumber { requested: 2, count: 1 })));
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let world = World::new().await;
    assert!(matches!(world.get("a").await, Err(ObjectsError::NoSuchKey)));
    let mut elsewhere = get("a", Wanted::Whole);
    elsewhere.bucket = crate::bucket_named("nowhere");
    assert!(matches!(world.objects.head_object(elsewhere).await, Err(ObjectsError::NoSuchBucket)));
    assert!(world.delete("a").await.is_ok(), "deleting what is not there succeeds");
}

#[tokio::test]
async fn tags_change_without_touching_the_object() {
    let world = World::new().await;
    world.put("a", "x").await.unwrap();
    let before = world.objects.head_object(get("a", Wanted::Whole)).await.unwrap();
    let tags = TagSet::for_object(vec![Tag { key: "k".to_owned(), value: "v".to_owned() }]).unwrap();
    world.clock.advance(std::time::Duration::from_secs(60));
    world.objects.put_object_tagging(bucket(), key("a"), tags.clone()).await.unwrap();
    assert_eq!(world.objects.get_object_tagging(bucket(), key("a")).await.unwrap(), tags);
    let after = world.objects.head_object(get("a", Wanted::Whole)).await.unwrap();
    assert_eq!((after.info.tag_count, after.info.last_modified), (1, before.info.last_modified));
}

#[tokio::test]
async fn many_are_deleted_each_for_itself() {
    let world = World::new().await;
    for name in ["a", "b", "c"] {
        world.put(name, pattern(50_000)).await.unwrap();
    }
    let entry = |name: &str, tag: Option<&str>| DeleteEntry {
        key: key(name),
        conditions: WriteConditions { if_match: tag.map(EtagCondition::parse), if_none_match: None },
    };
    let entries =
        vec![entry("a", None), entry("b", Some("\"wrong\"")), entry("missing", None), entry("c", None)];
    let results = world.objects.delete_objects(bucket(), entries, Caller::default()).await.unwrap();
    let gone: Vec<bool> = results.iter().map(Result::is_ok).collect();
    assert_eq!(gone, [true, false, true, true]);
    assert!(world.get("b").await.is_ok());
    assert_eq!(world.files_left().await, 1);
    let too_many = vec![entry("a", None); 1001];
    assert!(world.objects.delete_objects(bucket(), too_many, Caller::default()).await.is_err());
}

#[tokio::test]
async fn of_many_who_create_one_wins() {
    let world = World::new().await;
    let mut tasks = Vec::new();
    for i in 0..20 {
        let objects = world.objects.clone();
        tasks.push(tokio::spawn(async move {
            let mut request = crate::put("a");
            request.conditions.if_none_match = Some(EtagCondition::Any);
            objects.put_object(request, IncomingBody::from_bytes(format!("{i}"))).await.is_ok()
        }));
    }
    let mut won = 0;
    for task in tasks {
        won += usize::from(task.await.unwrap());
    }
    assert_eq!(won, 1);
}
