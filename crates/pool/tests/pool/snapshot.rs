//! Instances that are initialised ahead and restored when they are needed.

use crate::fixture::{World, describe};
use pool::{InstanceStatus, InvokeError, Outcome, Phase, SnapshotFailure, VersionSpec};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

fn snap_start(mut spec: VersionSpec) -> VersionSpec {
    spec.version = "1".into();
    spec.snap_start = true;
    spec
}

async fn ahead(world: &World, spec: &VersionSpec) {
    world.pool.snapshot(Arc::new(spec.clone())).await.unwrap();
}

const HOOKS: &str = "
import os
from snapshot_restore_py import register_after_restore, register_before_snapshot

calls = ['load ' + os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']]

@register_before_snapshot
def first():
    calls.append('before 1')

register_before_snapshot(calls.append, 'before 2')

@register_after_restore
def after():
    calls.append('after 1')

register_after_restore(lambda text: calls.append(text), text='after 2')

def handler(event, context):
    calls.append(event)
    return calls
";

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_ready_before_its_event_and_hooks_run_around_the_wait() {
    let world = World::new();
    let spec = snap_start(world.python(HOOKS));
    ahead(&world, &spec).await;
    let instances = world.pool.status().instances;
    assert_eq!(instances.len(), 1);
    let outcome = world.invoke(&spec, "1").await;
    let expected = json!(["load snap-start", "before 2", "before 1", "after 1", "after 2", 1]);
    let calls: Value = serde_json::from_slice(&outcome.payload).unwrap();
    assert_eq!(calls, expected, "{}", describe(&outcome));
    let tail = &outcome.log_tail;
    for text in [
        "RESTORE_START Runtime Version: ",
        "RESTORE_REPORT Restore Duration: ",
        "\tRestore Duration: ",
        "\tBilled Restore Duration: ",
    ] {
        assert!(tail.contains(text), "{text} in {tail}");
    }
    assert!(!tail.contains("Init Duration: ") || tail.contains("INIT_REPORT Init Duration: "), "{tail}");
    assert!(!outcome.metering.cold, "{tail}");
    // It is an ordinary warm one now, and another one takes its place.
    let again: Value = world.result(&spec, "2").await;
    assert_eq!(again.as_array().map(Vec::len), Some(7), "{again}");
    world.wait_for("one more is ahead", |status| status.instances.len() == 2).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_waits_too_and_nothing_ahead_is_no_hindrance() {
    let world = World::new();
    let spec = snap_start(world.node(
        "const kind = process.env.AWS_LAMBDA_INITIALIZATION_TYPE; exports.handler = async () => kind;",
    ));
    // Cold: initialised and restored within the invocation.
    let outcome = world.invoke(&spec, "1").await;
    assert_eq!(&outcome.payload[..], b"\"snap-start\"", "{}", describe(&outcome));
    assert!(outcome.metering.cold && outcome.log_tail.contains("RESTORE_REPORT"), "{}", describe(&outcome));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_initialised_or_restored_says_why() {
    let world = World::new();
    let broken = snap_start(world.python("raise Exception('no good')"));
    match world.pool.snapshot(Arc::new(broken)).await {
        Err(SnapshotFailure::Code(message)) => assert!(message.contains("no good"), "{message}"),
        other => panic!("{other:?}"),
    }
    let spec = snap_start(world.python(
        "
from snapshot_restore_py import register_after_restore

@register_after_restore
def fails():
    raise Exception('not again')

def handler(event, context):
    return 1
",
    ));
    ahead(&world, &spec).await;
    assert!(matches!(world.try_invoke(&spec, "1").await, Err(InvokeError::RestoreFailed)));
    let reached = world.clock.timeout(Duration::from_secs(20), async {
        while let Some(line) = world.next_line().await {
            if line.text.ends_with("\tStatus: error\tError Type: Runtime.AfterRestoreError") {
                return;
            }
        }
    });
    assert!(reached.await.is_some(), "its log says why");
    world.close().await;
}

/// What was drawn when the code was loaded, and what is drawn now.
const DRAWS_PYTHON: &str = "
import os, random, secrets, time, uuid
def draw():
    return [str(random.random()), str(uuid.uuid4()), secrets.token_hex(8), os.urandom(8).hex()]
loaded = draw()
def handler(event, context):
    time.sleep(event)
    return loaded + draw() + [context.aws_request_id]
";
const DRAWS_NODE: &str = "
const crypto = require('crypto');
const draw = () => [String(Math.random()), crypto.randomUUID(), crypto.randomBytes(8).toString('hex')];
const loaded = draw();
exports.handler = async (event, context) => {
  await new Promise((then) => setTimeout(then, event * 1000));
  return [...loaded, ...draw(), context.awsRequestId];
};";

/// So many invocations at once, each busy for a while.
async fn burst(world: &Arc<World>, spec: &VersionSpec, count: usize) -> Vec<Outcome> {
    let calls: Vec<_> = (0..count)
        .map(|_| {
            let (world, spec) = (world.clone(), spec.clone());
            tokio::spawn(async move { world.invoke(&spec, "1").await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for call in calls {
        let outcome = call.await.unwrap();
        assert_eq!(outcome.function_error, None, "{}", describe(&outcome));
        outcomes.push(outcome);
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_restored_at_once_and_each_is_its_own() {
    for (runtime, draws) in [("python", DRAWS_PYTHON), ("node", DRAWS_NODE)] {
        let world = Arc::new(World::new());
        let spec = snap_start(match runtime {
            "python" => world.python(draws),
            _ => world.node(draws),
        });
        ahead(&world, &spec).await;
        let mut outcomes = burst(&world, &spec, 3).await;
        let waits = |status: &pool::PoolStatus| {
            let waiting = |instance: &&InstanceStatus| matches!(instance.phase, Phase::Idle | Phase::Frozen);
            status.instances.iter().filter(waiting).count() == 6
        };
        world.wait_for("as many are ahead as were needed", waits).await;
        let second = burst(&world, &spec, 6).await;
        assert!(second.iter().all(|outcome| !outcome.metering.cold), "{runtime}: one started cold");
        let restored = |outcome: &&Outcome| outcome.log_tail.contains("\tRestore Duration: ");
        assert_eq!(second.iter().filter(restored).count(), 3, "{runtime}");
        // Three of the second burst ran where the first did, so they have been loaded as those were.
        outcomes.extend(second.into_iter().filter(|outcome| restored(&outcome)));
        let drawn: Vec<String> = outcomes
            .iter()
            .flat_map(|outcome| serde_json::from_slice::<Vec<String>>(&outcome.payload).unwrap())
            .collect();
        let distinct: BTreeSet<&String> = drawn.iter().collect();
        assert_eq!(distinct.len(), drawn.len(), "{runtime}: {drawn:?}");
        Arc::into_inner(world).unwrap().close().await;
    }
}
