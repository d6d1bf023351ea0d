use crate::fixture::World;
use pool::{InvokeError, Phase, ThrottleReason};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const COUNTER: &str = "let n = 0; exports.handler = async (event) => {
    await new Promise((resolve) => setTimeout(resolve, event.wait || 0)); return ++n; };";

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_invocations_have_instances_of_their_own() {
    let world = Arc::new(World::new());
    let spec = Arc::new(world.node(COUNTER));
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let (world, spec) = (world.clone(), spec.clone());
            tokio::spawn(async move { world.result(&spec, r#"{"wait":300}"#).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), json!(1), "a counter of its own");
    }
    assert_eq!(world.pool.status().instances.len(), 4);
    assert_eq!(world.result(&spec, "{}").await, json!(2), "and afterwards used again");
    Arc::into_inner(world).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_instances_are_frozen_and_then_reaped() {
    let world = World::with(|config| {
        config.idle_timeout = Duration::from_millis(800);
        config.freeze_after = Duration::from_millis(20);
    });
    let ticking = "let ticks = 0; setInterval(() => ticks++, 5);
        exports.handler = async (event, context) => { const seen = ticks; ticks = 0; context.callbackWaitsForEmptyEventLoop = false; return seen; };";
    let spec = world.node(ticking);
    world.invoke(&spec, "{}").await;
    world.wait_for("frozen", |status| status.instances.iter().all(|i| i.phase == Phase::Frozen)).await;
    let frozen_since = world.clock.moment();
    world.clock.sleep(Duration::from_millis(300)).await;
    let ticks = world.result(&spec, "{}").await.as_u64().unwrap();
    assert!(ticks < 20, "{ticks} ticks while frozen for {:?}", world.clock.since(frozen_since));
    world.wait_for("reaped", |status| status.instances.is_empty()).await;
    assert_eq!(world.pool.status().memory_mb, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn room_for_the_next_start_is_made_ahead() {
    let world = World::with(|config| config.memory_mb_max = 4096);
    let specs: Vec<_> =
        (0..4).map(|_| pool::VersionSpec { memory_mb: 1024, ..world.node(COUNTER) }).collect();
    for spec in &specs {
        assert_eq!(world.result(spec, "{}").await, json!(1));
    }
    world.wait_for("room", |status| status.memory_mb == 3072).await;
    let left: Vec<_> =
        world.pool.status().instances.into_iter().map(|instance| instance.function_arn).collect();
    assert!(!left.contains(&specs[0].function_arn), "the one idle for longest goes: {left:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_concurrency_throttle_at_once() {
    let world = Arc::new(World::with(|config| config.account_concurrency = 2.into()));
    let mut spec = world.node(COUNTER);
    spec.reserved_concurrency = Some(0);
    let refused = |reason| Err(InvokeError::Throttled(reason));
    let outcome = |result: Result<pool::Outcome, InvokeError>| result.map(|_| ());
    assert_eq!(outcome(world.try_invoke(&spec, "{}").await), refused(ThrottleReason::ReservedConcurrency));
    spec.reserved_concurrency = Some(1);
    let busy = |spec: &pool::VersionSpec| {
        let (world, spec) = (world.clone(), spec.clone());
        tokio::spawn(async move { world.result(&spec, r#"{"wait":1500}"#).await })
    };
    let first = busy(&spec);
    world.wait_for("running", |status| status.running_invocations == 1).await;
    assert_eq!(outcome(world.try_invoke(&spec, "{}").await), refused(ThrottleReason::ReservedConcurrency));
    let other = world.node(COUNTER);
    let second = busy(&other);
    world.wait_for("both running", |status| status.running_invocations == 2).await;
    assert_eq!(outcome(world.try_invoke(&other, "{}").await), refused(ThrottleReason::AccountConcurrency));
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(world.result(&spec, "{}").await, json!(2));
    Arc::into_inner(world).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_given_out_in_order_and_idle_instances_make_room() {
    let world = Arc::new(World::with(|config| {
        config.memory_mb_max = 512;
        config.wait_max = Duration::from_secs(15);
    }));
    let (a, b, c) = (world.node(COUNTER), world.node(COUNTER), world.node(COUNTER));
    world.invoke(&a, "{}").await;
    world.invoke(&b, "{}").await;
    assert_eq!(world.pool.status().memory_mb, 512);
    // `a` was idle for longest.
    assert_eq!(world.result(&c, "{}").await, json!(1));
    assert_eq!(world.result(&b, "{}").await, json!(2));
    assert_eq!(world.result(&a, "{}").await, json!(1));
    let mut large = world.node(COUNTER);
    large.memory_mb = 513;
    assert!(matches!(world.try_invoke(&large, "{}").await, Err(InvokeError::Unavailable(_))));
    // More at once than there is memory for: they take turns.
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (world, spec) = (world.clone(), a.clone());
            tokio::spawn(async move { world.result(&spec, r#"{"wait":50}"#).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert!(world.pool.status().memory_mb <= 512);
    Arc::into_inner(world).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_memory_is_bounded() {
    let world = Arc::new(World::with(|config| {
        config.memory_mb_max = 256;
        config.wait_max = Duration::from_millis(200);
        config.waiting_max = 1;
    }));
    let spec = world.node(COUNTER);
    let busy = {
        let (world, spec) = (world.clone(), spec.clone());
        tokio::spawn(async move { world.result(&spec, r#"{"wait":2500}"#).await })
    };
    world.wait_for("busy", |status| status.instances.iter().any(|i| i.phase == Phase::Busy)).await;
    let refused = Err(InvokeError::Throttled(ThrottleReason::MachineMemory));
    assert_eq!(world.try_invoke(&spec, "{}").await.map(|_| ()), refused);
    busy.await.unwrap();
    Arc::into_inner(world).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_function_gets_new_instances() {
    let world = World::new();
    let mut spec = world.node(COUNTER);
    assert_eq!(world.result(&spec, "{}").await, json!(1));
    spec.revision = "2".into();
    assert_eq!(world.result(&spec, "{}").await, json!(1), "another revision, another instance");
    world.wait_for("the old one is gone", |status| status.instances.len() == 1).await;
    world.pool.drain(&spec.function_arn, None).await;
    world.pool.drained(&spec.function_arn).await;
    assert_eq!(world.pool.status().instances, []);
    let running = {
        let (pool, spec, request) =
            (world.pool.clone(), Arc::new(spec.clone()), world.request(r#"{"wait":500}"#));
        tokio::spawn(async move { pool.invoke(spec, request).await })
    };
    world.wait_for("busy", |status| status.instances.iter().any(|i| i.phase == Phase::Busy)).await;
    world.pool.drain(&spec.function_arn, None).await;
    assert_eq!(&running.await.unwrap().unwrap().payload[..], b"1", "a running invocation ends in peace");
    world.pool.drained(&spec.function_arn).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_hangs_up_does_not_stop_the_function() {
    let world = World::new();
    let spec = Arc::new(world.node(COUNTER));
    world.result(&spec, "{}").await;
    let call = world.pool.invoke(spec.clone(), world.request(r#"{"wait":300}"#));
    assert!(world.clock.timeout(Duration::from_millis(50), call).await.is_none());
    world.wait_for("it ends", |status| status.running_invocations == 0).await;
    assert_eq!(world.result(&spec, "{}").await, json!(3));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_lets_the_quick_end_and_cuts_off_the_slow() {
    let world = World::new();
    let spec = Arc::new(world.node(COUNTER));
    let call = |payload: &str| {
        let (pool, spec, request) = (world.pool.clone(), spec.clone(), world.request(payload));
        tokio::spawn(async move { pool.invoke(spec, request).await })
    };
    let (quick, slow) = (call(r#"{"wait":400}"#), call(r#"{"wait":15000}"#));
    world
        .wait_for("both run", |status| {
            status.instances.iter().filter(|i| i.phase == Phase::Busy).count() == 2
        })
        .await;
    let before = world.clock.moment();
    world.pool.shutdown(Duration::from_secs(2)).await;
    assert!(world.clock.since(before) < Duration::from_secs(8));
    let answer: Value = serde_json::from_slice(&quick.await.unwrap().unwrap().payload).unwrap();
    assert_eq!(answer, json!(1));
    assert!(matches!(slow.await.unwrap(), Err(InvokeError::Unavailable(_))));
    assert!(matches!(world.try_invoke(&spec, "{}").await, Err(InvokeError::Unavailable(_))));
    world.close().await;
}
