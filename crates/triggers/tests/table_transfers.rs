//! From tables to objects and back: what was exported is imported to an equal table, whenever it is cut off.

use blob::Blobs;
use bytes::Bytes;
use clock::{Clock, Timestamp};
use futures_util::TryStreamExt;
use kv::Kv;
use names::{AccountId, Region};
use objects::{
    Attributes, BucketName, BucketRef, Caller, ChangeEvent, CreateBucket, GetObject, IncomingBody,
    ListObjects, ObjectKey, Objects, PutObject, ReadConditions, TagSet, Wanted as Bytewise, WriteConditions,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::time::Duration;
use tables::key::KeyKind;
use tables::value::{Item, decode_item};
use tables::{
    Asker, AttributeDefinition, Billing, Bounds, Compression, CreateTable, ExportState, ExportTable, Import,
    ImportPlan, ImportTable, InputFormat, KeyElement, KeyRole, LineFormat, Precondition, PutItem, Scaling,
    Scan, Selection, TableClass, TableId, TableName, Tables, Transfer, TransferId, Wanted,
};
use triggers::TableTransfers;

struct World {
    tables: Tables,
    objects: Objects,
    clock: Clock,
    _directory: tempfile::TempDir,
}

fn id(name: &str) -> TableId {
    let name = TableName::parse(name).unwrap();
    TableId { account: AccountId::root(), region: Region::default_region(), name }
}

fn create(name: &str) -> CreateTable {
    CreateTable {
        table: id(name),
        attributes: vec![AttributeDefinition { name: "k".to_owned(), kind: KeyKind::N }],
        key: vec![KeyElement { name: "k".to_owned(), role: KeyRole::Partition }],
        indexes: Vec::new(),
        billing: Billing::PayPerRequest,
        deletion_protection: false,
        tags: BTreeMap::new(),
        class: TableClass::Standard,
        scaling: Scaling::default(),
        stream: None,
        policy: None,
    }
}

fn item(key: u32, text: &str) -> Item {
    decode_item(&format!(r#"{{"k":{{"N":"{key}"}},"v":{{"S":"{text}"}},"s":{{"NS":["1","2.5"]}}}}"#)).unwrap()
}

impl World {
    /// With a bucket.
    async fn new() -> World {
        let directory = tempfile::tempdir().unwrap();
        // Real, since whoever is cut off waits for nobody to advance it.
        let (kv, clock) = (Kv::memory(), Clock::real());
        let blobs = Blobs::local(directory.path().to_owned(), clock.clone()).unwrap();
        let objects = Objects::new(kv.clone(), blobs, clock.clone());
        let create = CreateBucket {
            name: BucketName::parse("bucket").unwrap(),
            owner: AccountId::root(),
            region: Region::default_region(),
            tags: TagSet::default(),
        };
        objects.create_bucket(create).await.unwrap();
        World { tables: Tables::new(kv, clock.clone()), objects, clock, _directory: directory }
    }

    fn bucket() -> BucketRef {
        BucketRef { name: BucketName::parse("bucket").unwrap(), expected_owner: None }
    }

    /// With as many items.
    async fn table(&self, items: u32) {
        self.tables.create_table(create("table")).await.unwrap();
        self.tables.update_recovery(id("table"), Some(35)).await.unwrap();
        for key in 0..items {
            let put = PutItem {
                table: id("table"),
                item: item(key, "text"),
                precondition: Precondition::default(),
            };
            self.tables.put_item(put).await.unwrap();
        }
    }

    async fn export(&self, format: LineFormat, prefix: &str) -> TransferId {
        let asker = Asker { account: AccountId::root().to_string(), ..Asker::default() };
        let request = ExportTable {
            table: id("table"),
            wanted: Wanted::All { at: None },
            format,
            bucket: "bucket".to_owned(),
            bucket_owner: None,
            prefix: Some(prefix.to_owned()),
            encryption: None,
            asker,
            token: None,
        };
        self.tables.export_table(request).await.unwrap().id
    }

    async fn import(
        &self,
        name: &str,
        prefix: &str,
        format: InputFormat,
        compression: Compression,
    ) -> Import {
        let plan = ImportPlan {
            bucket: "bucket".to_owned(),
            bucket_owner: None,
            prefix: Some(prefix.to_owned()),
            format,
            compression: Some(compression),
        };
        self.tables.import_table(ImportTable { create: create(name), plan, token: None }).await.unwrap()
    }

    /// Lets everything go on for as long, and cuts it off.
    async fn run_for(&self, time: Duration) {
        let transfers = TableTransfers::new(self.tables.clone(), self.objects.clone(), self.clock.clone());
        let copies = self.tables.clone().keep_copied();
        tokio::select! {
            () = transfers.run() => {}
            () = copies => {}
            () = self.clock.sleep(time) => {}
        }
    }

    /// Until nothing is under way; cut off every now and then, but less and less often.
    async fn run(&self, mut time: Duration) {
        loop {
            self.run_for(time).await;
            time *= 2;
            let exports = self.tables.exports_under_way(10).await.unwrap();
            let imports = self.tables.imports_under_way(10).await.unwrap();
            if exports.is_empty() && imports.is_empty() {
                return;
            }
        }
    }

    async fn import_ended(&self, import: &Import) -> Import {
        self.run(Duration::from_millis(50)).await;
        self.tables.describe_import(import.id.clone()).await.unwrap()
    }

    async fn keys(&self) -> Vec<String> {
        let request = ListObjects {
            bucket: World::bucket(),
            prefix: String::new(),
            delimiter: None,
            after: None,
            max: 1000,
        };
        let page = self.objects.list_objects(request).await.unwrap();
        page.objects.into_iter().map(|object| object.key).collect()
    }

    async fn get(&self, key: &str) -> Vec<u8> {
        let request = GetObject {
            bucket: World::bucket(),
            key: ObjectKey::parse(key).unwrap(),
            conditions: ReadConditions::default(),
            wanted: Bytewise::Whole,
        };
        let (_, body) = self.objects.get_object(request).await.unwrap();
        let pieces: Vec<Bytes> = body.stream.try_collect().await.unwrap();
        pieces.concat()
    }

    async fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        let request = PutObject {
            bucket: World::bucket(),
            key: ObjectKey::parse(key).unwrap(),
            attributes: Attributes::default(),
            tags: TagSet::default(),
            conditions: WriteConditions::default(),
            caller: Caller::default(),
            event: ChangeEvent::CreatedPut,
        };
        self.objects.put_object(request, IncomingBody::from_bytes(bytes)).await.unwrap();
    }

    async fn items(&self, name: &str) -> Vec<Item> {
        let (mut items, mut bounds) = (Vec::new(), Bounds::default());
        loop {
            let scan = Scan { table: id(name), bounds, selection: Selection::default(), segment: None };
            let page = self.tables.scan(scan).await.unwrap();
            items.extend(page.items);
            let Some(last) = page.last else { break };
            bounds = Bounds { start: Some(last), ..Bounds::default() };
        }
        items.sort_by_key(|item| item.as_bytes().to_vec());
        items
    }
}

fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn what_was_exported_is_imported_to_an_equal_table_whenever_it_is_cut_off(
        items in 0u32..3_000, ion: bool, cut_ms in 1u64..40,
    ) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(async {
            let world = World::new().await;
            world.table(items).await;
            let (format, as_input) = match ion {
                true => (LineFormat::Ion, InputFormat::Ion),
                false => (LineFormat::Json, InputFormat::Json),
            };
            let export = world.export(format, "a/b/").await;
            let cut = Duration::from_millis(cut_ms);
            world.run(cut).await;
            let told = world.tables.describe_export(export.clone()).await.unwrap().record;
            let root = format!("a/b/AWSDynamoDB/{}/", export.id);
            prop_assert_eq!(&told.state, &ExportState::Completed { manifest: format!("{root}manifest-summary.json") });
            prop_assert_eq!(told.items, u64::from(items));

            let arn = export.arn().to_string();
            let summary: serde_json::Value = serde_json::from_slice(&world.get(&format!("{root}manifest-summary.json")).await).unwrap();
            prop_assert_eq!(summary["itemCount"].as_u64(), Some(u64::from(items)));
            prop_assert_eq!(summary["exportArn"].as_str(), Some(&*arn));
            let list = world.get(summary["manifestFilesS3Key"].as_str().unwrap()).await;
            let list = String::from_utf8(list).unwrap();
            let mut lines = 0;
            let mut keys = Vec::new();
            for line in list.lines() {
                let file: serde_json::Value = serde_json::from_str(line).unwrap();
                let key = file["dataFileS3Key"].as_str().unwrap().to_owned();
                let text = gunzip(&world.get(&key).await);
                prop_assert_eq!(file["itemCount"].as_u64(), Some(text.lines().count() as u64));
                lines += text.lines().count();
                keys.push(key);
            }
            prop_assert_eq!(lines, items as usize);
            // Nothing lies there that is not told of, however often it was begun anew.
            let mut all = world.keys().await;
            keys.extend(["_started", "manifest-files.json", "manifest-files.checksum", "manifest-summary.json", "manifest-summary.checksum"].map(|name| format!("{root}{name}")));
            all.sort();
            keys.sort();
            prop_assert_eq!(all, keys);

            let import = world.import("again", &format!("{root}data/"), as_input, Compression::Gzip).await;
            world.run(cut).await;
            let told = world.tables.describe_import(import.id.clone()).await.unwrap().record;
            prop_assert_eq!(told.failure, None);
            prop_assert_eq!((told.progress.processed, told.progress.imported), (u64::from(items), u64::from(items)));
            prop_assert_eq!(world.items("again").await, world.items("table").await);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn objects_of_other_formats_are_imported_and_bad_lines_counted() {
    let world = World::new().await;
    world.put("csv/", "").await;
    world.put("csv/1", "k,v\n1,\"one, \"\"1\"\"\nof two lines\"\n\nx,no number\n2\n3,three\n").await;
    world.put("csv/2", "\u{feff}v,k\r\nfour,4\r\n\"open,5\r\n").await;
    world.put("csv/3", "k,k\n6,six\n").await;
    let csv = InputFormat::Csv { delimiter: None, header: None };
    let import = world.import("csv", "csv/", csv, Compression::None).await;
    let ended = world.import_ended(&import).await.record;
    assert_eq!(ended.failure.map(|failure| failure.code), Some("ItemValidationError".to_owned()));
    assert_eq!((ended.progress.processed, ended.progress.imported, ended.progress.errors()), (7, 3, 4));
    let text = |key: u32, text: &str| {
        decode_item(&format!(r#"{{"k":{{"N":"{key}"}},"v":{{"S":"{text}"}}}}"#)).unwrap()
    };
    let mut found = world.items("csv").await;
    found.sort_by_key(|item| item.as_bytes().len());
    let four = decode_item(r#"{"v":{"S":"four"},"k":{"N":"4"}}"#).unwrap();
    assert!(found.contains(&four) && found.contains(&text(3, "three")), "{found:?}");
    assert!(found.contains(&text(1, r#"one, \"1\"\nof two lines"#)), "{found:?}");

    let lines: String =
        (0..1_000).map(|key| format!("{{\"Item\":{{\"k\":{{\"N\":\"{key}\"}}}}}}\n")).collect();
    let whole = zstd::encode_all(lines.as_bytes(), 1).unwrap();
    world.put("zstd/1", whole.clone()).await;
    world.put("zstd/2", whole[..whole.len() - 3].to_vec()).await;
    let import = world.import("zstd", "zstd/", InputFormat::Json, Compression::Zstd).await;
    let ended = world.import_ended(&import).await.record;
    assert_eq!(world.items("zstd").await.len(), 1_000);
    assert_eq!(ended.progress.errors(), 1);

    // A bomb is one line that is too long, whatever it would be.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    bomb.write_all(b"\n{\"Item\":{\"k\":{\"N\":\"1\"}}}").unwrap();
    world.put("bomb", bomb.finish().unwrap()).await;
    let import = world.import("bomb", "bomb", InputFormat::Json, Compression::Gzip).await;
    let ended = world.import_ended(&import).await.record;
    assert_eq!((ended.progress.processed, ended.progress.imported), (2, 1));
}

#[tokio::test]
async fn what_cannot_be_done_fails_and_says_so() {
    let world = World::new().await;
    world.table(1).await;
    let mut import = world.import("from-bucket", "", InputFormat::Json, Compression::None).await;
    import = world.import_ended(&import).await;
    assert_eq!((import.record.failure, import.record.progress.processed), (None, 0));
    let other = World::bucket().name;
    world.objects.delete_bucket(BucketRef { name: other, expected_owner: None }).await.unwrap();

    let export = world.export(LineFormat::Json, "").await;
    let import = world.import("into", "", InputFormat::Json, Compression::None).await;
    let ended = world.import_ended(&import).await.record;
    assert_eq!(ended.failure.map(|failure| failure.code), Some("S3NoSuchBucket".to_owned()));
    let ended = world.tables.describe_export(export.clone()).await.unwrap().record;
    assert!(matches!(ended.state, ExportState::Failed(failure) if failure.code == "S3NoSuchBucket"));
    assert!(ended.ended.is_some_and(|ended| ended <= world.clock.now()) && ended.started > Timestamp::EPOCH);
    assert_eq!(TransferId::parse(Transfer::Export, &export.arn().to_string()), Some(export));
}
