//! From topics into queues and functions: each message once, in order, whatever is stopped when.

use clock::{Clock, Timestamp};
use functions::{EventBounds, PolicyRecord, Statement};
use kv::{Kv, KvError, Transaction};
use names::{AccountId, Key, Keyspace, Region};
use queues::{QueueId, QueueName, Queues, Receive};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use topics::{Outgoing, Subscribe, TopicId, TopicName, Topics};
use triggers::TopicDeliveries;

struct World {
    kv: Kv,
    clock: Clock,
    topics: Topics,
    queues: Queues,
}

impl World {
    fn new() -> World {
        let (kv, clock) = (Kv::memory(), Clock::simulated(Timestamp::from_seconds(1_800_000_000), 3));
        let (topics, queues) =
            (Topics::new(kv.clone(), clock.clone()), Queues::new(kv.clone(), clock.clone()));
        World { kv, clock, topics, queues }
    }

    async fn topic(&self, name: &str) -> TopicId {
        let id = TopicId {
            account: AccountId::root(),
            region: Region::default_region(),
            name: TopicName::parse(name).unwrap(),
        };
        self.topics.create_topic(id.clone(), fifo("FifoTopic", name), BTreeMap::new()).await.unwrap();
        id
    }

    /// A queue that lets the topic in.
    async fn queue(&self, name: &str, topic: &TopicId) -> QueueId {
        let id = QueueId {
            account: AccountId::root(),
            region: Region::default_region(),
            name: QueueName::parse(name).unwrap(),
        };
        let mut attributes = fifo("FifoQueue", name);
        let policy = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": { "Service": "sns.amazonaws.com" },
                "Action": "sqs:SendMessage",
                "Resource": id.arn().to_string(),
                "Condition": { "ArnEquals": { "aws:SourceArn": topic.arn().to_string() } },
            },
        });
        attributes.insert("Policy".to_owned(), policy.to_string());
        self.queues.create_queue(id.clone(), attributes, BTreeMap::new()).await.unwrap();
        id
    }

    async fn subscribe(
        &self,
        topic: &TopicId,
        protocol: &str,
        endpoint: String,
        attributes: &[(&str, String)],
    ) {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let asked = Subscribe {
            topic: topic.clone(),
            protocol: protocol.to_owned(),
            endpoint,
            attributes,
            owner: AccountId::root(),
            principal: "arn:aws:iam::000000000000:root".to_owned(),
            address: "http://127.0.0.1:4566".to_owned(),
        };
        self.topics.subscribe(asked).await.unwrap();
    }

    fn deliveries(&self, bounds: EventBounds) -> TopicDeliveries {
        let (topics, queues) = (self.topics.clone(), self.queues.clone());
        TopicDeliveries::new(self.kv.clone(), self.clock.clone(), topics, queues, bounds)
    }

    /// Takes all that may be received, group by group in order.
    async fn take(&self, queue: &QueueId) -> Vec<String> {
        let mut bodies = Vec::new();
        loop {
            let asking =
                Receive { most: 10, visibility_seconds: Some(600), wait_seconds: Some(0), attempt: None };
            let received = self.queues.receive(queue, asking).await.unwrap();
            if received.is_empty() {
                return bodies;
            }
            for one in received {
                bodies.push(String::from_utf8(one.body.to_vec()).unwrap());
                self.queues.delete(queue, one.receipt).await.unwrap();
            }
        }
    }

    async fn count(&self, of: Keyspace) -> usize {
        self.kv.range(Key::new(of).range(), 10_000).await.unwrap().len()
    }

    async fn until(&self, what: &str, of: Keyspace, count: usize) {
        for _ in 0..20_000 {
            if self.count(of).await == count {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("{what}: there are {}", self.count(of).await);
    }
}

fn fifo(attribute: &str, name: &str) -> BTreeMap<String, String> {
    let is_fifo = name.ends_with(".fifo");
    is_fifo.then(|| (attribute.to_owned(), "true".to_owned())).into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_queue_is_told_once_and_in_order_whenever_delivery_is_stopped() {
    let world = World::new();
    let topic = world.topic("t.fifo").await;
    let mut queues = Vec::new();
    for name in ["a.fifo", "b.fifo", "c.fifo"] {
        let queue = world.queue(name, &topic).await;
        let raw = [("RawMessageDelivery", "true".to_owned())];
        world.subscribe(&topic, "sqs", queue.arn().to_string(), &raw).await;
        queues.push(queue);
    }
    let mut expected = Vec::new();
    for round in 0..20 {
        for number in 0..10 {
            let body = format!("{}", round * 10 + number);
            let message = Outgoing {
                group: Some("g".to_owned()),
                deduplication: Some(body.clone()),
                body: body.clone(),
                ..Outgoing::default()
            };
            world.topics.publish(&topic, message).await.unwrap();
            expected.push(body);
        }
        // Stopped wherever it is, and begun again.
        let (_tell, stop) = watch::channel(false);
        let running = tokio::spawn(world.deliveries(EventBounds::default()).run(stop));
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        running.abort();
        let _ = running.await;
    }
    let (_tell, stop) = watch::channel(false);
    let running = tokio::spawn(world.deliveries(EventBounds::default()).run(stop));
    world.until("topics with work", Keyspace::TopicWork, 0).await;
    running.abort();
    assert_eq!(world.count(Keyspace::TopicMessage).await, 0);
    for queue in &queues {
        assert_eq!(world.take(queue).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_queue_does_not_take_is_its_subscription_s_dead_letter() {
    let world = World::new();
    let topic = world.topic("t").await;
    let (open, dead) = (world.queue("open", &topic).await, world.queue("dead", &topic).await);
    let redrive = serde_json::json!({ "deadLetterTargetArn": dead.arn().to_string() }).to_string();
    let raw = ("RawMessageDelivery", "true".to_owned());
    world.subscribe(&topic, "sqs", open.arn().to_string(), std::slice::from_ref(&raw)).await;
    let none = open.arn().to_string().replace("open", "none");
    world.subscribe(&topic, "sqs", none.clone(), &[raw.clone(), ("RedrivePolicy", redrive)]).await;
    // One without such a queue holds up nobody.
    world.subscribe(&topic, "sqs", format!("{none}-either"), &[raw]).await;
    world.topics.publish(&topic, Outgoing { body: "x".to_owned(), ..Outgoing::default() }).await.unwrap();
    let (_tell, stop) = watch::channel(false);
    let running = tokio::spawn(world.deliveries(EventBounds::default()).run(stop));
    world.until("topics with work", Keyspace::TopicWork, 0).await;
    running.abort();
    assert_eq!(world.take(&open).await, ["x"]);
    assert_eq!(world.take(&dead).await, ["x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_with_too_many_events_gets_the_rest_later() {
    let world = World::new();
    let topic = world.topic("t").await;
    let key = Key::new(Keyspace::FunctionPolicy).text("000000000000").text("us-east-1").text("f").text("");
    let statement = Statement {
        sid: "s".to_owned(),
        action: "lambda:InvokeFunction".to_owned(),
        principal: "sns.amazonaws.com".to_owned(),
        source_arn: Some(topic.arn().to_string()),
        source_account: None,
        function_url_auth_type: None,
        invoked_via_function_url: None,
    };
    let policy = PolicyRecord { statements: vec![statement], revision_id: "r".to_owned() };
    let put = async move |tx: &mut Transaction| {
        kv::put_record(tx, &key, &policy);
        Ok::<_, KvError>(())
    };
    world.kv.transact(put).await.unwrap();
    let function = "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned();
    world.subscribe(&topic, "lambda", function, &[]).await;
    for body in ["1", "2", "3"] {
        world
            .topics
            .publish(&topic, Outgoing { body: body.to_owned(), ..Outgoing::default() })
            .await
            .unwrap();
    }
    let one = EventBounds { function_events_max: 1, ..EventBounds::default() };
    let (_tell, stop) = watch::channel(false);
    let running = tokio::spawn(world.deliveries(one).run(stop));
    world.until("deliveries that wait", Keyspace::TopicLine, 2).await;
    running.abort();
    let _ = running.await;
    assert_eq!(world.count(Keyspace::AsyncInvocation).await, 1);

    // There is room now, and their time has come.
    world.clock.advance(Duration::from_secs(2));
    let (_tell, stop) = watch::channel(false);
    let running = tokio::spawn(world.deliveries(EventBounds::default()).run(stop));
    world.until("deliveries that wait", Keyspace::TopicLine, 0).await;
    running.abort();
    assert_eq!(world.count(Keyspace::AsyncInvocation).await, 3);
    assert_eq!(world.count(Keyspace::TopicLineDue).await, 0);
}
