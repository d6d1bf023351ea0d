use crate::fixture::World;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_function_answers_and_its_instance_is_used_again() {
    let world = World::new();
    let spec = world.node(
        "let count = 0; exports.handler = async (event) => { console.log('hello'); return { count: ++count, n: event.n }; };",
    );
    let outcome = world.invoke(&spec, r#"{"n":7}"#).await;
    assert_eq!(&outcome.payload[..], br#"{"count":1,"n":7}"#);
    assert!(outcome.metering.cold && outcome.metering.init.is_some());
    let again = world.invoke(&spec, r#"{"n":8}"#).await;
    assert_eq!(&again.payload[..], br#"{"count":2,"n":8}"#);
    assert!(!again.metering.cold);
    assert_eq!(world.result(&spec, "{}").await, json!({"count": 3}));
    world.close().await;
}
