use crate::{House, code};
use queues::{MoveState, QueueId, StartMove};

async fn dead_letters(house: &House, number: usize) -> (QueueId, QueueId) {
    let dead = house.queue("dead", &[]).await;
    let redrive = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":1}}"#, dead.arn());
    let queue = house.queue("jobs", &[("RedrivePolicy", &redrive), ("VisibilityTimeout", "1")]).await;
    for number in 0..number {
        house.send(&queue, &format!("{number}")).await;
    }
    while house.count(&queue).await.0 > 0 {
        house.receive(&queue, 10).await;
    }
    house.pass(1);
    while house.count(&queue).await.0 > 0 {
        assert!(house.receive(&queue, 10).await.is_empty());
    }
    assert_eq!(house.count(&dead).await.0, number as u64);
    (queue, dead)
}

fn start(source: &QueueId, destination: Option<&QueueId>, rate: Option<u32>) -> StartMove {
    StartMove { source: source.clone(), destination: destination.cloned(), rate }
}

#[tokio::test]
async fn dead_letters_go_back_to_where_they_came_from() {
    let house = House::memory();
    let (queue, dead) = dead_letters(&house, 60).await;
    house.queues.start_move(start(&dead, None, None)).await.unwrap();
    let error = house.queues.start_move(start(&dead, None, None)).await.unwrap_err();
    assert_eq!(code(&error), "Unsupported");
    let task = tokio::spawn(house.queues.clone().keep_moving());
    let ended = loop {
        let task = house.queues.list_moves(dead.clone(), 1).await.unwrap().remove(0);
        if task.state != MoveState::Running {
            break task;
        }
        tokio::task::yield_now().await;
    };
    task.abort();
    assert_eq!((ended.state, ended.moved, ended.to_move), (MoveState::Completed, 60, 60));
    assert_eq!((house.count(&dead).await, house.count(&queue).await), ((0, 0, 0), (60, 0, 0)));
    assert_eq!(house.receive(&queue, 1).await[0].count, 1);
}

#[tokio::test]
async fn a_move_is_cancelled() {
    let house = House::memory();
    let (queue, dead) = dead_letters(&house, 5).await;
    let task = house.queues.start_move(start(&dead, Some(&queue), Some(1))).await.unwrap();
    assert_eq!(house.queues.cancel_move(dead.clone(), task.clone()).await.unwrap(), 0);
    let moving = tokio::spawn(house.queues.clone().keep_moving());
    while house.queues.list_moves(dead.clone(), 1).await.unwrap()[0].state != MoveState::Cancelled {
        tokio::task::yield_now().await;
    }
    moving.abort();
    assert_eq!(house.count(&dead).await.0, 5);
    let error = house.queues.cancel_move(dead.clone(), task).await.unwrap_err();
    assert_eq!(code(&error), "Unsupported");
    let error = house.queues.cancel_move(dead.clone(), "none".into()).await.unwrap_err();
    assert_eq!(code(&error), "NoSuchResource");
    for bad in [start(&dead, Some(&dead), None), start(&queue, None, None), start(&dead, None, Some(501))] {
        assert_eq!(code(&house.queues.start_move(bad).await.unwrap_err()), "InvalidParameter");
    }
}
