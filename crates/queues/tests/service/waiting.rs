use crate::{House, asking, body, code};
use clock::Clock;
use queues::{QueueId, Receive, Received};
use std::time::Duration;
use tokio::task::JoinHandle;

fn wait(house: &House, queue: &QueueId, seconds: u32) -> JoinHandle<Vec<Received>> {
    let (queues, queue) = (house.queues.clone(), queue.clone());
    let ask = Receive { wait_seconds: Some(seconds), ..asking(10) };
    tokio::spawn(async move { queues.receive(&queue, ask).await.unwrap() })
}

/// Until all that can go on has.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_waits_is_woken_by_a_message() {
    let house = House::memory();
    let queue = house.queue("jobs", &[]).await;
    let (one, two) = (wait(&house, &queue, 20), wait(&house, &queue, 20));
    settle().await;
    house.send(&queue, "a").await;
    house.send(&queue, "b").await;
    let mut bodies: Vec<String> = one.await.unwrap().iter().map(body).collect();
    // The first may have got both; then the other waits on.
    if bodies.len() == 2 {
        house.send(&queue, "c").await;
    }
    bodies.extend(two.await.unwrap().iter().map(body));
    assert!(bodies.len() >= 2, "{bodies:?}");
}

#[tokio::test]
async fn who_waits_is_woken_when_a_lease_ends() {
    let house = House::memory();
    let queue = house.queue("jobs", &[("VisibilityTimeout", "5")]).await;
    house.send(&queue, "a").await;
    house.receive(&queue, 1).await;
    let waiting = wait(&house, &queue, 20);
    // Time passes only once it sleeps.
    for _ in 0..20 {
        std::thread::yield_now();
        settle().await;
        if waiting.is_finished() {
            break;
        }
        house.pass(1);
    }
    assert_eq!(waiting.await.unwrap().len(), 1);
}

#[tokio::test]
async fn waiting_ends_without_a_message() {
    let house = House::memory();
    let queue = house.queue("jobs", &[("ReceiveMessageWaitTimeSeconds", "2")]).await;
    let waiting = {
        let (queues, queue) = (house.queues.clone(), queue.clone());
        tokio::spawn(async move { queues.receive(&queue, asking(1)).await.unwrap() })
    };
    while !waiting.is_finished() {
        settle().await;
        house.pass(1);
    }
    assert!(waiting.await.unwrap().is_empty());
    let error =
        house.queues.receive(&queue, Receive { wait_seconds: Some(21), ..asking(1) }).await.unwrap_err();
    assert_eq!(code(&error), "InvalidParameter");
}

#[tokio::test]
async fn who_waits_is_told_that_the_queue_is_gone() {
    let house = House::memory();
    let queue = house.queue("jobs", &[]).await;
    let waiting = {
        let (queues, queue) = (house.queues.clone(), queue.clone());
        let ask = Receive { wait_seconds: Some(20), ..asking(1) };
        tokio::spawn(async move { queues.receive(&queue, ask).await })
    };
    settle().await;
    house.queues.delete_queue(queue).await.unwrap();
    // It may have begun only after the end, which tells the same.
    assert_eq!(code(&waiting.await.unwrap().unwrap_err()), "NoSuchQueue");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_while_somebody_begins_to_wait_wakes_them() {
    // The queue's clock stands still: who is not woken would wait for ever.
    let house = std::sync::Arc::new(House::sqlite());
    let id = house.queue("q", &[]).await;
    for round in 0..300 {
        let (receiver, of) = (house.clone(), id.clone());
        let ask = Receive { wait_seconds: Some(20), ..asking(1) };
        let waiting = tokio::spawn(async move { receiver.queues.receive(&of, ask).await.unwrap() });
        for _ in 0..round % 40 {
            tokio::task::yield_now().await;
        }
        house.send(&id, "m").await;
        let received = Clock::real().timeout(Duration::from_secs(60), waiting).await;
        let received = received.unwrap_or_else(|| panic!("nobody was woken in round {round}")).unwrap();
        house.queues.delete(&id, received[0].receipt).await.unwrap();
    }
}
