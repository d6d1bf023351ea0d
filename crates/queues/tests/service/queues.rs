use crate::{House, asking, body, code, id, message};
use queues::{Attribute, AttributeValue, Outgoing, QueueName, Receive};
use std::collections::BTreeMap;

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    for house in [House::memory(), House::sqlite()] {
        let queue = house.queue("jobs", &[]).await;
        let long = "x".repeat(100_000);
        let text = Attribute { kind: "String".into(), value: AttributeValue::Text("v".into()) };
        let attributes = [("a".to_owned(), text)].into();
        let sent = house.queues.send(&queue, Outgoing { attributes, ..message(&long) }).await.unwrap();
        assert_eq!(house.count(&queue).await, (1, 0, 0));
        let received = house.receive(&queue, 10).await;
        assert_eq!((received.len(), &received[0].id, body(&received[0])), (1, &sent.id, long));
        assert_eq!((received[0].count, received[0].attributes.len()), (1, 1));
        assert_eq!(house.count(&queue).await, (0, 0, 1));
        assert!(house.receive(&queue, 10).await.is_empty());
        house.queues.delete(&queue, received[0].receipt).await.unwrap();
        house.queues.delete(&queue, received[0].receipt).await.unwrap();
        assert_eq!(house.count(&queue).await, (0, 0, 0));
    }
}

#[tokio::test]
async fn what_is_not_deleted_comes_back() {
    let house = House::memory();
    let queue = house.queue("jobs", &[("VisibilityTimeout", "10")]).await;
    house.send(&queue, "a").await;
    let first = house.receive(&queue, 1).await.remove(0);
    house.pass(9);
    assert!(house.receive(&queue, 1).await.is_empty());
    house.pass(1);
    assert_eq!(house.count(&queue).await, (1, 0, 0));
    let second = house.receive(&queue, 1).await.remove(0);
    assert_eq!((second.count, second.first_received_ms), (2, first.first_received_ms));
    // The older receipt deletes nothing of what somebody else has now.
    house.queues.delete(&queue, first.receipt).await.unwrap();
    assert_eq!(house.count(&queue).await, (0, 0, 1));
    house.queues.change_visibility(&queue, second.receipt, 0).await.unwrap();
    assert_eq!(house.bodies(&queue, 1).await, ["a"]);
}

#[tokio::test]
async fn visibility_is_changed_up_to_twelve_hours_from_when_it_was_received() {
    let house = House::memory();
    let queue = house.queue("jobs", &[]).await;
    house.send(&queue, "a").await;
    let receipt = house.receive(&queue, 1).await.remove(0).receipt;
    house.queues.change_visibility(&queue, receipt, 43_200).await.unwrap();
    house.pass(1);
    let error = house.queues.change_visibility(&queue, receipt, 43_200).await.unwrap_err();
    assert!(error.to_string().contains("beyond the limit"), "{error}");
    house.queues.change_visibility(&queue, receipt, 1).await.unwrap();
    house.pass(1);
    let error = house.queues.change_visibility(&queue, receipt, 1).await.unwrap_err();
    assert_eq!(code(&error), "NotInFlight");
    let other = house.queue("other", &[]).await;
    let error = house.queues.delete(&other, receipt).await.unwrap_err();
    assert_eq!(code(&error), "ReceiptInvalid");
}

#[tokio::test]
async fn a_delayed_message_waits() {
    let house = House::memory();
    let queue = house.queue("jobs", &[("DelaySeconds", "5")]).await;
    house.send(&queue, "slow").await;
    house.queues.send(&queue, Outgoing { delay_seconds: Some(0), ..message("fast") }).await.unwrap();
    assert_eq!(house.count(&queue).await, (1, 1, 0));
    assert_eq!(house.bodies(&queue, 10).await, ["fast"]);
    house.pass(5);
    assert_eq!(house.count(&queue).await, (1, 0, 1));
    assert_eq!(house.bodies(&queue, 10).await, ["slow"]);
}

#[tokio::test]
async fn old_messages_go() {
    let house = House::memory();
    let queue = house.queue("jobs", &[("MessageRetentionPeriod", "60")]).await;
    house.send(&queue, "received").await;
    house.receive(&queue, 1).await;
    house.send(&queue, "never received").await;
    house.queues.send(&queue, Outgoing { delay_seconds: Some(900), ..message("delayed") }).await.unwrap();
    house.pass(61);
    // What is asked for first is found to be too old, and the rest by the sweeper.
    assert!(house.bodies(&queue, 10).await.is_empty());
    house.queues.expire().await.unwrap();
    assert_eq!(house.count(&queue).await, (0, 0, 0));
}

#[tokio::test]
async fn a_purge_takes_all_and_leaves_the_queue() {
    let house = House::memory();
    let queue = house.queue("jobs", &[]).await;
    for _ in 0..3 {
        house.send(&queue, "a").await;
    }
    let receipt = house.receive(&queue, 1).await.remove(0).receipt;
    house.queues.purge_queue(queue.clone()).await.unwrap();
    assert_eq!(house.count(&queue).await, (0, 0, 0));
    house.queues.delete(&queue, receipt).await.unwrap();
    let error = house.queues.purge_queue(queue.clone()).await.unwrap_err();
    assert_eq!(code(&error), "PurgeInProgress");
    house.send(&queue, "b").await;
    while house.queues.sweep().await.unwrap() {}
    assert_eq!(house.bodies(&queue, 10).await, ["b"]);
    house.pass(60);
    house.queues.purge_queue(queue.clone()).await.unwrap();
}

#[tokio::test]
async fn a_deleted_queue_s_name_rests_for_a_minute() {
    let house = House::memory();
    let queue = house.queue("jobs", &[]).await;
    house.send(&queue, "a").await;
    house.queues.delete_queue(queue.clone()).await.unwrap();
    let error = house.queues.receive(&queue, asking(1)).await.unwrap_err();
    assert_eq!(code(&error), "NoSuchQueue");
    let create = || house.queues.create_queue(queue.clone(), BTreeMap::new(), BTreeMap::new());
    assert_eq!(code(&create().await.unwrap_err()), "DeletedRecently");
    house.pass(60);
    create().await.unwrap();
    assert!(house.receive(&queue, 10).await.is_empty());
    while house.queues.sweep().await.unwrap() {}
    assert_eq!(house.count(&queue).await, (0, 0, 0));
}

#[tokio::test]
async fn the_same_queue_once_more_is_no_error_and_another_one_is() {
    let house = House::memory();
    let queue = house.queue("jobs", &[("DelaySeconds", "5")]).await;
    let create = |value: &str| {
        let attributes = [("DelaySeconds".to_owned(), value.to_owned())].into();
        house.queues.create_queue(queue.clone(), attributes, BTreeMap::new())
    };
    create("5").await.unwrap();
    assert_eq!(code(&create("6").await.unwrap_err()), "QueueExists");
    house.queues.create_queue(queue.clone(), BTreeMap::new(), BTreeMap::new()).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_told() {
    let house = House::memory();
    let queue = house.queue("jobs", &[("MaximumMessageSize", "1024")]).await;
    for (bad, expected) in [
        (message(""), "MissingParameter"),
        (message("\u{1}"), "InvalidContents"),
        (message(&"x".repeat(1025)), "InvalidParameter"),
        (Outgoing { delay_seconds: Some(901), ..message("a") }, "InvalidParameter"),
        (Outgoing { deduplication: Some("a".into()), ..message("a") }, "InvalidParameter"),
        (Outgoing { group: Some("a b".into()), ..message("a") }, "InvalidParameter"),
    ] {
        let error = house.queues.send(&queue, bad.clone()).await.unwrap_err();
        assert_eq!(code(&error), expected, "{bad:?}");
    }
    house.send(&queue, &"x".repeat(1024)).await;
    for bad in [0, 11] {
        let error = house.queues.receive(&queue, asking(bad)).await.unwrap_err();
        assert_eq!(code(&error), "InvalidParameter");
    }
    let error = house.queues.receive(&queue, Receive { attempt: Some("a".into()), ..asking(1) }).await;
    assert_eq!(code(&error.unwrap_err()), "InvalidParameter");
    let error = house.queues.send(&id("none"), message("a")).await.unwrap_err();
    assert_eq!(code(&error), "NoSuchQueue");
    for bad in ["", "a b", ".fifo", &"x".repeat(81), "ä", "a.b"] {
        assert!(QueueName::parse(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn queues_are_listed_by_prefix_in_pages() {
    let house = House::memory();
    for name in ["a-1", "a-2", "a-3", "b-1"] {
        house.queue(name, &[]).await;
    }
    let list = |prefix: &'static str, after: Option<&str>, most| {
        let of = id("a-1");
        house.queues.list_queues(of.account, of.region, prefix, after.map(str::to_owned), most)
    };
    let names =
        |page: &queues::Page| page.queues.iter().map(|queue| queue.name.to_string()).collect::<Vec<_>>();
    let page = list("a-", None, 2).await.unwrap();
    assert_eq!((names(&page), page.last.as_deref()), (vec!["a-1".into(), "a-2".into()], Some("a-2")));
    let page = list("a-", Some("a-2"), 2).await.unwrap();
    assert_eq!((names(&page), page.last), (vec!["a-3".into()], None));
    assert_eq!(names(&list("", None, 10).await.unwrap()).len(), 4);
}

#[tokio::test]
async fn permissions_are_statements_of_the_policy() {
    let house = House::memory();
    let queue = house.queue("jobs", &[]).await;
    let add = |label: &str, action: &str| {
        house.queues.add_permission(
            queue.clone(),
            label.into(),
            vec!["111111111111".into()],
            vec![action.into()],
        )
    };
    add("one", "SendMessage").await.unwrap();
    add("two", "*").await.unwrap();
    assert_eq!(code(&add("one", "SendMessage").await.unwrap_err()), "InvalidParameter");
    assert_eq!(code(&add("three", "DeleteQueue").await.unwrap_err()), "InvalidParameter");
    assert!(house.queues.resource_policy(&queue).await.unwrap().is_some());
    house.queues.remove_permission(queue.clone(), "one".into()).await.unwrap();
    house.queues.remove_permission(queue.clone(), "two".into()).await.unwrap();
    assert!(house.queues.resource_policy(&queue).await.unwrap().is_none());
    let error = house.queues.remove_permission(queue, "two".into()).await.unwrap_err();
    assert_eq!(code(&error), "InvalidParameter");
}
