use crate::fixture::World;
use pool::{Outcome, VersionSpec};
use serde_json::{Value, json};

/// The Runtime API spoken by bash alone.
pub const BASH: &str = r#"#!/bin/bash
set -u
count=0
while true; do
  exec 3<>/dev/tcp/127.0.0.1/9001
  printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
  id= size=0
  while IFS= read -r line <&3; do
    line=${line%$'\r'}
    [ -z "$line" ] && break
    case "${line,,}" in
      lambda-runtime-aws-request-id:*) id=${line#*: } ;;
      content-length:*) size=${line#*: } ;;
    esac
  done
  IFS= read -r -N "$size" event <&3
  exec 3>&-
  count=$((count + 1))
  echo "handling $id"
  body="{\"handler\":\"$_HANDLER\",\"count\":$count,\"event\":$event}"
  exec 3<>/dev/tcp/127.0.0.1/9001
  printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
    "$id" "${#body}" "$body" >&3
  cat <&3 >/dev/null
  exec 3>&-
done
"#;

pub fn bootstrap(world: &World, text: &str) -> VersionSpec {
    world.function("provided.al2023", "the.handler", &[("bootstrap", text)])
}

fn message(outcome: &Outcome) -> String {
    let document: Value = serde_json::from_slice(&outcome.payload).unwrap();
    document["errorMessage"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_of_bash_speaks_the_runtime_api() {
    let world = World::new();
    let spec = bootstrap(&world, BASH);
    let expected = |count: u32| json!({"handler": "the.handler", "count": count, "event": {"n": 1}});
    assert_eq!(world.result(&spec, r#"{"n":1}"#).await, expected(1));
    assert_eq!(world.result(&spec, r#"{"n":1}"#).await, expected(2));
    let outcome = world.invoke(&spec, "{}").await;
    assert!(outcome.log_tail.contains("\nhandling "), "{}", outcome.log_tail);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_may_come_in_a_layer() {
    let world = World::new();
    let mut spec = world.function("provided.al2", "h", &[("data", "")]);
    spec.layer_dirs =
        vec![world.code("layer-a", &[("bin/x", "")]), world.code("layer-b", &[("bootstrap", BASH)])];
    assert_eq!(world.result(&spec, "1").await["count"], 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_started_says_why() {
    let world = World::new();
    let missing = world.function("provided.al2023", "h", &[("other", "")]);
    let (error, outcome) = world.error(&missing, "{}").await;
    assert_eq!(error["errorType"], "Runtime.InvalidEntrypoint");
    let expected = "Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
    assert!(message(&outcome).ends_with(expected), "{error}");
    assert!(outcome.log_tail.contains("Status: error\tError Type: Runtime.InvalidEntrypoint"));
    let (error, outcome) = world.error(&bootstrap(&world, "\u{7f}ELF of another machine"), "{}").await;
    assert_eq!(error["errorType"], "Runtime.InvalidEntrypoint");
    assert!(message(&outcome).ends_with("fork/exec /var/task/bootstrap: exec format error"), "{error}");
    let (error, _) = world.error(&bootstrap(&world, "#!/nothing/here\n"), "{}").await;
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("fork/exec /var/task/bootstrap: no such file or directory"),
        "{error}"
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_that_ends_is_started_twice_and_then_given_up() {
    let world = World::new();
    let spec = bootstrap(&world, "#!/bin/sh\necho started\nexit 7\n");
    let (error, outcome) = world.error(&spec, "{}").await;
    assert_eq!(error["errorType"], "Runtime.ExitError");
    assert!(message(&outcome).ends_with("Error: Runtime exited with error: exit status 7"), "{error}");
    assert_eq!(outcome.log_tail.matches("\nstarted\n").count(), 2, "{}", outcome.log_tail);
    assert!(
        outcome.log_tail.contains(" ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n"),
        "{}",
        outcome.log_tail
    );
    world.wait_for("it is gone", |status| status.instances.is_empty()).await;
    world.close().await;
}
