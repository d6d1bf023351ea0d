//! Instances that are initialised ahead and restored when they are needed.

use crate::fixture::{World, describe};
use pool::{SnapshotFailure, VersionSpec};
use serde_json::json;
use std::sync::Arc;

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
    let calls: serde_json::Value = serde_json::from_slice(&outcome.payload).unwrap();
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
    let again: serde_json::Value = world.result(&spec, "2").await;
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
    let (error, outcome) = world.error(&spec, "1").await;
    assert_eq!(error["errorType"], "Runtime.AfterRestoreError", "{}", describe(&outcome));
    assert!(
        outcome.log_tail.contains("\tStatus: error\tError Type: Runtime.AfterRestoreError\n"),
        "{}",
        outcome.log_tail
    );
    world.close().await;
}
