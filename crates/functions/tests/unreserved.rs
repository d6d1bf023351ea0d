//! What functions that reserved nothing share follows every claim on it.

mod support;

use names::Qualifier;
use support::{World, id, invocation};

async fn unreserved(world: &World, name: &str) -> u32 {
    world.functions.invoke(invocation(name)).await.unwrap();
    world.instances.seen.borrow().last().unwrap().spec.unreserved_concurrency
}

#[tokio::test]
async fn what_is_left_is_told_with_every_invocation() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.create(name).await;
    }
    assert_eq!(unreserved(&world, "c").await, 1000);
    world.functions.put_function_concurrency(id("a"), Some(600)).await.unwrap();
    assert_eq!(unreserved(&world, "c").await, 400);
    world.functions.publish_version(id("b"), None, None, None).await.unwrap();
    world.functions.put_provisioned_concurrency(id("b"), Qualifier::Version(1), 50).await.unwrap();
    assert_eq!(unreserved(&world, "c").await, 350);
    // Neither writes a function, a version or an alias.
    world.functions.put_provisioned_concurrency(id("b"), Qualifier::Version(1), 60).await.unwrap();
    assert_eq!(unreserved(&world, "c").await, 340);
    world.functions.put_provisioned_concurrency(id("b"), Qualifier::Version(1), 50).await.unwrap();
    assert_eq!(unreserved(&world, "c").await, 350);
    let world = world.restarted();
    assert_eq!(unreserved(&world, "c").await, 350);
    world.functions.put_function_concurrency(id("a"), None).await.unwrap();
    world.functions.delete_function(id("b"), None).await.unwrap();
    assert_eq!(unreserved(&world, "c").await, 1000);
}
