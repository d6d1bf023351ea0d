use crate::{House, body};

#[tokio::test]
async fn a_group_with_many_messages_does_not_hold_up_one_with_few() {
    let house = House::memory();
    let queue = house.queue("jobs", &[]).await;
    for number in 0..100 {
        house.send_to(&queue, "noisy", &format!("noisy {number}")).await;
    }
    house.send_to(&queue, "quiet", "quiet").await;
    let received = house.bodies(&queue, 3).await;
    assert!(received.contains(&"quiet".to_owned()), "{received:?}");
}

#[tokio::test]
async fn what_always_fails_does_not_hold_up_the_rest() {
    let house = House::memory();
    let queue = house.queue("jobs", &[]).await;
    for number in 0..10 {
        house.send(&queue, &format!("poison {number}")).await;
    }
    for number in 0..5 {
        house.send(&queue, &format!("good {number}")).await;
    }
    let mut good = 0;
    for _ in 0..40 {
        let Some(one) = house.receive(&queue, 1).await.pop() else { break };
        if body(&one).starts_with("good") {
            house.queues.delete(&queue, one.receipt).await.unwrap();
            good += 1;
        } else {
            house.queues.change_visibility(&queue, one.receipt, 0).await.unwrap();
        }
    }
    assert_eq!(good, 5);
}
