//! Functions whose code is a WebAssembly component.

use crate::custom::BASH;
use crate::fixture::{World, describe};
use pool::{InvokeError, VersionSpec};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const COMMAND: &str = include_str!("../../../wasm/tests/guests/command.wat");
const HTTP: &str = include_str!("../../../wasm/tests/guests/http.wat");

fn component(world: &World, around: &str, guest: &str) -> VersionSpec {
    let spec = world.function("provided.al2023", "handler", &[]);
    let bytes = wat::parse_str(around.replace("GUEST", guest)).unwrap();
    std::fs::write(spec.code_dir.join("bootstrap.wasm"), bytes).unwrap();
    spec
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_reads_the_event_and_writes_the_result() {
    let world = World::new();
    let echo = component(
        &world,
        COMMAND,
        r#"(func $run (result i32) (local $len i32)
             (local.set $len (call $read (i32.const 0) (i32.const 4096)))
             (call $write (i32.const 0) (local.get $len))
             (call $log (i32.const 0) (local.get $len))
             (i32.const 0))"#,
    );
    for _ in 0..3 {
        let outcome = world.invoke(&echo, r#"{"a":1}"#).await;
        assert_eq!(outcome.payload, r#"{"a":1}"#, "{}", describe(&outcome));
        let lines: Vec<&str> = outcome.log_tail.lines().skip(1).collect();
        assert!(lines[0].starts_with("START RequestId: "), "{lines:?}");
        assert_eq!(lines[1], r#"{"a":1}"#);
        assert!(lines[2].starts_with("END RequestId: "), "{lines:?}");
        assert!(
            lines[3].contains("\tInit Duration: ") && lines[3].contains("Max Memory Used: 1 MB"),
            "{lines:?}"
        );
        let metering = outcome.metering;
        assert!(metering.cold && metering.cpu.is_some() && metering.max_memory_bytes > 0, "{metering:?}");
        assert_eq!(world.pool.status().instances, [], "nothing is kept between events");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_are_there_and_secrets_are_not() {
    let world = World::new();
    let mut spec = component(&world, COMMAND, "(func $run (result i32) (call $variables) (i32.const 0))");
    spec.environment.insert("MINE".into(), "m".into());
    let outcome = world.invoke(&spec, "{}").await;
    let text = String::from_utf8(outcome.payload.to_vec()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let variables: BTreeMap<_, _> = lines.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    assert_eq!(variables["MINE"], "m");
    assert_eq!(variables["_HANDLER"], "handler");
    assert_eq!(variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
    assert!(outcome.log_tail.contains(variables["LAMBDA_RUNTIME_AWS_REQUEST_ID"]));
    for secret in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        assert!(!variables.contains_key(secret), "{secret}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_answers_urls_and_other_events() {
    let world = World::new();
    let guest = r#"(func $handle (param $req i32) (param $out i32) (local $len i32)
        (local.set $len (call $body (local.get $req) (i32.const 0)))
        (call $respond (local.get $out) (i32.const STATUS) (i32.const 0) (local.get $len)))"#;
    let ok = component(&world, HTTP, &guest.replace("STATUS", "200"));
    let event = json!({
        "version": "2.0", "rawPath": "/x", "requestContext": { "http": { "method": "POST" } },
        "body": "hello", "isBase64Encoded": false,
    });
    let answer = world.result(&ok, &event.to_string()).await;
    assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!("hello")));
    assert_eq!(world.result(&ok, "[1, 2]").await, json!([1, 2]));
    let broken = component(&world, HTTP, &guest.replace("STATUS", "500"));
    assert_eq!(world.result(&broken, &event.to_string()).await["statusCode"], 500);
    let (error, _) = world.error(&broken, r#"{"a":1}"#).await;
    assert_eq!(error, json!({ "errorType": "HTTP500", "errorMessage": "{\"a\":1}" }));
    world.close().await;
}

async fn check_error(world: &World, spec: &VersionSpec, error_type: &str, message: &str) -> String {
    let (error, outcome) = world.error(spec, "{}").await;
    assert_eq!(error["errorType"], error_type, "{}", describe(&outcome));
    assert!(error["errorMessage"].as_str().unwrap().ends_with(message), "{error}");
    outcome.log_tail
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_told_as_of_a_process() {
    let world = World::new();
    let command = |guest: &str| component(&world, COMMAND, guest);
    let exit = "Runtime.ExitError";
    let spec = command("(func $run (result i32) unreachable)");
    let log = check_error(&world, &spec, exit, "signal: illegal instruction").await;
    assert!(log.contains("wasm `unreachable` instruction executed"), "{log}");
    let spec = command("(func $run (result i32) (call $run))");
    check_error(&world, &spec, exit, "signal: segmentation fault").await;
    let spec = command("(func $run (result i32) (i32.const 1))");
    check_error(&world, &spec, exit, "exit status 1").await;
    let spec = command(
        "(func $run (result i32) (loop $l (drop (memory.grow (i32.const 64))) (br $l)) (i32.const 0))",
    );
    let log = check_error(&world, &spec, exit, "signal: killed").await;
    assert!(log.contains("Max Memory Used: 256 MB"), "{log}");
    let spec = command(
        "(func $run (result i32) (loop $l (call $write (i32.const 0) (i32.const 4096)) (br_if $l
           (i32.lt_u (global.get $n) (i32.const 2000)) (global.set $n (i32.add (global.get $n) (i32.const 1)))))
         (i32.const 0)) (global $n (mut i32) (i32.const 0))",
    );
    check_error(&world, &spec, "Function.ResponseSizeTooLarge", "bytes).").await;
    let mut endless = command("(func $run (result i32) (loop $l (br $l)) (i32.const 0))");
    endless.timeout = Duration::from_secs(1);
    let log =
        check_error(&world, &endless, "Sandbox.Timedout", " Error: Task timed out after 1.00 seconds").await;
    assert!(log.contains("\tStatus: timeout"), "{log}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_run_is_refused_by_name() {
    let world = World::new();
    let check = async |bytes: &[u8], message: &str| {
        let spec = world.function("provided.al2023", "h", &[]);
        std::fs::write(spec.code_dir.join("bootstrap.wasm"), bytes).unwrap();
        check_error(&world, &spec, "Runtime.InvalidEntrypoint", message).await;
    };
    check(b"text", "bootstrap.wasm: it is no WebAssembly component").await;
    check(&wat::parse_str("(component)").unwrap(), "but nothing").await;
    let mut extended = component(&world, COMMAND, "(func $run (result i32) (i32.const 0))");
    extended.layer_dirs = vec![world.code("layer", &[("extensions/e", "#!/bin/sh\n")])];
    let log = check_error(&world, &extended, "Runtime.InvalidEntrypoint", "extensions in its layers").await;
    assert!(log.contains("Runtime.InvalidEntrypoint"), "{log}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_bounds_how_many_run_at_once_and_the_end_cuts_them_off() {
    let world = World::with(|config| {
        config.memory_mb_max = 256;
        config.wait_max = Duration::from_millis(50);
    });
    let endless = component(&world, COMMAND, "(func $run (result i32) (loop $l (br $l)) (i32.const 0))");
    world.pool.prepare(&endless.code_dir, &[]);
    let running = {
        let (pool, request) = (world.pool.clone(), world.request("{}"));
        let spec = std::sync::Arc::new(endless.clone());
        tokio::spawn(async move { pool.invoke(spec, request).await })
    };
    world.wait_for("it runs", |status| status.memory_mb == 256).await;
    match world.try_invoke(&endless, "{}").await {
        Err(InvokeError::Throttled(_)) => {}
        other => panic!("{other:?}"),
    }
    world.pool.shutdown(Duration::from_millis(10)).await;
    assert!(matches!(running.await.unwrap(), Err(InvokeError::Unavailable(_))));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_beside_a_component_is_what_runs() {
    let world = World::new();
    let spec = component(&world, COMMAND, "(func $run (result i32) unreachable)");
    let layer = world.code("layer", &[("bootstrap", BASH)]);
    let spec = VersionSpec { layer_dirs: vec![layer], ..spec };
    let outcome = world.invoke(&spec, "{}").await;
    let found: Result<Value, _> = serde_json::from_slice(&outcome.payload);
    assert!(outcome.function_error.is_none() && found.is_ok(), "{}", describe(&outcome));
    world.close().await;
}
