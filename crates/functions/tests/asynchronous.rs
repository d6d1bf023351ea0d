//! Asynchronous invocations on a simulated clock: order, retries, age, restart.

mod support;

use bytes::Bytes;
use clock::Clock;
use functions::{
    AsyncEvent, EventBounds, EventInvokeChange, FollowUp, FunctionId, FunctionsError, Invocation,
    NewFunction, Waiting,
};
use kv::{Kv, KvError, Snapshot, Transaction};
use names::{AccountId, Key, Keyspace};
use std::time::Duration;
use support::{Next, World, invocation, new_function, until, zip};
use tokio::sync::watch;
use tokio::task::JoinHandle;

fn event(id: &FunctionId, request_id: &str, order: Option<&str>) -> AsyncEvent {
    AsyncEvent {
        request_id: request_id.to_owned(),
        id: id.clone(),
        qualifier: None,
        payload: Bytes::from(format!("\"{request_id}\"")),
        client_context: None,
        trace_id: None,
        order: order.map(str::to_owned),
    }
}

struct Dispatching {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    telling: JoinHandle<()>,
}

impl Dispatching {
    fn start(world: &World) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(world.functions.clone().dispatch(stopped));
        Dispatching { stop, task, telling: tokio::spawn(tell(world.kv.clone(), world.clock.clone())) }
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
        self.telling.abort();
    }
}

/// What `triggers` does with outcomes, without asking for rights.
async fn tell(kv: Kv, clock: Clock) {
    let mut commits = kv.watch(FollowUp::all().as_bytes());
    loop {
        let clock = clock.clone();
        kv.transact(async move |tx: &mut Transaction| {
            for (sequence, follow_up) in FollowUp::first(tx, 10, usize::MAX).await? {
                let (follow_up, text) = follow_up?;
                assert!(follow_up.hand_to_function(tx, text, &clock).await?);
                FollowUp::forget(tx, sequence);
            }
            Ok::<_, KvError>(())
        })
        .await
        .unwrap();
        commits.changed().await;
    }
}

async fn queue_length(world: &World, keyspace: Keyspace) -> usize {
    world.kv.range(Key::new(keyspace).range(), 1000).await.unwrap().len()
}

async fn until_empty(world: &World) {
    until("an empty queue", async || {
        let mut left = 0;
        for keyspace in [
            Keyspace::AsyncInvocation,
            Keyspace::AsyncPayload,
            Keyspace::AsyncQueue,
            Keyspace::AsyncNext,
            Keyspace::AsyncOrder,
            Keyspace::AsyncBacklog,
            Keyspace::AsyncFollowUp,
            Keyspace::AsyncFollowUpText,
        ] {
            left += queue_length(world, keyspace).await;
        }
        left == 0
    })
    .await;
}

/// Waits until the only event waits for another attempt, then moves time to just before it and to it.
async fn advance_to_retry(world: &World, seen: usize, wait: Duration) {
    until("the event to be postponed", async || {
        let due = world.kv.range(Key::new(Keyspace::AsyncNext).range(), 2).await.unwrap();
        let now = u64::try_from(world.clock.now().as_ms()).unwrap();
        due.first().is_some_and(|(key, _)| key[1..9] > now.to_be_bytes()[..])
    })
    .await;
    world.clock.advance(wait - Duration::from_millis(1));
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.instances.seen.borrow().len(), seen, "tried before its time");
    world.clock.advance(Duration::from_millis(1));
    world.instances.wait_for(seen + 1).await;
}

#[tokio::test]
async fn an_event_is_delivered_once_and_forgotten() {
    let world = World::new();
    let id = world.create("thumb").await;
    let dispatching = Dispatching::start(&world);
    world.functions.invoke_async(event(&id, "one", None)).await.unwrap();
    let seen = world.instances.wait_for(1).await;
    assert_eq!(seen[0].request.request_id, "one");
    assert_eq!(&seen[0].request.payload[..], b"\"one\"");
    until_empty(&world).await;
    dispatching.stop().await;
    assert_eq!(world.instances.seen.borrow().len(), 1);
}

#[tokio::test]
async fn failing_code_is_tried_again_after_one_and_two_minutes() {
    let world = World::new();
    let id = world.create("thumb").await;
    world.instances.script([Next::Fail, Next::Fail, Next::Fail]);
    let dispatching = Dispatching::start(&world);
    world.functions.invoke_async(event(&id, "one", None)).await.unwrap();
    world.instances.wait_for(1).await;
    advance_to_retry(&world, 1, Duration::from_secs(60)).await;
    advance_to_retry(&world, 2, Duration::from_secs(120)).await;
    until_empty(&world).await;
    dispatching.stop().await;
    let seen = world.instances.seen.borrow();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.request.request_id == "one"));
}

#[tokio::test]
async fn throttled_events_back_off_and_use_no_retry_up() {
    let world = World::new();
    let id = world.create("thumb").await;
    world.instances.script([Next::Throttle, Next::Throttle, Next::Throttle, Next::Succeed]);
    let dispatching = Dispatching::start(&world);
    world.functions.invoke_async(event(&id, "one", None)).await.unwrap();
    world.instances.wait_for(1).await;
    for (seen, wait) in [(1, 1), (2, 2), (3, 4)] {
        advance_to_retry(&world, seen, Duration::from_secs(wait)).await;
    }
    until_empty(&world).await;
    dispatching.stop().await;
}

#[tokio::test]
async fn settings_bound_retries_and_name_a_destination() {
    let world = World::new();
    let id = world.create("thumb").await;
    let told = world.create("told").await;
    let change = EventInvokeChange {
        retries_max: Some(0),
        on_failure: Some(told.arn().to_string()),
        ..EventInvokeChange::default()
    };
    world.functions.put_event_invoke_config(id.clone(), None, change, false).await.unwrap();
    world.instances.script([Next::Fail]);
    let dispatching = Dispatching::start(&world);
    world.functions.invoke_async(event(&id, "one", None)).await.unwrap();
    let seen = world.instances.wait_for(2).await;
    assert_eq!(seen[1].spec.function_name, told.name);
    let record: serde_json::Value = serde_json::from_slice(&seen[1].request.payload).unwrap();
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["requestId"], "one");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 1);
    assert_eq!(record["requestPayload"], "one");
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    until_empty(&world).await;
    dispatching.stop().await;
}

#[tokio::test]
async fn a_destination_of_another_account_is_refused() {
    let world = World::new();
    let id = world.create("thumb").await;
    let other = AccountId::parse("111122223333").unwrap();
    let foreign = FunctionId { account: other, ..support::id("told") };
    let new = NewFunction { id: foreign.clone(), ..new_function("told", zip("exports.handler")) };
    world.functions.create_function(new).await.unwrap();
    let change =
        EventInvokeChange { on_success: Some(foreign.arn().to_string()), ..EventInvokeChange::default() };
    let refused = world.functions.put_event_invoke_config(id, None, change, false).await;
    assert!(matches!(refused, Err(FunctionsError::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn an_event_that_is_given_up_becomes_a_dead_letter() {
    const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:dead";
    let world = World::new();
    let new =
        NewFunction { dead_letters: Some(QUEUE.to_owned()), ..new_function("thumb", zip("exports.handler")) };
    let id = new.id.clone();
    world.functions.create_function(new).await.unwrap();
    let change = EventInvokeChange { retries_max: Some(0), ..EventInvokeChange::default() };
    world.functions.put_event_invoke_config(id.clone(), None, change, false).await.unwrap();
    world.instances.script([Next::Fail]);
    let (stop, stopped) = watch::channel(false);
    let dispatching = tokio::spawn(world.functions.clone().dispatch(stopped));
    world.functions.invoke_async(event(&id, "one", None)).await.unwrap();
    until("the dead letter", async || queue_length(&world, Keyspace::AsyncFollowUp).await == 1).await;
    stop.send(true).unwrap();
    dispatching.await.unwrap();
    assert_eq!(queue_length(&world, Keyspace::AsyncInvocation).await, 0);
    let first = async |from: &Snapshot| FollowUp::first(from, 10, 1).await;
    let (_, follow_up) = world.kv.read(first).await.unwrap().remove(0);
    let (follow_up, text) = follow_up.unwrap();
    assert_eq!((follow_up.to.as_str(), &text[..]), (QUEUE, &b"\"one\""[..]));
    let dead = follow_up.dead_letter.unwrap();
    assert_eq!((dead.request_id.as_str(), dead.code), ("one", 200));
    assert!(!dead.message.is_empty());
}

#[tokio::test]
async fn an_event_that_grew_too_old_is_dropped() {
    let world = World::new();
    let id = world.create("thumb").await;
    let change = EventInvokeChange { age_max_s: Some(60), ..EventInvokeChange::default() };
    world.functions.put_event_invoke_config(id.clone(), None, change, false).await.unwrap();
    world.functions.invoke_async(event(&id, "one", None)).await.unwrap();
    world.clock.advance(Duration::from_secs(61));
    let dispatching = Dispatching::start(&world);
    until_empty(&world).await;
    dispatching.stop().await;
    assert!(world.instances.seen.borrow().is_empty());
}

#[tokio::test]
async fn what_was_under_way_is_tried_again_after_a_restart() {
    let world = World::new();
    let id = world.create("thumb").await;
    world.instances.script([Next::Hang]);
    let dispatching = Dispatching::start(&world);
    world.functions.invoke_async(event(&id, "one", None)).await.unwrap();
    // The one that hangs: without an order, any may come first.
    world.instances.wait_for(1).await;
    world.functions.invoke_async(event(&id, "two", Some("k"))).await.unwrap();
    world.functions.invoke_async(event(&id, "three", Some("k"))).await.unwrap();
    // The process is gone: nothing is settled in an orderly way.
    dispatching.task.abort();
    let world = world.restarted();
    let dispatching = Dispatching::start(&world);
    until_empty(&world).await;
    dispatching.stop().await;
    let seen = world.instances.seen.borrow();
    assert!(seen.iter().any(|seen| seen.request.request_id == "one"));
}

#[tokio::test]
async fn events_of_one_order_go_one_by_one_and_others_do_not_wait() {
    let world = World::new();
    let id = world.create("thumb").await;
    world.instances.script([Next::Hang]);
    world.functions.invoke_async(event(&id, "a1", Some("a"))).await.unwrap();
    let dispatching = Dispatching::start(&world);
    // The one that hangs: of two orders, either may come first.
    world.instances.wait_for(1).await;
    for (name, order) in [("a2", "a"), ("b1", "b"), ("b2", "b"), ("b3", "b")] {
        world.functions.invoke_async(event(&id, name, Some(order))).await.unwrap();
    }
    let seen = world.instances.wait_for(4).await;
    let names: Vec<_> = seen.iter().map(|seen| seen.request.request_id.as_str()).collect();
    assert!(!names.contains(&"a2"), "{names:?}");
    let of_b: Vec<_> = names.iter().filter(|name| name.starts_with('b')).collect();
    assert_eq!(of_b, [&"b1", &"b2", &"b3"]);
    dispatching.task.abort();
}

#[tokio::test]
async fn a_failed_event_lets_the_next_of_its_order_go_while_it_waits() {
    let world = World::new();
    let id = world.create("thumb").await;
    world.instances.script([Next::Fail]);
    let dispatching = Dispatching::start(&world);
    world.functions.invoke_async(event(&id, "one", Some("k"))).await.unwrap();
    world.functions.invoke_async(event(&id, "two", Some("k"))).await.unwrap();
    let seen = world.instances.wait_for(2).await;
    assert_eq!(seen[1].request.request_id, "two");
    advance_to_retry(&world, 2, Duration::from_secs(60)).await;
    until_empty(&world).await;
    dispatching.stop().await;
}

#[tokio::test]
async fn a_throttled_event_keeps_its_place_before_the_next_of_its_order() {
    let world = World::new();
    let id = world.create("thumb").await;
    world.instances.script([Next::Throttle]);
    let dispatching = Dispatching::start(&world);
    world.functions.invoke_async(event(&id, "one", Some("k"))).await.unwrap();
    world.functions.invoke_async(event(&id, "two", Some("k"))).await.unwrap();
    world.instances.wait_for(1).await;
    advance_to_retry(&world, 1, Duration::from_secs(1)).await;
    let seen = world.instances.wait_for(3).await;
    let names: Vec<_> = seen.iter().map(|seen| seen.request.request_id.as_str()).collect();
    assert_eq!(names, ["one", "one", "two"]);
    until_empty(&world).await;
    dispatching.stop().await;
}

#[tokio::test]
async fn events_of_a_deleted_function_are_dropped() {
    let world = World::new();
    let id = world.create("thumb").await;
    world.functions.invoke_async(event(&id, "one", Some("k"))).await.unwrap();
    world.functions.invoke_async(event(&id, "two", Some("k"))).await.unwrap();
    world.functions.delete_function(id.clone(), None).await.unwrap();
    let refused = world.functions.invoke_async(event(&id, "three", None)).await;
    assert!(matches!(refused, Err(FunctionsError::NotFound(_))));
    let dispatching = Dispatching::start(&world);
    until_empty(&world).await;
    dispatching.stop().await;
    assert!(world.instances.seen.borrow().is_empty());
}

#[tokio::test]
async fn an_event_over_a_megabyte_is_refused() {
    let world = World::new();
    let id = world.create("thumb").await;
    let event = AsyncEvent { payload: Bytes::from(vec![b' '; 1024 * 1024 + 1]), ..event(&id, "one", None) };
    assert!(matches!(world.functions.invoke_async(event).await, Err(FunctionsError::TooLarge(_))));
    until_empty(&world).await;
}

fn bounded(function_events_max: u64, account_events_max: u64) -> World {
    World::with(move |config| {
        config.event_bounds =
            EventBounds { function_events_max, account_events_max, ..EventBounds::default() };
    })
}

#[tokio::test]
async fn no_more_events_wait_than_may() {
    let world = bounded(2, 3);
    let (a, b) = (world.create("a").await, world.create("b").await);
    for name in ["a1", "a2"] {
        world.functions.invoke_async(event(&a, name, None)).await.unwrap();
    }
    let refused = world.functions.invoke_async(event(&a, "a3", None)).await;
    assert!(matches!(refused, Err(FunctionsError::TooManyEvents { of_account: false })), "{refused:?}");
    world.functions.invoke_async(event(&b, "b1", None)).await.unwrap();
    let refused = world.functions.invoke_async(event(&b, "b2", None)).await;
    assert!(matches!(refused, Err(FunctionsError::TooManyEvents { of_account: true })), "{refused:?}");
    assert_eq!(world.functions.waiting().await.unwrap().events, 3);
    let dispatching = Dispatching::start(&world);
    until_empty(&world).await;
    assert_eq!(world.functions.waiting().await.unwrap(), Waiting::default());
    world.functions.invoke_async(event(&a, "a3", None)).await.unwrap();
    world.instances.wait_for(4).await;
    until_empty(&world).await;
    dispatching.stop().await;
}

#[tokio::test]
async fn the_outcome_of_an_event_is_told_however_much_waits() {
    let world = bounded(1, 1);
    let id = world.create("thumb").await;
    let told = world.create("told").await;
    let change =
        EventInvokeChange { on_success: Some(told.arn().to_string()), ..EventInvokeChange::default() };
    world.functions.put_event_invoke_config(id.clone(), None, change, false).await.unwrap();
    world.functions.invoke_async(event(&id, "one", None)).await.unwrap();
    let dispatching = Dispatching::start(&world);
    let seen = world.instances.wait_for(2).await;
    assert_eq!(seen[1].spec.function_name, told.name);
    until_empty(&world).await;
    dispatching.stop().await;
}

#[tokio::test]
async fn a_burst_of_one_function_leaves_slots_for_others() {
    let world = World::with(|config| config.asynchronous_concurrency = 8);
    let (a, b) = (world.create("a").await, world.create("b").await);
    world.instances.script(std::iter::repeat_n(Next::Hang, 4));
    for number in 0..200 {
        world.functions.invoke_async(event(&a, &format!("a{number}"), None)).await.unwrap();
    }
    let dispatching = Dispatching::start(&world);
    world.instances.wait_for(4).await;
    for number in 0..20 {
        world.functions.invoke_async(event(&b, &format!("b{number}"), None)).await.unwrap();
    }
    let seen = world.instances.wait_for(24).await;
    let of_a = seen.iter().filter(|seen| seen.spec.function_name == a.name).count();
    assert_eq!(of_a, 4, "a function alone gets half of the slots");
    dispatching.task.abort();
}

/// Events that each lead to the next one, through the function's own destination.
async fn looping(world: &World) -> FunctionId {
    let id = world.create("loop").await;
    let own = Some(id.arn().to_string());
    let change =
        EventInvokeChange { on_success: own.clone(), on_failure: own, ..EventInvokeChange::default() };
    world.functions.put_event_invoke_config(id.clone(), None, change, false).await.unwrap();
    world.functions.invoke_async(event(&id, "one", None)).await.unwrap();
    id
}

#[tokio::test]
async fn a_loop_of_events_is_stopped_after_sixteen_runs() {
    let world = World::new();
    looping(&world).await;
    let dispatching = Dispatching::start(&world);
    world.instances.wait_for(16).await;
    until_empty(&world).await;
    dispatching.stop().await;
    let seen = world.instances.seen.borrow();
    assert_eq!(seen.len(), 16);
    assert!(seen[15].request.trace_id.as_ref().is_some_and(|trace| trace.ends_with(":16")));
}

#[tokio::test]
async fn a_loop_that_is_wanted_goes_on() {
    let world = World::new();
    let id = looping(&world).await;
    world.functions.put_function_recursion_config(id, true).await.unwrap();
    let dispatching = Dispatching::start(&world);
    world.instances.wait_for(40).await;
    dispatching.task.abort();
}

#[tokio::test]
async fn who_is_called_from_a_loop_is_refused() {
    let world = World::new();
    let id = world.create("loop").await;
    let mut trace_id = None;
    for _ in 0..16 {
        let invocation =
            Invocation { request_id: world.clock.uuid(), trace_id: trace_id.clone(), ..invocation("loop") };
        world.functions.invoke(invocation).await.unwrap();
        trace_id = world.instances.seen.borrow().last().unwrap().request.trace_id.clone();
    }
    let event = AsyncEvent { trace_id, ..event(&id, "one", None) };
    let refused = world.functions.invoke_async(event).await;
    assert!(matches!(refused, Err(FunctionsError::Recursive(_))), "{refused:?}");
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_set_aside_and_holds_nobody_up() {
    let world = World::new();
    let id = world.create("thumb").await;
    for name in ["one", "two"] {
        world.functions.invoke_async(event(&id, name, Some("k"))).await.unwrap();
    }
    let broken = Key::new(Keyspace::AsyncInvocation).text("one");
    world
        .kv
        .transact(async move |tx: &mut Transaction| {
            tx.put(&broken, "garbage");
            Ok::<_, KvError>(())
        })
        .await
        .unwrap();
    let dispatching = Dispatching::start(&world);
    until("the next of its order", async || {
        world.clock.advance(Duration::from_secs(1));
        !world.instances.seen.borrow().is_empty()
    })
    .await;
    assert_eq!(world.instances.seen.borrow()[0].request.request_id, "two");
    until("the queue to empty", async || queue_length(&world, Keyspace::AsyncQueue).await == 0).await;
    dispatching.stop().await;
    let aside = world.kv.read(async |from: &Snapshot| kv::list_aside(from, 10).await).await.unwrap();
    assert_eq!(aside.len(), 1);
    assert_eq!(aside[0].kind, "asynchronous invocation");
}

#[tokio::test]
async fn what_an_older_program_left_is_taken_over() {
    let world = World::new();
    let id = world.create("thumb").await;
    world.functions.invoke_async(event(&id, "one", None)).await.unwrap();
    // As it was when there was one queue for all, and nothing was counted.
    world
        .kv
        .transact(async move |tx: &mut Transaction| {
            for keyspace in
                [Keyspace::AsyncQueue, Keyspace::AsyncNext, Keyspace::AsyncBacklog, Keyspace::AsyncAccount]
            {
                tx.delete_range(&Key::new(keyspace).range(), 10).await?;
            }
            tx.put(Key::new(Keyspace::AsyncDue).number(1_800_000_000_000).number(1).text("one"), "");
            Ok::<_, KvError>(())
        })
        .await
        .unwrap();
    let dispatching = Dispatching::start(&world);
    world.instances.wait_for(1).await;
    until_empty(&world).await;
    dispatching.stop().await;
    assert_eq!(queue_length(&world, Keyspace::AsyncDue).await, 0);
}
