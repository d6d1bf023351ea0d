//! What comes in is verified, and what is refused loses nothing and leaves nothing.

use crate::{World, files_in, pattern, put};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use objects::{
    BodyError, BodyPiece, ChecksumAlgorithm, ChecksumHasher, DeclaredChecksum, ExpectedChecksum,
    IncomingBody, ObjectsError, UPLOAD_BYTES_MAX,
};

const SIZES: [usize; 8] = [0, 1, 32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, 700_000, 1_048_576, 3_000_001];

fn checksum(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> String {
    let mut hasher = ChecksumHasher::new(algorithm);
    hasher.update(bytes);
    STANDARD.encode(hasher.finish())
}

/// In chunks of 100,000 bytes.
fn body(bytes: Bytes, checksum: Option<DeclaredChecksum>, trailer: Option<String>) -> IncomingBody {
    let length = Some(bytes.len() as u64);
    let chunks: Vec<_> =
        bytes.chunks(100_000).map(|chunk| Ok(BodyPiece::Data(bytes.slice_ref(chunk)))).collect();
    let trailer = trailer.map(|value| Ok(BodyPiece::Checksum(value)));
    IncomingBody {
        stream: futures_util::stream::iter(chunks.into_iter().chain(trailer)).boxed(),
        length,
        content_md5: None,
        checksum,
    }
}

#[tokio::test]
async fn every_size_comes_back_with_its_md5_and_default_checksum() {
    use md5::{Digest, Md5};
    let world = World::new().await;
    for size in SIZES {
        let bytes = pattern(size);
        let written = world.objects.put_object(put("a"), body(bytes.clone(), None, None)).await.unwrap();
        assert_eq!(written.etag, hex::encode(Md5::digest(&bytes)));
        assert_eq!(written.checksum.algorithm, ChecksumAlgorithm::Crc64Nvme);
        assert_eq!(written.checksum.value, checksum(ChecksumAlgorithm::Crc64Nvme, &bytes));
        let (found, back) = world.get("a").await.unwrap();
        assert_eq!(back, bytes, "{size}");
        assert_eq!((found.info.size, found.info.etag), (size as u64, written.etag));
        let expected = usize::from(size > 32 * 1024);
        assert_eq!(
            world.files_left().await,
            expected,
            "{size}: replaced bodies are swept, small ones inline"
        );
    }
}

#[tokio::test]
async fn each_checksum_is_verified_from_header_and_trailer() {
    let world = World::new().await;
    for algorithm in ChecksumAlgorithm::ALL {
        for size in [10, 100_000] {
            let bytes = pattern(size);
            let right = checksum(algorithm, &bytes);
            let wrong = checksum(algorithm, b"something else");
            let given = |value: &String| DeclaredChecksum {
                algorithm,
                expected: ExpectedChecksum::Value(value.clone()),
            };
            let trailing = DeclaredChecksum { algorithm, expected: ExpectedChecksum::Trailer };
            let try_put = async |declared: DeclaredChecksum, trailer: Option<&String>| {
                let body = body(bytes.clone(), Some(declared), trailer.cloned());
                world.objects.put_object(put("a"), body).await
            };
            let computed = DeclaredChecksum { algorithm, expected: ExpectedChecksum::Computed };
            for accepted in [
                try_put(given(&right), None).await,
                try_put(trailing.clone(), Some(&right)).await,
                try_put(computed, None).await,
            ] {
                let written = accepted.unwrap();
                assert_eq!((written.checksum.algorithm, &written.checksum.value), (algorithm, &right));
            }
            let refused = try_put(given(&wrong), None).await;
            assert!(matches!(refused, Err(ObjectsError::BadChecksum { .. })), "{refused:?}");
            let refused = try_put(trailing.clone(), Some(&wrong)).await;
            assert!(matches!(refused, Err(ObjectsError::BadChecksum { .. })), "{refused:?}");
            let refused = try_put(given(&"AA".to_owned()), None).await;
            assert!(matches!(refused, Err(ObjectsError::InvalidDigest(_))), "{refused:?}");
            let refused = try_put(trailing, None).await;
            assert!(matches!(refused, Err(ObjectsError::InvalidRequest(_))), "{refused:?}");
            assert_eq!(world.get("a").await.unwrap().1, bytes, "a refused upload leaves what was there");
        }
    }
    assert_eq!(world.files_left().await, 1);
}

#[tokio::test]
async fn a_body_that_is_not_what_was_declared_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    world.put("a", "before").await.unwrap();
    let broken = || Err(BodyError(Box::new(std::io::Error::other("cut"))));
    for size in [10, 100_000, 2_000_000] {
        let data = || Ok(BodyPiece::Data(pattern(size)));
        let stream = |pieces: Vec<_>| futures_util::stream::iter(pieces).boxed();
        let length = Some(size as u64);
        let plain = |stream, length| IncomingBody { stream, length, content_md5: None, checksum: None };
        let cases = [
            plain(stream(vec![data()]), Some(size as u64 + 1)),
            plain(stream(vec![data(), data()]), length),
            plain(stream(vec![data(), broken()]), None),
            plain(stream(vec![]), length),
            plain(stream(vec![data()]), Some(UPLOAD_BYTES_MAX + 1)),
            IncomingBody { content_md5: Some([7; 16]), ..plain(stream(vec![data()]), length) },
        ];
        let mut codes = Vec::new();
        for body in cases {
            let refused = world.objects.put_object(put("a"), body).await.unwrap_err();
            codes.push(match refused {
                ObjectsError::IncompleteBody { .. } => "incomplete",
                ObjectsError::Body(_) => "source",
                ObjectsError::EntityTooLarge { .. } => "large",
                ObjectsError::BadMd5 => "md5",
                other => panic!("{other}"),
            });
        }
        assert_eq!(codes, ["incomplete", "incomplete", "source", "incomplete", "large", "md5"]);
    }
    assert_eq!(world.get("a").await.unwrap().1, "before");
    // Dropping a blob under way removes its file on a thread of its own.
    while files_in(world.directory.path()) > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_refused_transaction_takes_its_blob_along() {
    let world = World::new().await;
    let mut request = put("a");
    request.conditions.if_none_match = Some(objects::EtagCondition::Any);
    // Passes the early check, and loses the race to the one who writes while the body comes.
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let stream = futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|bytes| (Ok(BodyPiece::Data(bytes)), receiver))
    });
    let slow = IncomingBody { stream: stream.boxed(), length: None, content_md5: None, checksum: None };
    let loser = tokio::spawn({
        let objects = world.objects.clone();
        async move { objects.put_object(request, slow).await }
    });
    sender.send(pattern(100_000)).await.unwrap();
    sender.send(pattern(100_000)).await.unwrap();
    world.put("a", "winner").await.unwrap();
    drop(sender);
    let lost = loser.await.unwrap();
    assert!(matches!(lost, Err(ObjectsError::PreconditionFailed { .. })), "{lost:?}");
    assert_eq!(world.get("a").await.unwrap().1, "winner");
    assert_eq!(files_in(world.directory.path()), 0);
}

#[tokio::test]
async fn a_reader_sees_one_version_whole() {
    use futures_util::TryStreamExt;
    let world = World::new().await;
    let old = pattern(2_000_000);
    world.put("a", old.clone()).await.unwrap();
    let (_, body) = world.objects.get_object(crate::get("a", objects::Wanted::Whole)).await.unwrap();
    world.put("a", "new").await.unwrap();
    let chunks: Vec<Bytes> = body.stream.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), old);
}

#[tokio::test]
async fn metadata_is_bounded() {
    let world = World::new().await;
    let mut request = put("a");
    request.attributes.user.insert("k".to_owned(), "v".repeat(2047));
    world.objects.put_object(request.clone(), IncomingBody::from_bytes("x")).await.unwrap();
    assert_eq!(world.get("a").await.unwrap().0.info.attributes, request.attributes);
    request.attributes.user.insert("l".to_owned(), String::new());
    let refused = world.objects.put_object(request, IncomingBody::from_bytes("x")).await;
    assert!(matches!(refused, Err(ObjectsError::MetadataTooLarge { bytes: 2049, max: 2048 })), "{refused:?}");
}
