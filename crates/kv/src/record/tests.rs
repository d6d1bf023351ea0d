use super::*;
use crate::Kv;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Bucket {
    name: String,
    size: u64,
}

impl Record for Bucket {
    const KIND: &'static str = "bucket";
    const VERSION: u8 = 2;

    fn upgrade(version: u8, mut value: serde_json::Value) -> Option<serde_json::Value> {
        (version == 1).then(|| {
            value["size"] = 0.into();
            value
        })
    }
}

/// The bucket as its first version wrote it, and as a third one will.
#[derive(Serialize, Deserialize)]
struct OtherBucket<const VERSION: u8> {
    name: String,
}

impl<const VERSION: u8> Record for OtherBucket<VERSION> {
    const KIND: &'static str = "bucket";
    const VERSION: u8 = VERSION;
}

fn bucket() -> Bucket {
    Bucket { name: "photos".to_owned(), size: 7 }
}

fn other<const VERSION: u8>() -> Bytes {
    encode(&OtherBucket::<VERSION> { name: "photos".to_owned() }).unwrap()
}

#[test]
fn a_record_comes_back_as_it_was_written() {
    assert_eq!(decode::<Bucket>(&encode(&bucket()).unwrap()), Ok(bucket()));
}

#[test]
fn an_older_record_is_upgraded_and_a_newer_one_refused_by_name() {
    assert_eq!(decode::<Bucket>(&other::<1>()), Ok(Bucket { size: 0, ..bucket() }));
    let newer = decode::<Bucket>(&other::<3>());
    assert_eq!(newer, Err(KvError::NewerVersion { kind: "bucket", found: 3, known: 2 }));
    let forgotten = decode::<Bucket>(&other::<0>());
    assert!(matches!(forgotten, Err(KvError::Corrupt { kind: "bucket", .. })), "{forgotten:?}");
}

#[test]
fn any_flipped_bit_and_any_cut_is_named() {
    let whole = encode(&bucket()).unwrap();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 1 << bit;
            let found = decode::<Bucket>(&damaged);
            let is_named = match &found {
                Err(KvError::Corrupt { kind, .. }) => *kind == "bucket",
                // The envelope's own version cannot be covered by a checksum that it defines.
                Err(KvError::NewerVersion { kind, .. }) => *kind == "bucket" && at == 0,
                _ => false,
            };
            assert!(is_named, "byte {at}, bit {bit}: {found:?}");
        }
        assert!(matches!(decode::<Bucket>(&whole[..at]), Err(KvError::Corrupt { kind: "bucket", .. })));
    }
}

/// JSON has no such keys.
#[derive(Serialize, Deserialize)]
struct Unwritable(BTreeMap<(u8, u8), u8>);

impl Record for Unwritable {
    const KIND: &'static str = "map";
    const VERSION: u8 = 1;
}

#[tokio::test]
async fn records_are_read_and_written_in_transactions() {
    let kv = Kv::memory();
    kv.transact(async |tx: &mut Transaction| {
        put_record(tx, b"a", &bucket());
        put_record(tx, b"b", &Bucket { size: 8, ..bucket() });
        assert_eq!(get_record(tx, b"a").await?, Some(bucket()));
        assert_eq!(get_record::<Bucket>(tx, b"c").await?, None);
        Ok::<_, KvError>(())
    })
    .await
    .unwrap();
    let all = KeyRange { start: Vec::new(), end: Vec::new() };
    let records = range_records::<Bucket>(&kv, &all, 9).await.unwrap();
    assert_eq!(records.iter().map(|(_, bucket)| bucket.size).collect::<Vec<_>>(), [7, 8]);
    let refused = kv.transact(async |tx: &mut Transaction| {
        tx.put(b"c", &b"1"[..]);
        put_record(tx, b"d", &Unwritable(BTreeMap::from([((1, 2), 3)])));
        Ok::<_, KvError>(())
    });
    assert!(matches!(refused.await, Err(KvError::Unencodable { kind: "map", .. })));
    assert_eq!(kv.get(b"c").await.unwrap(), None);
}
