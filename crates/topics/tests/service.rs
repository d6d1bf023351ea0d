//! Topics through the crate's own door, on a clock that stands still until it is told.

use clock::{Clock, Timestamp};
use kv::{Kv, SqliteOptions, Transaction};
use names::{AccountId, Region};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use topics::{
    Attribute, AttributeValue, Attributes, Held, Outgoing, Subscribe, TopicId, TopicName, Topics,
    TopicsError, Wanted,
};

struct House {
    kv: Kv,
    clock: Clock,
    topics: Topics,
    // Removed when the test ends.
    _directory: Option<tempfile::TempDir>,
}

impl House {
    fn memory() -> House {
        let clock = Clock::simulated(Timestamp::from_seconds(1_700_000_000), 1);
        let kv = Kv::memory();
        House { topics: Topics::new(kv.clone(), clock.clone()), kv, clock, _directory: None }
    }

    fn sqlite() -> House {
        let clock = Clock::simulated(Timestamp::from_seconds(1_700_000_000), 1);
        let directory = tempfile::tempdir().unwrap();
        let kv = Kv::open(SqliteOptions::new(directory.path().join("store")), clock.clone()).unwrap();
        House { topics: Topics::new(kv.clone(), clock.clone()), kv, clock, _directory: Some(directory) }
    }

    async fn topic(&self, name: &str) -> TopicId {
        let id = id(name);
        let mut attributes = BTreeMap::new();
        if name.ends_with(".fifo") {
            attributes.insert("FifoTopic".to_owned(), "true".to_owned());
            attributes.insert("ContentBasedDeduplication".to_owned(), "true".to_owned());
        }
        self.topics.create_topic(id.clone(), attributes, BTreeMap::new()).await.unwrap();
        id
    }

    async fn subscribe(&self, topic: &TopicId, queue: &str, filter: Option<&str>) -> topics::SubscriptionId {
        let mut asked = subscribe(topic, queue);
        if let Some(filter) = filter {
            asked.attributes.insert("FilterPolicy".to_owned(), filter.to_owned());
        }
        self.topics.subscribe(asked).await.unwrap().id
    }

    /// Everything that is handed over of every topic, in steps of about `most`: endpoints and bodies.
    async fn drain(&self, most: usize) -> Vec<(String, String)> {
        let mut all = Vec::new();
        loop {
            let numbers = self.topics.topics_with_work(None, 10).await.unwrap();
            let Some(number) = numbers.first().copied() else { return all };
            for Wanted { message, subscription } in self.step(number, most).await {
                all.push((subscription.record.endpoint.clone(), message.body.clone()));
            }
        }
    }

    async fn release(&self, held: &Held) -> Option<(Wanted, u32)> {
        let (topics, held) = (self.topics.clone(), held.clone());
        self.kv.transact(async move |tx: &mut Transaction| topics.release(tx, &held).await).await.unwrap()
    }

    async fn step(&self, number: u64, most: usize) -> Vec<Wanted> {
        let topics = self.topics.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| topics.hand_over(tx, number, most).await)
            .await
            .unwrap()
    }
}

fn id(name: &str) -> TopicId {
    TopicId {
        account: AccountId::root(),
        region: Region::default_region(),
        name: TopicName::parse(name).unwrap(),
    }
}

fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{queue}")
}

fn subscribe(topic: &TopicId, queue: &str) -> Subscribe {
    Subscribe {
        topic: topic.clone(),
        protocol: "sqs".to_owned(),
        endpoint: arn(queue),
        attributes: BTreeMap::new(),
        owner: AccountId::root(),
        principal: "arn:aws:iam::000000000000:root".to_owned(),
        address: "http://127.0.0.1:4566".to_owned(),
    }
}

fn message(body: &str) -> Outgoing {
    Outgoing { body: body.to_owned(), ..Outgoing::default() }
}

fn of_kind(body: &str, kind: u8) -> Outgoing {
    let value = AttributeValue::Text(kind.to_string());
    let attributes = Attributes::from([("kind".to_owned(), Attribute { kind: "Number".to_owned(), value })]);
    Outgoing { attributes, ..message(body) }
}

#[tokio::test]
async fn each_subscription_is_handed_each_message_once() {
    for house in [House::memory(), House::sqlite()] {
        let topic = house.topic("t").await;
        // More than are kept in memory, and than fit into a step.
        let queues: Vec<String> = (0..300).map(|number| format!("q{number}")).collect();
        for queue in &queues {
            house.subscribe(&topic, queue, None).await;
        }
        house.topics.publish(&topic, message("first")).await.unwrap();
        house.topics.publish(&topic, message("second")).await.unwrap();
        assert_eq!(house.topics.backlog(&topic, 10).await.unwrap(), 2);
        let mut all = house.drain(64).await;
        all.sort();
        let mut expected: Vec<_> = queues
            .iter()
            .flat_map(|queue| ["first", "second"].map(|body| (arn(queue), body.to_owned())))
            .collect();
        expected.sort();
        assert_eq!(all, expected);
        assert_eq!(house.topics.backlog(&topic, 10).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn what_nobody_is_subscribed_to_is_not_kept() {
    let house = House::memory();
    let topic = house.topic("t").await;
    house.topics.publish(&topic, message("x")).await.unwrap();
    assert!(house.topics.topics_with_work(None, 10).await.unwrap().is_empty());
    // Nor is it told to whoever comes later.
    house.subscribe(&topic, "q", None).await;
    assert!(house.drain(10).await.is_empty());
}

#[tokio::test]
async fn a_topic_made_again_has_nothing_of_the_former() {
    let house = House::memory();
    let topic = house.topic("t").await;
    let former = house.subscribe(&topic, "q", None).await;
    house.topics.publish(&topic, message("x")).await.unwrap();
    house.topics.delete_topic(topic.clone()).await.unwrap();
    let topic = house.topic("t").await;
    assert!(house.drain(10).await.is_empty());
    assert!(matches!(house.topics.subscription(&former).await, Err(TopicsError::NoSuchSubscription)));
    while house.topics.sweep().await.unwrap() {}
    let listed = house.topics.list_subscriptions(AccountId::root(), Region::default_region(), None, 10).await;
    assert!(listed.unwrap().subscriptions.is_empty());
    house.subscribe(&topic, "q", None).await;
    house.topics.publish(&topic, message("y")).await.unwrap();
    assert_eq!(house.drain(10).await, [(arn("q"), "y".to_owned())]);
}

#[tokio::test]
async fn a_fifo_topic_publishes_once_in_five_minutes() {
    let house = House::memory();
    let topic = house.topic("t.fifo").await;
    house.subscribe(&topic, "q.fifo", None).await;
    let one = Outgoing { group: Some("g".to_owned()), ..message("x") };
    let first = house.topics.publish(&topic, one.clone()).await.unwrap();
    assert_eq!(house.topics.publish(&topic, one.clone()).await.unwrap(), first);
    house.clock.advance(std::time::Duration::from_secs(301));
    assert_ne!(house.topics.publish(&topic, one).await.unwrap().id, first.id);
    assert_eq!(house.drain(10).await.len(), 2);
}

#[tokio::test]
async fn what_is_held_comes_back_when_it_is_due() {
    let house = House::memory();
    let topic = house.topic("t").await;
    let subscription = house.subscribe(&topic, "q", None).await;
    house.topics.publish(&topic, message("x")).await.unwrap();
    let number = house.topics.topics_with_work(None, 1).await.unwrap()[0];
    let wanted = house.step(number, 10).await.remove(0);
    let topics = house.topics.clone();
    let hold = async move |tx: &mut Transaction| topics.hold(tx, &wanted, 1, 5000).await;
    house.kv.transact(hold).await.unwrap();
    assert_eq!(house.topics.due(4999, 10).await.unwrap(), (Vec::new(), Some(5000)));
    let (held, _) = house.topics.due(5000, 10).await.unwrap();
    let (wanted, tried) = house.release(&held[0]).await.unwrap();
    assert_eq!((wanted.message.body.as_str(), tried), ("x", 1));
    assert!(house.release(&held[0]).await.is_none(), "it was taken out of its line");

    // Nobody waits for it any more.
    let topics = house.topics.clone();
    let wanted = Arc::new(wanted);
    let hold = async move |tx: &mut Transaction| topics.hold(tx, &wanted, 2, 6000).await;
    house.kv.transact(hold).await.unwrap();
    house.topics.unsubscribe(subscription).await.unwrap();
    assert!(house.release(&held[0]).await.is_none());
    assert_eq!(house.topics.due(u64::MAX, 10).await.unwrap(), (Vec::new(), None));
}

#[tokio::test]
async fn there_are_bounds_to_filters() {
    let house = House::memory();
    let topic = house.topic("t").await;
    for number in 0..200 {
        house.subscribe(&topic, &format!("q{number}"), Some(r#"{"kind": [1]}"#)).await;
    }
    let mut one_more = subscribe(&topic, "q");
    one_more.attributes.insert("FilterPolicy".to_owned(), r#"{"kind": [1]}"#.to_owned());
    assert!(matches!(house.topics.subscribe(one_more).await, Err(TopicsError::TooManyFilters(_))));
    house.subscribe(&topic, "q", None).await;
}

#[derive(Debug, Clone)]
enum Act {
    Subscribe(u8, Option<u8>),
    Unsubscribe(u8),
    Publish(u8),
    Step(usize),
    Delete,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..12_u8, proptest::option::of(0..3_u8)).prop_map(|(queue, kind)| Act::Subscribe(queue, kind)),
        1 => (0..12_u8).prop_map(Act::Unsubscribe),
        4 => (0..3_u8).prop_map(Act::Publish),
        1 => Just(Act::Delete),
        2 => (1..5_usize).prop_map(Act::Step),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against a model: whoever is subscribed throughout, from before a message is published until everything is handed
    /// over, gets what its filter lets through, once and in order; nobody gets anything twice, or what it did not want.
    #[test]
    fn every_message_once_to_whoever_wants_it(acts in proptest::collection::vec(act(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(follow(acts));
    }
}

/// A subscription that is there: its id, its filter, and what it must be told.
struct There {
    id: topics::SubscriptionId,
    kind: Option<u8>,
    owed: Vec<String>,
}

async fn follow(acts: Vec<Act>) {
    let house = House::memory();
    let mut topic = house.topic("t").await;
    let mut there: BTreeMap<u8, There> = BTreeMap::new();
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut published = 0;
    for act in acts {
        match act {
            Act::Subscribe(queue, kind) if !there.contains_key(&queue) => {
                let filter = kind.map(|kind| format!(r#"{{"kind": [{kind}]}}"#));
                // What was published before may be told or not: the model wants none of it, so it is drained first.
                collect(house.drain(7).await, &mut told);
                let id = house.subscribe(&topic, &format!("q{queue}"), filter.as_deref()).await;
                there.insert(queue, There { id, kind, owed: Vec::new() });
            }
            Act::Subscribe(..) => {}
            Act::Unsubscribe(queue) => {
                if let Some(one) = there.remove(&queue) {
                    collect(house.drain(7).await, &mut told);
                    let got = told.remove(&arn(&format!("q{queue}"))).unwrap_or_default();
                    assert_eq!(got, one.owed);
                    house.topics.unsubscribe(one.id).await.unwrap();
                }
            }
            Act::Publish(kind) => {
                published += 1;
                let body = format!("m{published}");
                house.topics.publish(&topic, of_kind(&body, kind)).await.unwrap();
                for one in there.values_mut().filter(|one| one.kind.is_none_or(|wanted| wanted == kind)) {
                    one.owed.push(body.clone());
                }
            }
            Act::Step(most) => {
                if let Some(number) = house.topics.topics_with_work(None, 1).await.unwrap().first() {
                    let step = house.step(*number, most).await;
                    let step = step
                        .iter()
                        .map(|one| (one.subscription.record.endpoint.clone(), one.message.body.clone()));
                    collect(step.collect(), &mut told);
                }
            }
            Act::Delete => {
                collect(house.drain(7).await, &mut told);
                check(&there, &mut told);
                there.clear();
                house.topics.delete_topic(topic).await.unwrap();
                topic = house.topic("t").await;
            }
        }
    }
    collect(house.drain(7).await, &mut told);
    check(&there, &mut told);
    assert!(told.is_empty(), "told to nobody who is there: {told:?}");
}

fn collect(step: Vec<(String, String)>, told: &mut BTreeMap<String, Vec<String>>) {
    for (endpoint, body) in step {
        told.entry(endpoint).or_default().push(body);
    }
}

fn check(there: &BTreeMap<u8, There>, told: &mut BTreeMap<String, Vec<String>>) {
    for (queue, one) in there {
        let got = told.remove(&arn(&format!("q{queue}"))).unwrap_or_default();
        assert_eq!(got, one.owed, "q{queue}");
    }
}
