use crate::{World, bucket, bucket_named, put};
use names::{AccountId, Region};
use objects::{
    BucketName, Caller, CreateBucket, CreateMultipartUpload, IncomingBody, ListBuckets, ObjectsError, Tag,
    TagSet,
};

fn create(name: &str, owner: &str, region: &str) -> CreateBucket {
    CreateBucket {
        name: BucketName::parse(name).unwrap(),
        owner: AccountId::parse(owner).unwrap(),
        region: Region::parse(region).unwrap(),
        tags: TagSet::default(),
    }
}

const ONE: &str = "111111111111";
const TWO: &str = "222222222222";

#[tokio::test]
async fn a_name_is_given_once() {
    let World { objects, .. } = World::new().await;
    let code = async |owner, region| match objects.create_bucket(create("shared", owner, region)).await {
        Ok(()) => "made",
        Err(ObjectsError::BucketAlreadyExists) => "exists",
        Err(ObjectsError::BucketAlreadyOwnedByYou) => "yours",
        Err(other) => panic!("{other}"),
    };
    assert_eq!(code(ONE, "us-east-1").await, "made");
    assert_eq!(code(ONE, "us-east-1").await, "made");
    assert_eq!(code(ONE, "eu-west-1").await, "yours");
    assert_eq!(code(TWO, "us-east-1").await, "exists");
}

#[tokio::test]
async fn each_account_lists_its_own() {
    let World { objects, .. } = World::new().await;
    for (name, owner, region) in [
        ("bbb", ONE, "us-east-1"),
        ("abc", ONE, "eu-west-1"),
        ("abd", ONE, "us-east-1"),
        ("xyz", TWO, "us-east-1"),
    ] {
        objects.create_bucket(create(name, owner, region)).await.unwrap();
    }
    let list = async |prefix: &str, region: Option<&str>, after: Option<&str>, max| {
        let request = ListBuckets {
            owner: AccountId::parse(ONE).unwrap(),
            prefix: prefix.to_owned(),
            region: region.map(|region| Region::parse(region).unwrap()),
            after: after.map(str::to_owned),
            max,
        };
        let page = objects.list_buckets(request).await.unwrap();
        let names: Vec<_> = page.buckets.iter().map(|bucket| bucket.name.to_string()).collect();
        (names.join(" "), page.truncated)
    };
    let is = |names: &str, truncated| (names.to_owned(), truncated);
    assert_eq!(list("", None, None, 100).await, is("abc abd bbb", false));
    assert_eq!(list("", None, None, 2).await, is("abc abd", true));
    assert_eq!(list("", None, Some("abd"), 2).await, is("bbb", false));
    assert_eq!(list("ab", None, None, 2).await, is("abc abd", false));
    assert_eq!(list("", Some("us-east-1"), None, 1).await, is("abd", true));
    assert_eq!(list("zz", None, None, 1).await, is("", false));
}

#[tokio::test]
async fn only_an_empty_bucket_goes_and_takes_its_uploads_along() {
    let world = World::new().await;
    let upload = CreateMultipartUpload {
        bucket: bucket(),
        key: crate::key("big"),
        attributes: Default::default(),
        tags: TagSet::default(),
        checksum_algorithm: None,
        checksum_kind: None,
        caller: Caller::default(),
    };
    for _ in 0..2 {
        let created = world.objects.create_multipart_upload(upload.clone()).await.unwrap();
        let part = objects::UploadRef { bucket: bucket(), key: crate::key("big"), id: created.id };
        world.objects.upload_part(part, 1, IncomingBody::from_bytes(crate::pattern(100_000))).await.unwrap();
    }
    world.put("a", "x").await.unwrap();
    let refused = world.objects.delete_bucket(bucket()).await;
    assert!(matches!(refused, Err(ObjectsError::BucketNotEmpty)), "{refused:?}");
    world.delete("a").await.unwrap();
    world.objects.delete_bucket(bucket()).await.unwrap();
    let gone = world.objects.head_bucket(bucket()).await;
    assert!(matches!(gone, Err(ObjectsError::NoSuchBucket)), "{gone:?}");
    assert_eq!(world.files_left().await, 0);
    world.create_bucket("photos").await.unwrap();
}

#[tokio::test]
async fn a_bucket_of_another_owner_is_refused_everywhere() {
    let world = World::new().await;
    world.put("a", "x").await.unwrap();
    let mut theirs = bucket();
    theirs.expected_owner = Some(AccountId::parse(TWO).unwrap());
    let mut writing = put("a");
    writing.bucket = theirs.clone();
    let mut reading = crate::get("a", objects::Wanted::Whole);
    reading.bucket = theirs.clone();
    let objects = &world.objects;
    let key = || crate::key("a");
    for refused in [
        objects.head_bucket(theirs.clone()).await.err(),
        objects.delete_bucket(theirs.clone()).await.err(),
        objects.get_bucket_tagging(theirs.clone()).await.err(),
        objects.put_object(writing, IncomingBody::from_bytes("y")).await.err(),
        objects.get_object(reading).await.err(),
        objects.get_object_tagging(theirs.clone(), key()).await.err(),
        objects.delete_object(theirs, key(), Default::default(), Caller::default()).await.err(),
    ] {
        assert!(matches!(refused, Some(ObjectsError::NotTheOwner)), "{refused:?}");
    }
    assert_eq!(world.get("a").await.unwrap().1, "x");
}

#[tokio::test]
async fn tags_are_replaced_as_a_set() {
    let World { objects, .. } = World::new().await;
    let none = objects.get_bucket_tagging(bucket()).await;
    assert!(matches!(none, Err(ObjectsError::NoSuchTagSet)), "{none:?}");
    let tags =
        |key: &str| TagSet::for_bucket(vec![Tag { key: key.to_owned(), value: "1".to_owned() }]).unwrap();
    for key in ["a", "b"] {
        objects.put_bucket_tagging(bucket(), tags(key)).await.unwrap();
        assert_eq!(objects.get_bucket_tagging(bucket()).await.unwrap(), tags(key));
    }
    let missing = objects.put_bucket_tagging(bucket_named("nowhere"), tags("a")).await;
    assert!(matches!(missing, Err(ObjectsError::NoSuchBucket)), "{missing:?}");
}
