use crate::fixture::{World, describe, node_runtime};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_answers_and_its_instance_is_used_again() {
    let world = World::new();
    let spec = world.node(
        "let count = 0;
         exports.handler = async (event) => { console.log('hello', event.n); return { count: ++count, n: event.n }; };",
    );
    let first = world.invoke(&spec, r#"{"n":7}"#).await;
    assert_eq!(&first.payload[..], br#"{"count":1,"n":7}"#);
    assert!(first.metering.cold && first.metering.init.is_some());
    assert!(first.metering.billed >= first.metering.duration + first.metering.init.unwrap());
    assert!((1 << 20..256 << 20).contains(&first.metering.max_memory_bytes), "{:?}", first.metering);
    let again = world.invoke(&spec, r#"{"n":8}"#).await;
    assert_eq!(&again.payload[..], br#"{"count":2,"n":8}"#);
    assert!(!again.metering.cold && again.metering.init.is_none());
    assert_eq!(again.executed_version, "$LATEST");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_its_lines_in_order() {
    let world = World::new();
    let spec = world
        .node("exports.handler = async () => { console.log('a\\nb'); process.stdout.write('no newline'); };");
    let outcome = world.invoke(&spec, "{}").await;
    let lines: Vec<&str> = outcome.log_tail.lines().collect();
    let starts = [
        "INIT_START Runtime Version: node:",
        "START RequestId: ",
        "20",
        "b",
        "no newline",
        "END RequestId: ",
        "REPORT RequestId: ",
    ];
    assert_eq!(lines.len(), starts.len(), "{}", outcome.log_tail);
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line:?} should start with {start:?}");
    }
    for part in [
        "\tDuration: ",
        " ms\tBilled Duration: ",
        "\tMemory Size: 256 MB\tMax Memory Used: ",
        "\tInit Duration: ",
    ] {
        assert!(lines[6].contains(part), "{part} in {}", lines[6]);
    }
    // The same lines reached the sink, the entry of two lines as one.
    let mut seen = Vec::new();
    while !seen.iter().any(|line: &runtime::log::LogLine| line.text.starts_with("REPORT")) {
        seen.push(world.next_line().await.unwrap());
    }
    assert_eq!(seen.len(), 6);
    assert!(seen[2].text.ends_with("\tINFO\ta\nb"), "{:?}", seen[2].text);
    assert_eq!(seen[0].request_id, None);
    assert!(seen[1..].iter().all(|line| line.request_id.is_some()));
    assert!(seen[0].source.log_stream.contains("/[$LATEST]"), "{}", seen[0].source.log_stream);
    // The next tail starts anew.
    assert!(world.invoke(&spec, "{}").await.log_tail.starts_with("START RequestId: "));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn esm_and_errors_work_in_a_sandbox() {
    let world = World::new();
    let esm = world.function(
        &node_runtime(),
        "src/app.handler",
        &[("src/app.mjs", "import os from 'node:os'; export const handler = async () => os.hostname();")],
    );
    assert_eq!(world.result(&esm, "{}").await, json!("sandbox"));
    let throws = world.node("exports.handler = async () => { throw new RangeError('no'); };");
    let (error, outcome) = world.error(&throws, "{}").await;
    assert_eq!((&error["errorType"], &error["errorMessage"]), (&json!("RangeError"), &json!("no")));
    assert!(outcome.log_tail.contains("\tERROR\tInvoke Error \t{"), "{}", outcome.log_tail);
    assert!(!outcome.log_tail.contains("Status: error"), "the code's own error: {}", outcome.log_tail);
    let (_, again) = world.error(&throws, "{}").await;
    assert!(!again.metering.cold, "an error of the code does not end the instance: {}", describe(&again));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_answered_whole() {
    let world = World::new();
    let spec = world.node(
        "exports.handler = awslambda.streamifyResponse(async (event, stream) => { stream.write('a'); stream.end('b'); });",
    );
    let outcome = world.invoke(&spec, "{}").await;
    assert!(outcome.streamed && outcome.function_error.is_none());
    assert_eq!(
        (&outcome.payload[..], outcome.content_type.as_str()),
        (&b"ab"[..], "application/octet-stream")
    );
    world.close().await;
}
