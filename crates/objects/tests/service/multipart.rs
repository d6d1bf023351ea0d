use crate::{World, bucket, get, key, pattern};
use bytes::Bytes;
use md5::{Digest, Md5};
use objects::{
    ByteRange, Caller, Checksum, ChecksumAlgorithm, ChecksumHasher, ChecksumKind, CompleteMultipartUpload,
    CompletedPart, CopySource, CreateMultipartUpload, DeclaredChecksum, EtagCondition, ExpectedChecksum,
    IncomingBody, ListUploads, ObjectsError, PART_BYTES_MIN, ReadConditions, TagSet, UploadPartCopy,
    UploadRef, Wanted, WriteConditions,
};

const BIG: usize = PART_BYTES_MIN as usize;

async fn create_with(
    world: &World,
    algorithm: Option<ChecksumAlgorithm>,
    kind: Option<ChecksumKind>,
) -> Result<UploadRef, ObjectsError> {
    let request = CreateMultipartUpload {
        bucket: bucket(),
        key: key("big"),
        attributes: Default::default(),
        tags: TagSet::default(),
        checksum_algorithm: algorithm,
        checksum_kind: kind,
        caller: Caller { principal: "arn:aws:iam::000000000000:root".to_owned(), ..Caller::default() },
    };
    let created = world.objects.create_multipart_upload(request).await?;
    Ok(UploadRef { bucket: bucket(), key: key("big"), id: created.id })
}

async fn create(world: &World) -> UploadRef {
    create_with(world, None, None).await.unwrap()
}

async fn part(world: &World, upload: &UploadRef, number: u16, bytes: &Bytes) -> CompletedPart {
    let body = IncomingBody::from_bytes(bytes.clone());
    let uploaded = world.objects.upload_part(upload.clone(), number, body).await.unwrap();
    assert_eq!(uploaded.etag, hex::encode(Md5::digest(bytes)));
    CompletedPart { number, etag: uploaded.etag, checksums: Vec::new() }
}

fn complete(upload: &UploadRef, parts: Vec<CompletedPart>) -> CompleteMultipartUpload {
    CompleteMultipartUpload {
        upload: upload.clone(),
        parts,
        checksum: None,
        checksum_kind: None,
        size: None,
        conditions: WriteConditions::default(),
        caller: Caller::default(),
    }
}

fn digest(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Checksum {
    let mut hasher = ChecksumHasher::new(algorithm);
    hasher.update(bytes);
    Checksum::full_object(algorithm, &hasher.finish())
}

#[tokio::test]
async fn parts_become_one_object_and_the_others_go() {
    let world = World::new().await;
    world.put("big", pattern(70_000)).await.unwrap();
    let upload = create(&world).await;
    let bytes = [pattern(BIG), pattern(BIG + 7), pattern(11)];
    // Out of order, one replaced, one left out.
    let third = part(&world, &upload, 9, &bytes[2]).await;
    part(&world, &upload, 2, &pattern(100_000)).await;
    let first = part(&world, &upload, 2, &bytes[0]).await;
    part(&world, &upload, 3, &pattern(200_000)).await;
    let second = part(&world, &upload, 5, &bytes[1]).await;
    let named = vec![first, second, third];
    let request = complete(&upload, named.clone());
    let written = world.objects.complete_multipart_upload(request.clone()).await.unwrap();

    let whole = bytes.concat();
    let md5s: Vec<u8> = bytes.iter().flat_map(|bytes| Md5::digest(bytes).to_vec()).collect();
    assert_eq!(written.etag, format!("{}-3", hex::encode(Md5::digest(&md5s))));
    assert_eq!(written.checksum, digest(ChecksumAlgorithm::Crc64Nvme, &whole));
    let (found, back) = world.get("big").await.unwrap();
    assert_eq!((found.info.parts, back.as_ref()), (Some(3), whole.as_slice()));
    assert_eq!(world.files_left().await, 2, "the small part is inline, all else is swept");

    // Ranges over the seams, and parts by their position.
    for (start, end) in [(0, 0), (BIG - 3, BIG + 3), (BIG + 1, 2 * BIG + 8), (0, 2 * BIG + 17)] {
        let range = ByteRange::FromTo(start as u64, end as u64);
        let (_, cut) = world.get_part("big", Wanted::Range(range)).await.unwrap();
        assert_eq!(cut, &whole[start..(end + 1).min(whole.len())], "{start}-{end}");
    }
    for (position, bytes) in (1..).zip(&bytes) {
        let (found, one) = world.get_part("big", Wanted::Part(position)).await.unwrap();
        assert_eq!(&one, bytes);
        assert_eq!(found.checksum.unwrap(), digest(ChecksumAlgorithm::Crc64Nvme, bytes));
    }
    assert!(world.get_part("big", Wanted::Part(4)).await.is_err());
    let (_, parts) = world.objects.get_object_attributes(bucket(), key("big"), 1, 1).await.unwrap();
    let parts = parts.unwrap();
    assert_eq!((parts.total, parts.parts.len(), parts.parts[0].number, parts.truncated), (3, 1, 2, true));

    // The client that did not hear the answer asks again.
    assert_eq!(world.objects.complete_multipart_upload(request.clone()).await.unwrap(), written);
    let other = world.objects.complete_multipart_upload(complete(&upload, named[..2].to_vec())).await;
    assert!(matches!(other, Err(ObjectsError::NoSuchUpload)), "{other:?}");
    world.put("big", "small now").await.unwrap();
    let late = world.objects.complete_multipart_upload(request).await;
    assert!(matches!(late, Err(ObjectsError::NoSuchUpload)), "{late:?}");
    assert_eq!(world.files_left().await, 0);
}

#[tokio::test]
async fn a_wrong_list_of_parts_is_refused_and_the_upload_stays() {
    let world = World::new().await;
    let upload = create(&world).await;
    let one = part(&world, &upload, 1, &pattern(BIG)).await;
    let small = part(&world, &upload, 2, &pattern(10)).await;
    let last = part(&world, &upload, 3, &pattern(20)).await;
    let missing = CompletedPart { number: 4, ..one.clone() };
    let wrong = CompletedPart { etag: "00".repeat(16), ..one.clone() };
    let checksum = (ChecksumAlgorithm::Crc64Nvme, "AAAAAAAAAAA=".to_owned());
    let damaged = CompletedPart { checksums: vec![checksum.clone()], ..one.clone() };
    let cases = [
        (complete(&upload, vec![]), "list"),
        (complete(&upload, vec![last.clone(), one.clone()]), "order"),
        (complete(&upload, vec![one.clone(), one.clone()]), "order"),
        (complete(&upload, vec![one.clone(), missing]), "part"),
        (complete(&upload, vec![wrong]), "part"),
        (complete(&upload, vec![damaged]), "part"),
        (complete(&upload, vec![one.clone(), small, last.clone()]), "small"),
        (CompleteMultipartUpload { size: Some(1), ..complete(&upload, vec![one.clone()]) }, "request"),
        (
            CompleteMultipartUpload {
                checksum_kind: Some(ChecksumKind::Composite),
                ..complete(&upload, vec![one.clone()])
            },
            "request",
        ),
        (CompleteMultipartUpload { checksum: Some(checksum), ..complete(&upload, vec![one.clone()]) }, "sum"),
        (
            CompleteMultipartUpload {
                conditions: WriteConditions { if_match: Some(EtagCondition::Any), if_none_match: None },
                ..complete(&upload, vec![one.clone()])
            },
            "key",
        ),
    ];
    for (request, expected) in cases {
        let code = match world.objects.complete_multipart_upload(request).await.unwrap_err() {
            ObjectsError::MalformedXml(_) => "list",
            ObjectsError::InvalidPartOrder => "order",
            ObjectsError::InvalidPart { .. } => "part",
            ObjectsError::EntityTooSmall { part_number: 2, size: 10, .. } => "small",
            ObjectsError::InvalidRequest(_) => "request",
            ObjectsError::BadChecksum { .. } => "sum",
            ObjectsError::NoSuchKey => "key",
            other => panic!("{other}"),
        };
        assert_eq!(code, expected);
    }
    assert!(world.objects.complete_multipart_upload(complete(&upload, vec![one, last])).await.is_ok());
}

#[tokio::test]
async fn each_checksum_in_each_form_it_has() {
    let world = World::new().await;
    let bytes = [pattern(BIG), pattern(1000)];
    for algorithm in ChecksumAlgorithm::ALL {
        for kind in [ChecksumKind::FullObject, ChecksumKind::Composite] {
            if !algorithm.allows(kind) {
                assert!(create_with(&world, Some(algorithm), Some(kind)).await.is_err());
                continue;
            }
            let upload = create_with(&world, Some(algorithm), Some(kind)).await.unwrap();
            let mut named = Vec::new();
            for (number, bytes) in (1..).zip(&bytes) {
                let sum = digest(algorithm, bytes).value;
                let mut body = IncomingBody::from_bytes(bytes.clone());
                body.checksum =
                    Some(DeclaredChecksum { algorithm, expected: ExpectedChecksum::Value(sum.clone()) });
                let uploaded = world.objects.upload_part(upload.clone(), number, body).await.unwrap();
                assert_eq!(uploaded.checksum.value, sum);
                named.push(CompletedPart { number, etag: uploaded.etag, checksums: vec![(algorithm, sum)] });
            }
            if kind == ChecksumKind::Composite {
                let mut silent = named.clone();
                silent[1].checksums.clear();
                let refused = world.objects.complete_multipart_upload(complete(&upload, silent)).await;
                assert!(
                    matches!(&refused, Err(ObjectsError::InvalidRequest(why)) if why.contains("for part 2")),
                    "{refused:?}"
                );
            }
            let mut request = complete(&upload, named);
            request.checksum_kind = Some(kind);
            if kind == ChecksumKind::FullObject {
                request.checksum = Some((algorithm, digest(algorithm, &bytes.concat()).value));
            }
            let written = world.objects.complete_multipart_upload(request).await.unwrap();
            assert_eq!((written.checksum.algorithm, written.checksum.kind), (algorithm, kind));
            assert_eq!(written.checksum.value.ends_with("-2"), kind == ChecksumKind::Composite);
        }
    }
}

#[tokio::test]
async fn a_part_must_come_with_the_checksum_that_was_chosen() {
    let world = World::new().await;
    let declared = |algorithm| {
        let mut body = IncomingBody::from_bytes("abc");
        body.checksum = Some(DeclaredChecksum { algorithm, expected: ExpectedChecksum::Computed });
        body
    };
    let chosen = create_with(&world, Some(ChecksumAlgorithm::Sha256), None).await.unwrap();
    let other = world.objects.upload_part(chosen.clone(), 1, declared(ChecksumAlgorithm::Crc32)).await;
    assert!(matches!(other, Err(ObjectsError::InvalidRequest(_))), "{other:?}");
    let same = world.objects.upload_part(chosen, 1, declared(ChecksumAlgorithm::Sha256)).await.unwrap();
    assert_eq!(same.checksum, digest(ChecksumAlgorithm::Sha256, b"abc"));

    // Not chosen: any will do, can be repeated when completing, and the object has the default one.
    let free = create(&world).await;
    let crc = world.objects.upload_part(free.clone(), 1, declared(ChecksumAlgorithm::Crc32)).await.unwrap();
    assert_eq!(crc.checksum, digest(ChecksumAlgorithm::Crc32, b"abc"));
    let repeated = vec![(ChecksumAlgorithm::Crc32, crc.checksum.value)];
    let named = CompletedPart { number: 1, etag: crc.etag, checksums: repeated };
    let written = world.objects.complete_multipart_upload(complete(&free, vec![named])).await.unwrap();
    assert_eq!(written.checksum, digest(ChecksumAlgorithm::Crc64Nvme, b"abc"));
}

#[tokio::test]
async fn part_numbers_are_bounded_and_a_part_for_no_upload_leaves_nothing() {
    let world = World::new().await;
    let upload = create(&world).await;
    for number in [0, 10_001] {
        let refused = world.objects.upload_part(upload.clone(), number, IncomingBody::from_bytes("x")).await;
        assert!(matches!(refused, Err(ObjectsError::InvalidArgument { .. })), "{refused:?}");
    }
    part(&world, &upload, 10_000, &pattern(100_000)).await;
    world.objects.abort_multipart_upload(upload.clone()).await.unwrap();
    let again = world.objects.abort_multipart_upload(upload.clone()).await;
    assert!(matches!(again, Err(ObjectsError::NoSuchUpload)), "{again:?}");
    let late = world.objects.upload_part(upload.clone(), 1, IncomingBody::from_bytes(pattern(50_000))).await;
    assert!(matches!(late, Err(ObjectsError::NoSuchUpload)), "{late:?}");
    let list = world.objects.list_parts(upload, 0, 10).await;
    assert!(matches!(list, Err(ObjectsError::NoSuchUpload)), "{list:?}");
    assert_eq!(world.files_left().await, 0);
}

#[tokio::test]
async fn parts_and_uploads_are_listed_in_pages() {
    let world = World::new().await;
    let upload = create(&world).await;
    for number in [7, 1, 300] {
        part(&world, &upload, number, &pattern(usize::from(number))).await;
    }
    let numbers = async |after, max| {
        let page = world.objects.list_parts(upload.clone(), after, max).await.unwrap();
        assert_eq!(page.initiator, "arn:aws:iam::000000000000:root");
        (page.parts.iter().map(|part| (part.number, part.size)).collect::<Vec<_>>(), page.truncated)
    };
    assert_eq!(numbers(0, 2).await, (vec![(1, 1), (7, 7)], true));
    assert_eq!(numbers(7, 2).await, (vec![(300, 300)], false));

    // One key, three uploads, a page each.
    world.clock.advance(std::time::Duration::from_secs(1));
    let second = create(&world).await;
    world.clock.advance(std::time::Duration::from_secs(1));
    let third = create(&world).await;
    let mut after = None;
    for expected in [&upload, &second, &third] {
        let request =
            ListUploads { bucket: bucket(), prefix: "b".to_owned(), delimiter: None, after, max: 1 };
        let page = world.objects.list_multipart_uploads(request).await.unwrap();
        assert_eq!(page.uploads.iter().map(|upload| &upload.id).collect::<Vec<_>>(), [&expected.id]);
        after = page.next.map(|(key, id)| (key, id.map(|id| id.to_string())));
        assert_eq!(after.is_none(), expected == &third);
    }
}

#[tokio::test]
async fn a_part_can_be_copied_from_a_range_of_an_object() {
    let world = World::new().await;
    let source = pattern(BIG + 1000);
    world.put("a", source.clone()).await.unwrap();
    let upload = create(&world).await;
    let copy = |number, range| UploadPartCopy {
        upload: upload.clone(),
        number,
        source: CopySource { bucket: bucket(), key: key("a"), conditions: ReadConditions::default() },
        range,
    };
    let mut named = Vec::new();
    for (number, range) in [(1, Some(ByteRange::FromTo(1000, BIG as u64 + 999))), (2, None)] {
        let copied = world.objects.upload_part_copy(copy(number, range)).await.unwrap();
        named.push(CompletedPart { number, etag: copied.etag, checksums: Vec::new() });
    }
    let beyond = world.objects.upload_part_copy(copy(3, Some(ByteRange::FromTo(0, BIG as u64 + 1000)))).await;
    assert!(matches!(beyond, Err(ObjectsError::InvalidArgument { .. })), "{beyond:?}");
    world.objects.complete_multipart_upload(complete(&upload, named)).await.unwrap();
    let whole = [source.slice(1000..), source.clone()].concat();
    assert_eq!(world.get("big").await.unwrap().1, whole);
    let head = world.objects.head_object(get("big", Wanted::Whole)).await.unwrap();
    assert_eq!(head.info.size, whole.len() as u64);
}
