use crate::fixture::World;
use pool::{InstanceSource, ProvisionFailure, Purpose, VersionSpec};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const KIND: &str = "let n = 0; exports.handler = async (event) => {
    if (event.exit) process.exit(1);
    await new Promise((resolve) => setTimeout(resolve, event.wait || 0));
    return [process.env.AWS_LAMBDA_INITIALIZATION_TYPE, ++n]; };";

fn provision(world: &World, spec: &VersionSpec, count: u32) {
    world.pool.provision(&spec.function_arn, vec![(Arc::new(spec.clone()), count)]);
}

async fn available(world: &World, spec: &VersionSpec, count: u32) {
    world
        .wait_for("provisioned", |_| {
            world.pool.provisioned(&spec.function_arn, &spec.version).available == count
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn provisioned_instances_are_there_before_the_event_and_stay() {
    let world = Arc::new(World::with(|config| config.idle_timeout = Duration::from_millis(300)));
    let spec = Arc::new(world.node(KIND));
    provision(&world, &spec, 2);
    available(&world, &spec, 2).await;
    let outcome = world.invoke(&spec, "{}").await;
    assert_eq!(&outcome.payload[..], br#"["provisioned-concurrency",1]"#);
    assert!(!outcome.metering.cold);
    assert_eq!(outcome.metering.source, InstanceSource::Provisioned);
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let (world, spec) = (world.clone(), spec.clone());
            tokio::spawn(async move {
                let outcome = world.invoke(&spec, r#"{"wait":400}"#).await;
                let answer: Value = serde_json::from_slice(&outcome.payload).unwrap();
                (answer[0].clone(), outcome.metering.source)
            })
        })
        .collect();
    let mut kinds = Vec::new();
    for call in calls {
        kinds.push(call.await.unwrap());
    }
    kinds.sort_by_key(|(kind, _)| kind.to_string());
    let provisioned = (json!("provisioned-concurrency"), InstanceSource::Provisioned);
    assert_eq!(kinds, [(json!("on-demand"), InstanceSource::Spillover), provisioned.clone(), provisioned]);
    world.wait_for("the third goes, the two stay", |status| status.instances.len() == 2).await;
    assert!(world.pool.status().instances.iter().all(|instance| instance.purpose == Purpose::Provisioned));
    Arc::into_inner(world).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_lost_is_replaced_and_fewer_are_kept_when_fewer_are_asked_for() {
    let world = World::new();
    let spec = world.node(KIND);
    provision(&world, &spec, 2);
    available(&world, &spec, 2).await;
    world.error(&spec, r#"{"exit":true}"#).await;
    available(&world, &spec, 2).await;
    provision(&world, &spec, 1);
    world.wait_for("one less", |status| status.instances.len() == 1).await;
    world.pool.drain(&spec.function_arn, Some("another version")).await;
    assert_eq!(world.pool.status().instances.len(), 1);
    world.pool.provision(&spec.function_arn, Vec::new());
    world.wait_for("none", |status| status.instances.is_empty()).await;
    let status = world.pool.provisioned(&spec.function_arn, &spec.version);
    assert_eq!((status.allocated, status.available, status.failure), (0, 0, None));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_provisioned_says_why() {
    let world = World::with(|config| config.memory_mb_max = 600);
    let broken = world.node("throw new Error('no');");
    provision(&world, &broken, 1);
    let failure = |spec: &VersionSpec| world.pool.provisioned(&spec.function_arn, &spec.version).failure;
    world.wait_for("it fails", |_| failure(&broken) == Some(ProvisionFailure::Init)).await;
    provision(&world, &broken, 0);
    let idle = world.node(KIND);
    world.invoke(&idle, "{}").await;
    let large = world.node(KIND);
    provision(&world, &large, 3);
    // The idle instance that nobody asked for makes room; two of 256 MB are all that fit.
    available(&world, &large, 2).await;
    world.wait_for("no room", |_| failure(&large) == Some(ProvisionFailure::Memory)).await;
    let status = world.pool.status();
    assert!(status.memory_mb <= 600 && status.instances.len() == 2, "{status:?}");
    world.close().await;
}
