use crate::{House, asking, body, code, message};
use queues::{Outgoing, Receive};

#[tokio::test]
async fn a_group_is_received_in_order_and_not_further_while_something_of_it_is_in_flight() {
    for house in [House::memory(), House::sqlite()] {
        let queue = house.queue("jobs.fifo", &[("VisibilityTimeout", "10")]).await;
        for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3")] {
            house.send_to(&queue, group, body).await;
        }
        let first = house.receive(&queue, 1).await;
        assert_eq!(body(&first[0]), "a1");
        assert_eq!(house.bodies(&queue, 10).await, ["b1"]);
        assert!(house.receive(&queue, 10).await.is_empty());
        house.queues.delete(&queue, first[0].receipt).await.unwrap();
        let rest = house.receive(&queue, 10).await;
        assert_eq!(rest.iter().map(body).collect::<Vec<_>>(), ["a2", "a3"]);
        // The second comes back alone; the group waits for the first.
        house.queues.delete(&queue, rest[0].receipt).await.unwrap();
        assert!(house.receive(&queue, 10).await.is_empty());
        house.pass(10);
        let mut again = house.bodies(&queue, 10).await;
        again.sort();
        assert_eq!(again, ["a3", "b1"]);
        let error = house.queues.delete(&queue, rest[1].receipt).await.unwrap_err();
        assert_eq!(code(&error), "InvalidParameter");
        assert_eq!(house.count(&queue).await, (0, 0, 2));
    }
}

#[tokio::test]
async fn what_was_sent_once_is_not_sent_again_within_five_minutes() {
    let house = House::memory();
    let by_content = house.queue("content.fifo", &[("ContentBasedDeduplication", "true")]).await;
    let send = |queue: &queues::QueueId, group: &str, id: Option<&str>| {
        let (queue, group) = (queue.clone(), Some(group.to_owned()));
        let deduplication = id.map(str::to_owned);
        let queues = house.queues.clone();
        async move { queues.send(&queue, Outgoing { group, deduplication, ..message("same") }).await.unwrap() }
    };
    let first = send(&by_content, "a", None).await;
    let second = send(&by_content, "b", None).await;
    assert_eq!((&first.id, &first.sequence_number), (&second.id, &second.sequence_number));
    assert_eq!(house.count(&by_content).await, (1, 0, 0));
    // Also where it was received and deleted meanwhile.
    let receipt = house.receive(&by_content, 1).await.remove(0).receipt;
    house.queues.delete(&by_content, receipt).await.unwrap();
    send(&by_content, "a", None).await;
    assert_eq!(house.count(&by_content).await, (0, 0, 0));
    house.pass(300);
    let later = send(&by_content, "a", None).await;
    assert_ne!(later.id, first.id);
    assert!(later.sequence_number > first.sequence_number);

    let by_group = house.queue("group.fifo", &[("DeduplicationScope", "messageGroup")]).await;
    for (group, id) in [("a", "1"), ("b", "1"), ("a", "1"), ("a", "2")] {
        send(&by_group, group, Some(id)).await;
    }
    assert_eq!(house.count(&by_group).await, (3, 0, 0));
}

#[tokio::test]
async fn an_attempt_to_receive_is_answered_once_more_the_same() {
    let house = House::memory();
    let queue = house.queue("jobs.fifo", &[]).await;
    house.send_to(&queue, "a", "a1").await;
    house.send_to(&queue, "b", "b1").await;
    let ask = |id: &str| Receive { attempt: Some(id.to_owned()), ..asking(1) };
    let first = house.queues.receive(&queue, ask("x")).await.unwrap();
    let again = house.queues.receive(&queue, ask("x")).await.unwrap();
    let other = house.queues.receive(&queue, ask("y")).await.unwrap();
    assert_eq!((body(&first[0]), body(&again[0]), body(&other[0])), ("a1".into(), "a1".into(), "b1".into()));
    house.queues.delete(&queue, again[0].receipt).await.unwrap();
    assert!(house.queues.receive(&queue, ask("x")).await.unwrap().is_empty());
    assert_eq!(house.count(&queue).await, (0, 0, 1));
}

#[tokio::test]
async fn what_a_fifo_queue_needs_is_asked_for() {
    let house = House::memory();
    let queue = house.queue("jobs.fifo", &[]).await;
    let (group, deduplication) = (Some("g".to_owned()), Some("d".to_owned()));
    for (bad, expected) in [
        (Outgoing { deduplication: deduplication.clone(), ..message("a") }, "MissingParameter"),
        (Outgoing { group: group.clone(), ..message("a") }, "InvalidParameter"),
        (Outgoing { group, deduplication, delay_seconds: Some(1), ..message("a") }, "InvalidParameter"),
    ] {
        let error = house.queues.send(&queue, bad.clone()).await.unwrap_err();
        assert_eq!(code(&error), expected, "{bad:?}");
    }
}

#[tokio::test]
async fn a_delayed_fifo_queue_keeps_the_order() {
    let house = House::memory();
    let queue = house.queue("jobs.fifo", &[("DelaySeconds", "5")]).await;
    house.send_to(&queue, "a", "a1").await;
    house.pass(1);
    house.send_to(&queue, "a", "a2").await;
    assert_eq!(house.count(&queue).await, (0, 2, 0));
    house.pass(4);
    let first = house.receive(&queue, 10).await;
    assert_eq!(first.iter().map(body).collect::<Vec<_>>(), ["a1"]);
    house.pass(1);
    assert!(house.receive(&queue, 10).await.is_empty());
    house.queues.delete(&queue, first[0].receipt).await.unwrap();
    assert_eq!(house.bodies(&queue, 10).await, ["a2"]);
}
