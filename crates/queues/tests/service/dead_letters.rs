use crate::{House, body, code, id};

async fn with_dead_letters(house: &House, fifo: &str, most: u32) -> (queues::QueueId, queues::QueueId) {
    let dead = house.queue(&format!("dead{fifo}"), &[]).await;
    let redrive = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":{most}}}"#, dead.arn());
    let queue =
        house.queue(&format!("jobs{fifo}"), &[("RedrivePolicy", &redrive), ("VisibilityTimeout", "1")]).await;
    (queue, dead)
}

#[tokio::test]
async fn a_message_that_was_received_too_often_goes_to_the_dead_letters() {
    for house in [House::memory(), House::sqlite()] {
        let (queue, dead) = with_dead_letters(&house, "", 2).await;
        let sent = house.send(&queue, "bad").await;
        let first = house.receive(&queue, 10).await.remove(0);
        house.pass(1);
        assert_eq!(house.receive(&queue, 10).await.len(), 1);
        house.pass(1);
        assert!(house.receive(&queue, 10).await.is_empty());
        assert_eq!((house.count(&queue).await, house.count(&dead).await), ((0, 0, 0), (1, 0, 0)));
        let letter = house.receive(&dead, 10).await.remove(0);
        assert_eq!((letter.id, letter.sent_ms, letter.count), (sent.id, first.sent_ms, 3));
        assert_eq!(letter.dead_of, Some(queue.arn().to_string()));
    }
}

#[tokio::test]
async fn a_fifo_group_goes_on_behind_its_dead_letter() {
    let house = House::memory();
    let (queue, dead) = with_dead_letters(&house, ".fifo", 1).await;
    house.send_to(&queue, "g", "bad").await;
    house.send_to(&queue, "g", "good").await;
    let bad = house.receive(&queue, 1).await.remove(0);
    assert_eq!(body(&bad), "bad");
    house.pass(1);
    assert_eq!(house.bodies(&queue, 10).await, ["good"]);
    let letter = house.receive(&dead, 10).await.remove(0);
    // Its age begins anew there.
    assert_eq!((body(&letter), letter.sent_ms), ("bad".to_owned(), bad.sent_ms + 1000));
}

#[tokio::test]
async fn a_dead_letter_queue_is_of_the_same_kind_and_may_refuse() {
    let house = House::memory();
    let dead = house.queue("dead", &[("RedriveAllowPolicy", r#"{"redrivePermission":"denyAll"}"#)]).await;
    house.queue("jobs", &[]).await;
    house.queue("jobs.fifo", &[]).await;
    let set = |name: &str, target: String| {
        let policy = format!(r#"{{"deadLetterTargetArn":"{target}","maxReceiveCount":"3"}}"#);
        house.queues.set_queue_attributes(id(name), [("RedrivePolicy".to_owned(), policy)].into())
    };
    for (name, target) in [
        ("jobs", dead.arn().to_string()),
        ("jobs.fifo", dead.arn().to_string()),
        ("jobs", id("none").arn().to_string()),
        ("jobs", "arn:aws:sqs:us-east-1:111111111111:dead".to_owned()),
    ] {
        assert_eq!(code(&set(name, target).await.unwrap_err()), "InvalidParameter", "{name}");
    }
    let allow = format!(r#"{{"redrivePermission":"byQueue","sourceQueueArns":["{}"]}}"#, id("jobs").arn());
    let allow = [("RedriveAllowPolicy".to_owned(), allow)].into();
    house.queues.set_queue_attributes(dead.clone(), allow).await.unwrap();
    set("jobs", dead.arn().to_string()).await.unwrap();
    let page = house.queues.list_sources(dead.clone(), None, 10).await.unwrap();
    assert_eq!(page.queues, [id("jobs")]);
    let nothing = [("RedrivePolicy".to_owned(), String::new())].into();
    house.queues.set_queue_attributes(id("jobs"), nothing).await.unwrap();
    assert!(house.queues.list_sources(dead, None, 10).await.unwrap().queues.is_empty());
}
