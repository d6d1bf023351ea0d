//! From a change of an object to the queue of asynchronous invocations: each exactly once, in order.

use blob::Blobs;
use clock::{Clock, Timestamp};
use functions::{EventBounds, PolicyRecord, Statement};
use kv::{Kv, KvError, Transaction};
use names::{AccountId, Arn, Key, Keyspace, Region};
use objects::{
    Attributes, BucketName, BucketRef, Caller, ChangeEvent, CreateBucket, EventPattern, IncomingBody,
    Notification, NotificationConfiguration, ObjectKey, Objects, PutObject, TagSet, WriteConditions,
};
use queues::Queues;
use serde_json::Value;
use tokio::sync::watch;
use topics::Topics;
use triggers::Triggers;

struct World {
    kv: Kv,
    clock: Clock,
    objects: Objects,
    bucket: BucketRef,
    _directory: tempfile::TempDir,
}

impl World {
    /// A bucket whose created objects two functions want to be told of.
    async fn new() -> World {
        let directory = tempfile::tempdir().unwrap();
        let (kv, clock) = (Kv::memory(), Clock::simulated(Timestamp::from_seconds(1_800_000_000), 3));
        let blobs = Blobs::local(directory.path().to_owned(), Clock::real()).unwrap();
        let objects = Objects::new(kv.clone(), blobs, clock.clone());
        let name = BucketName::parse("photos").unwrap();
        let bucket = BucketRef { name: name.clone(), expected_owner: None };
        let create = CreateBucket {
            name,
            owner: AccountId::root(),
            region: Region::default_region(),
            tags: TagSet::default(),
        };
        objects.create_bucket(create).await.unwrap();
        let told = ["thumb", "index:live"].map(|function| Notification {
            id: function.to_owned(),
            target: Arn::parse(&format!("arn:aws:lambda:us-east-1:000000000000:function:{function}"))
                .unwrap(),
            events: vec![EventPattern::parse("s3:ObjectCreated:*").unwrap()],
            prefix: if function == "thumb" { "a".to_owned() } else { "b".to_owned() },
            suffix: String::new(),
        });
        let told = NotificationConfiguration::new(told.to_vec()).unwrap();
        objects.put_bucket_notification_configuration(bucket.clone(), told).await.unwrap();
        let world = World { kv, clock, objects, bucket, _directory: directory };
        world.let_in(&AccountId::root(), "thumb", "").await;
        world.let_in(&AccountId::root(), "index", "live").await;
        world
    }

    /// Gives the bucket leave to invoke a function.
    async fn let_in(&self, owner: &AccountId, function: &str, qualifier: &str) {
        let of = Key::new(Keyspace::FunctionPolicy).text(owner.as_str()).text("us-east-1");
        let key = of.text(function).text(qualifier);
        let statement = Statement {
            sid: "s".to_owned(),
            action: "lambda:InvokeFunction".to_owned(),
            principal: "s3.amazonaws.com".to_owned(),
            source_arn: Some("arn:aws:s3:::photos".to_owned()),
            source_account: Some(AccountId::root().to_string()),
            function_url_auth_type: None,
            invoked_via_function_url: None,
        };
        let policy = PolicyRecord { statements: vec![statement], revision_id: "r".to_owned() };
        self.transact(async move |tx: &mut Transaction| kv::put_record(tx, &key, &policy)).await;
    }

    async fn put(&self, key: &str) {
        let put = PutObject {
            bucket: self.bucket.clone(),
            key: ObjectKey::parse(key).unwrap(),
            attributes: Attributes::default(),
            tags: TagSet::default(),
            conditions: WriteConditions::default(),
            caller: Caller {
                principal: "arn:aws:iam::000000000000:root".to_owned(),
                principal_id: "000000000000".to_owned(),
                source_ip: "127.0.0.1".to_owned(),
                request_id: "id".to_owned(),
                trace_id: None,
            },
            event: ChangeEvent::CreatedPut,
        };
        self.objects.put_object(put, IncomingBody::from_bytes("x")).await.unwrap();
    }

    async fn count(&self, keyspace: Keyspace) -> usize {
        self.kv.range(Key::new(keyspace).range(), 10_000).await.unwrap().len()
    }

    /// The keys of all queued events, in the order in which they were accepted.
    async fn queued(&self) -> Vec<String> {
        let records = self.kv.range(Key::new(Keyspace::AsyncInvocation).range(), 10_000).await.unwrap();
        let mut events = Vec::new();
        for (key, record) in records {
            // Behind the checksum of a record there is JSON.
            let record: Value = serde_json::from_slice(&record[6..]).unwrap();
            let payload = [&[Keyspace::AsyncPayload.byte()], &key[1..]].concat();
            let payload: Value =
                serde_json::from_slice(&self.kv.get(&payload).await.unwrap().unwrap()).unwrap();
            let object = payload["Records"][0]["s3"]["object"]["key"].as_str().unwrap().to_owned();
            events.push((record["sequence"].as_u64().unwrap(), object));
        }
        events.sort();
        events.into_iter().map(|(_, key)| key).collect()
    }

    async fn transact(&self, work: impl AsyncFn(&mut Transaction) + Send + 'static) {
        self.kv
            .transact(async move |tx: &mut Transaction| {
                work(tx).await;
                Ok::<_, KvError>(())
            })
            .await
            .unwrap();
    }

    fn triggers(&self, bounds: EventBounds) -> Triggers {
        let queues = Queues::new(self.kv.clone(), self.clock.clone());
        let topics = Topics::new(self.kv.clone(), self.clock.clone());
        Triggers::new(self.kv.clone(), self.clock.clone(), bounds, queues, topics)
    }

    async fn until_read(&self) {
        for _ in 0..20_000 {
            if self.count(Keyspace::ObjectChange).await == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("the log was never read");
    }
}

#[tokio::test]
async fn changes_are_handed_over_once_and_in_order() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for number in 0..100 {
        let key = format!("a/{}", number % 3);
        world.put(&key).await;
        expected.push(key);
    }
    world.put("other").await;
    assert_eq!(world.count(Keyspace::ObjectChange).await, 100);
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(world.triggers(EventBounds::default()).run(stopped));
    world.until_read().await;
    assert_eq!(world.queued().await, expected);
    // Of each key only the first may be tried.
    assert_eq!(world.count(Keyspace::AsyncQueue).await, 3);
    // Woken by the next change.
    world.put("b").await;
    world.until_read().await;
    expected.push("b".to_owned());
    assert_eq!(world.queued().await, expected);
    running.abort();
}

#[tokio::test]
async fn stopping_at_any_moment_neither_loses_nor_repeats() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for number in 0..200 {
        let key = format!("a{number:03}");
        world.put(&key).await;
        expected.push(key);
    }
    for turns in 0..60 {
        let (_stop, stopped) = watch::channel(false);
        let running = tokio::spawn(world.triggers(EventBounds::default()).run(stopped));
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        running.abort();
    }
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(world.triggers(EventBounds::default()).run(stopped));
    world.until_read().await;
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(world.queued().await, expected);
}

#[tokio::test]
async fn a_function_of_another_account_must_let_the_bucket_in() {
    let world = World::new().await;
    let owner = AccountId::parse("111122223333").unwrap();
    let told = Notification {
        id: "foreign".to_owned(),
        target: Arn::parse(&format!("arn:aws:lambda:us-east-1:{owner}:function:thumb")).unwrap(),
        events: vec![EventPattern::parse("s3:ObjectCreated:*").unwrap()],
        prefix: String::new(),
        suffix: String::new(),
    };
    let told = NotificationConfiguration::new(vec![told]).unwrap();
    world.objects.put_bucket_notification_configuration(world.bucket.clone(), told).await.unwrap();
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(world.triggers(EventBounds::default()).run(stopped));
    world.put("unasked").await;
    world.until_read().await;
    assert!(world.queued().await.is_empty());

    world.let_in(&owner, "thumb", "").await;
    world.put("allowed").await;
    world.until_read().await;
    assert_eq!(world.queued().await, ["allowed"]);
    running.abort();
}

#[tokio::test]
async fn what_finds_no_room_is_held_back_and_handed_on_later_in_order() {
    let world = World::new().await;
    for number in 0..10 {
        world.put(&format!("a{number}")).await;
    }
    let bounds = EventBounds { function_events_max: 2, ..EventBounds::default() };
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(world.triggers(bounds).run(stopped));
    world.until_read().await;
    assert_eq!(world.queued().await, ["a0", "a1"]);
    assert_eq!(world.count(Keyspace::HeldChange).await, 8);
    // Another function's events do not wait for that.
    world.put("b").await;
    world.until_read().await;
    assert_eq!(world.queued().await, ["a0", "a1", "b"]);
    // Nothing overtakes what is held, room or not.
    world
        .transact(async |tx: &mut Transaction| {
            tx.delete(Key::new(Keyspace::AsyncBacklog).text("000000000000").text("us-east-1").text("thumb"))
        })
        .await;
    world.put("a-last").await;
    world.until_read().await;
    let mut rounds = 0;
    while world.count(Keyspace::HeldChange).await > 0 {
        world
            .transact(async |tx: &mut Transaction| {
                tx.delete(
                    Key::new(Keyspace::AsyncBacklog).text("000000000000").text("us-east-1").text("thumb"),
                )
            })
            .await;
        world.clock.advance(std::time::Duration::from_secs(1));
        tokio::task::yield_now().await;
        rounds += 1;
        assert!(rounds < 20_000, "never handed on");
    }
    let queued = world.queued().await;
    let of_thumb: Vec<_> = queued.iter().filter(|key| key.starts_with('a')).collect();
    assert_eq!(
        of_thumb,
        ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a-last"].iter().collect::<Vec<_>>()
    );
    running.abort();
}

#[tokio::test]
async fn a_change_that_cannot_be_read_holds_nobody_up() {
    let world = World::new().await;
    for key in ["a1", "a2", "a3"] {
        world.put(key).await;
    }
    world
        .transact(async |tx: &mut Transaction| tx.put(Key::new(Keyspace::ObjectChange).number(2), "garbage"))
        .await;
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(world.triggers(EventBounds::default()).run(stopped));
    world.until_read().await;
    assert_eq!(world.queued().await, ["a1", "a3"]);
    let aside = world.kv.read(async |from: &kv::Snapshot| kv::list_aside(from, 10).await).await.unwrap();
    assert_eq!(aside.len(), 1);
    running.abort();
}

#[tokio::test]
async fn a_change_whose_hand_over_always_fails_is_set_aside() {
    let world = World::new().await;
    for key in ["a1", "b1", "a2"] {
        world.put(key).await;
    }
    // The counts of one function are damaged.
    world
        .transact(async |tx: &mut Transaction| {
            tx.put(
                Key::new(Keyspace::AsyncBacklog).text("000000000000").text("us-east-1").text("index"),
                "garbage",
            );
        })
        .await;
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(world.triggers(EventBounds::default()).run(stopped));
    let mut rounds = 0;
    while world.count(Keyspace::ObjectChange).await > 0 {
        world.clock.advance(std::time::Duration::from_secs(1));
        tokio::task::yield_now().await;
        rounds += 1;
        assert!(rounds < 20_000, "never handed on");
    }
    assert_eq!(world.queued().await, ["a1", "a2"]);
    running.abort();
}
