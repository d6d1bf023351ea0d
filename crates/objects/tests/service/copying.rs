use crate::{World, bucket, get, key, pattern, put};
use objects::{
    Attributes, Caller, ChecksumAlgorithm, CopyObject, CopySource, EtagCondition, IncomingBody, ObjectsError,
    ReadConditions, Tag, TagSet, Wanted, WriteConditions,
};

fn copy(from: &str, to: &str) -> CopyObject {
    CopyObject {
        bucket: bucket(),
        key: key(to),
        source: CopySource { bucket: bucket(), key: key(from), conditions: ReadConditions::default() },
        attributes: None,
        tags: None,
        checksum_algorithm: None,
        conditions: WriteConditions::default(),
        caller: Caller::default(),
    }
}

fn named(value: &str) -> Attributes {
    Attributes { content_type: Some(value.to_owned()), ..Attributes::default() }
}

fn tags(value: &str) -> TagSet {
    TagSet::for_object(vec![Tag { key: "k".to_owned(), value: value.to_owned() }]).unwrap()
}

#[tokio::test]
async fn a_copy_has_the_bytes_and_whatever_is_not_replaced() {
    let world = World::new().await;
    for size in [10, 1_500_000] {
        let bytes = pattern(size);
        let mut request = put("a");
        request.attributes = named("image/png");
        request.tags = tags("old");
        let source =
            world.objects.put_object(request, IncomingBody::from_bytes(bytes.clone())).await.unwrap();

        let same = world.objects.copy_object(copy("a", "b")).await.unwrap();
        assert_eq!((same.etag, same.checksum), (source.etag, source.checksum));
        let (found, back) = world.get("b").await.unwrap();
        assert_eq!((back, found.info.attributes), (bytes.clone(), named("image/png")));
        assert_eq!(world.objects.get_object_tagging(bucket(), key("b")).await.unwrap(), tags("old"));

        let mut replacing = copy("a", "b");
        replacing.attributes = Some(named("text/plain"));
        replacing.tags = Some(tags("new"));
        replacing.checksum_algorithm = Some(ChecksumAlgorithm::Sha256);
        let other = world.objects.copy_object(replacing).await.unwrap();
        assert_eq!(other.checksum.algorithm, ChecksumAlgorithm::Sha256);
        assert_eq!(world.get("b").await.unwrap().0.info.attributes, named("text/plain"));
        assert_eq!(world.objects.get_object_tagging(bucket(), key("b")).await.unwrap(), tags("new"));
    }
    world.delete("a").await.unwrap();
    assert_eq!(world.get("b").await.unwrap().1, pattern(1_500_000), "a copy stands on its own");
    assert_eq!(world.files_left().await, 1);
}

#[tokio::test]
async fn onto_itself_only_the_record_changes() {
    let world = World::new().await;
    let written = world.put("a", pattern(100_000)).await.unwrap();
    let nothing = world.objects.copy_object(copy("a", "a")).await;
    assert!(matches!(nothing, Err(ObjectsError::InvalidRequest(_))), "{nothing:?}");
    for algorithm in [None, Some(ChecksumAlgorithm::Sha1)] {
        let mut request = copy("a", "a");
        request.attributes = Some(named("image/png"));
        request.checksum_algorithm = algorithm;
        let rewritten = world.objects.copy_object(request).await.unwrap();
        assert_eq!(rewritten.etag, written.etag);
        assert_eq!(rewritten.checksum.algorithm, algorithm.unwrap_or(ChecksumAlgorithm::DEFAULT));
        let (found, bytes) = world.get("a").await.unwrap();
        assert_eq!((bytes, found.info.attributes), (pattern(100_000), named("image/png")));
        assert_eq!(world.files_left().await, 1);
    }
}

#[tokio::test]
async fn conditions_on_the_source_never_answer_not_modified() {
    let world = World::new().await;
    let etag = world.put("a", "x").await.unwrap().etag;
    let mut request = copy("a", "b");
    request.source.conditions.if_none_match = Some(EtagCondition::parse(&etag));
    let refused = world.objects.copy_object(request).await;
    assert!(matches!(refused, Err(ObjectsError::PreconditionFailed { .. })), "{refused:?}");
    let missing = world.objects.copy_object(copy("nowhere", "b")).await;
    assert!(matches!(missing, Err(ObjectsError::NoSuchKey)), "{missing:?}");
    let none = world.objects.head_object(get("b", Wanted::Whole)).await;
    assert!(matches!(none, Err(ObjectsError::NoSuchKey)), "{none:?}");
}
